"""An answer that lasts: pieces of bytes to one client until it leaves, or takes nothing any more.

What the pieces are is the affair of `sse`.
"""

import asyncio
import contextlib
import weakref
from collections.abc import AsyncGenerator

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from chassis.gate import Place

_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}

_log = structlog.get_logger("chassis.sse")


class Stream(Response):
    """Sends pieces as they come; ends when the client leaves or takes nothing for too long.

    `place` is given back in every ending, and when the stream is thrown away before it began.
    """

    media_type = "text/event-stream"

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], write_seconds: float, place: Place
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._pieces = pieces
        self._write_seconds = write_seconds
        self._place = place
        weakref.finalize(self, place.leave).atexit = False

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._serve(receive, send)
        finally:
            self._place.leave()

    async def _serve(self, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        sending = asyncio.create_task(self._send_all(send))
        leaving = asyncio.create_task(_client_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if not sending.cancelled() and (problem := sending.exception()) is not None:
            if isinstance(problem, TimeoutError):
                _log.info("sse.reader_stuck", seconds=self._write_seconds)
                return
            raise problem

    async def _send_all(self, send: Send) -> None:
        async with contextlib.aclosing(self._pieces) as pieces:
            async for piece in pieces:
                async with asyncio.timeout(self._write_seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
