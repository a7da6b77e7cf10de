"""A stream that has caught up keeps its connection and its place, and nothing of its request."""

import asyncio
import gc
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from chassis import metrics
from chassis.auth import PUBLIC
from chassis.changes import Change
from chassis.health import Health
from chassis.http import Router, create_app
from chassis.limits import Limits
from chassis.settings import ServiceSettings
from chassis.sse import Hub
from chassis.wire import BoundedHttp
from tests.chassis_edge.test_sse import Journal, eventually, running

GET = b"GET /stream HTTP/1.1\r\nhost: test\r\n"
POSITIONS = re.compile(rb"id: (\d+)\nevent: change\n")
END = b"0\r\n\r\n"


class Client:
    """One connection, and what came over it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.said = b""

    async def until(self, text: bytes) -> bytes:
        """Everything up to this text, or to the end of the connection."""
        async with asyncio.timeout(10):
            while text not in self.said and (piece := await self.reader.read(1_000_000)):
                self.said += piece
        before, found, self.said = self.said.partition(text)
        return before + found

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        return await self.until(b"\0never said")


@dataclass
class Served:
    """A hub behind a real server."""

    hub: Hub
    server: uvicorn.Server
    journal: Journal
    port: int

    @property
    def is_held(self) -> bool:
        """Whether there are streams, and no request is under way."""
        streams = self.hub._everyone()
        lines = bool(streams) and all(one.line is not None for one in streams)
        return lines and not self.server.server_state.tasks

    @asynccontextmanager
    async def asked(self, request: bytes = GET + b"\r\n") -> AsyncIterator[Client]:
        """A client that sent this."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=1024))
        client.writer.write(request)
        try:
            yield client
        finally:
            client.writer.close()

    def tell(self, data: bytes = b"{}") -> None:
        """One more change."""
        self.journal.rows.append(Change(len(self.journal.rows) + 1, frozenset(), data))
        self.hub.wake()


@pytest.fixture
def serve(settings: ServiceSettings) -> Callable[[Limits], object]:
    @asynccontextmanager
    async def served(limits: Limits) -> AsyncIterator[Served]:
        journal = Journal()
        async with running(journal, limits) as hub:
            router = Router()

            @router.stream("/stream", allow=PUBLIC)
            async def stream(request: Request) -> Response:
                return await hub.response(request)

            app = create_app("Streams", [router], settings, health=Health())
            config = uvicorn.Config(
                app,
                port=0,
                http=BoundedHttp,
                log_config=None,
                lifespan="off",
                timeout_graceful_shutdown=5,
            )
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve())
            await eventually(lambda: server.started)
            port = server.servers[0].sockets[0].getsockname()[1]
            yield Served(hub, server, journal, port)
            hub.stop()
            server.should_exit = True
            async with asyncio.timeout(4):  # less than the server would wait for a stream
                await serving

    return served


Serve = Callable[..., object]


@pytest.fixture
async def served(serve: Serve) -> AsyncIterator[Served]:
    async with serve(Limits(poll=60, subscribers=2)) as found:  # type: ignore[attr-defined] # a context manager
        yield found


async def test_nothing_of_the_request_stays_and_what_happens_comes(served: Served) -> None:
    counted = metrics.HTTP_REQUESTS("GET", "/stream", "200")._value
    before = counted.get()
    async with served.asked() as client:
        await eventually(lambda: served.is_held)
        assert counted.get() == before + 1
        gc.collect()
        alive = [type(one) for one in gc.get_objects()]
        assert not {RequestResponseCycle, BoundedHttp, Request} & set(alive)
        for _ in range(3):
            served.tell()
            await client.until(b"data: {}\n\n")
    await eventually(lambda: served.hub._open == 0)
    assert served.hub._everyone() == []
    assert not served.server.server_state.connections


async def test_held_streams_count_against_the_limit_until_they_leave(served: Served) -> None:
    async with served.asked() as first, served.asked() as second:
        for client in (first, second):
            await client.until(b"retry: ")
        await eventually(lambda: served.is_held)
        async with served.asked() as third:
            assert (await third.until(b"\r\n")).startswith(b"HTTP/1.1 503 ")
        first.writer.close()
        await eventually(lambda: served.hub._open == 1)
        async with served.asked() as third:
            assert (await third.until(b"\r\n")).startswith(b"HTTP/1.1 200 ")


async def test_pings_keep_a_held_stream_open_until_its_age_and_its_connection_goes_on(
    serve: Serve,
) -> None:
    async with serve(Limits(poll=60, ping=0.02, age=0.3)) as served, served.asked() as client:  # type: ignore[attr-defined] # a context manager
        for _ in range(2):
            answer = await client.until(END)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert b"\r\n: ping\n\n\r\n" in answer
            assert (served.hub._open, served.hub._everyone()) == (0, [])
            client.writer.write(GET + b"\r\n")
        client.writer.write(b"\r\n")


async def test_a_request_behind_a_stream_is_answered_after_it(served: Served) -> None:
    async with served.asked() as client:
        await client.until(b"retry: ")
        await eventually(lambda: served.is_held)
        client.writer.write(b"GET /livez HTTP/1.1\r\nhost: test\r\n")
        client.writer.write(b"connection: close\r\n\r\n")
        await eventually(lambda: any(one.line._rest for one in served.hub._everyone()))  # type: ignore[union-attr] # as it is held
        served.tell()
        assert b"HTTP/1.1" not in await client.until(b"data: {}\n\n")
        served.hub.stop()
        assert (await client.until(END)).endswith(END)
        assert (await client.rest()).startswith(b"HTTP/1.1 200 ")


async def test_a_request_that_has_begun_behind_it_keeps_a_stream_with_its_task(
    served: Served,
) -> None:
    async with served.asked(GET + b"\r\nGET /livez HTTP/1.1\r\n") as client:
        await client.until(b"retry: ")
        await eventually(lambda: any(one.woken.is_waited_for for one in served.hub._everyone()))
        served.tell()
        await client.until(b"data: {}\n\n")
        client.writer.write(b"host: test\r\nconnection: close\r\n\r\n")
        served.hub.stop()
        await client.until(END)
        assert (await client.rest()).startswith(b"HTTP/1.1 200 ")


async def test_a_client_that_wants_its_connection_closed_gets_that(served: Served) -> None:
    async with served.asked(GET + b"connection: close\r\n\r\n") as client:
        await client.until(b"retry: ")
        await eventually(lambda: served.is_held)
        served.hub.stop()
        assert (await client.rest()).endswith(END)


async def _told_first(served: Served) -> None:
    served.hub.stop()
    served.server.should_exit = True


async def _server_first(served: Served) -> None:
    served.server.should_exit = True
    held = served.server.server_state.connections
    await eventually(lambda: all(not one._keeps_alive for one in held))  # type: ignore[union-attr] # as it is held
    served.hub.stop()


@pytest.mark.parametrize("stop", [_told_first, _server_first])
async def test_held_streams_end_whole_when_the_server_stops(
    served: Served, stop: Callable[[Served], Awaitable[None]]
) -> None:
    async with served.asked() as client:
        await client.until(b"retry: ")
        await eventually(lambda: served.is_held)
        await stop(served)
        assert (await client.rest()).endswith(END)
    await eventually(lambda: served.hub._open == 0)


async def test_a_slow_reader_gets_what_it_was_told_before_and_then_a_snapshot(
    serve: Serve,
) -> None:
    async with serve(Limits(poll=60, queue_changes=3)) as served, served.asked() as client:  # type: ignore[attr-defined] # a context manager
        await eventually(lambda: served.is_held)
        (subscriber,) = served.hub._everyone()
        for _ in range(200):  # far more than the system's own buffers hold
            if subscriber.too_slow:
                break
            served.tell(b"x" * 1_000_000)
            await eventually(lambda: served.hub._head == len(served.journal.rows))
        assert subscriber.too_slow
        answer = await client.until(END)
        assert b'event: snapshot\ndata: {"reason":"too slow"}' in answer
        came = [int(found) for found in POSITIONS.findall(answer)]
        assert came == list(range(1, len(came) + 1))
        assert served.hub._open == 0


async def test_a_reader_that_was_behind_goes_on_with_the_next_change(serve: Serve) -> None:
    async with serve(Limits(poll=60)) as served, served.asked() as client:  # type: ignore[attr-defined] # a context manager
        await eventually(lambda: served.is_held)
        (subscriber,) = served.hub._everyone()
        while not subscriber.queue:
            served.tell(b"x" * 1_000_000)
            await eventually(lambda: served.hub._head == len(served.journal.rows))
        served.tell(b"last")
        answer = await client.until(b"data: last\n\n")
        came = [int(found) for found in POSITIONS.findall(answer)]
        assert came == list(range(1, len(served.journal.rows) + 1))
        assert not subscriber.queue


async def test_a_reader_that_takes_nothing_more_is_cut_off(serve: Serve) -> None:
    async with serve(Limits(poll=60, ping=0.05, write=0.2)) as served, served.asked() as client:  # type: ignore[attr-defined] # a context manager
        await eventually(lambda: served.is_held)
        before = metrics.HTTP_CUT("answer")._value.get()
        served.tell(b"x" * 50_000_000)
        await eventually(lambda: served.hub._everyone() == [])
        assert metrics.HTTP_CUT("answer")._value.get() == before + 1
        assert served.hub._open == 0
        assert not client.reader.at_eof()
