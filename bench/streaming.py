"""Two servers of event streams: our application with its hub, and the barest that could do it.

`python -m bench.streaming ours` prints its port, sends one change to all its streams for each line
that it reads, and ends with its input. The read model behind ours is a list in memory.
"""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import uvicorn
import uvloop
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import override

from chassis.auth import PUBLIC
from chassis.changes import Change
from chassis.collector import collect_rarely
from chassis.health import Health
from chassis.http import Router, create_app
from chassis.settings import ServiceSettings
from chassis.sse import Hub
from chassis.wire import BoundedHttp
from local import paths

PATH = "/v1/stream"
_END_SECONDS = 20
HOST = "127.0.0.1"
_TEXT = "x" * 640
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\n\r\n"
Publish = Callable[[Change], None]


def change_at(position: int) -> Change:
    """A change of the size that changes have, about 700 bytes."""
    return Change(
        position, frozenset(), b'{"position":%d,"text":"%s"}' % (position, _TEXT.encode())
    )


@contextlib.asynccontextmanager
async def ours(listening: socket.socket) -> AsyncIterator[Publish]:
    """The application, the hub and the web server, set up as a service sets them up."""
    written: list[Change] = []

    async def since(after: int, limit: int, _key: str | None) -> Sequence[Change]:
        return written[after : after + limit]

    async def latest() -> int:
        return len(written)

    hub = Hub("bench", since, latest)
    config = uvicorn.Config(
        create_app("Bench", [_router(hub)], _settings(), health=Health()),
        http=BoundedHttp,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    collect_rarely()
    server = uvicorn.Server(config)
    tasks = [asyncio.create_task(server.serve([listening])), asyncio.create_task(hub.run())]

    def publish(change: Change) -> None:
        written.append(change)
        hub.wake()

    try:
        yield publish
    finally:
        hub.stop()
        server.should_exit = True
        await asyncio.gather(*tasks)


def _router(hub: Hub) -> Router:
    router = Router()

    @router.stream(PATH, allow=PUBLIC)
    async def stream(request: Request) -> Response:
        return await hub.response(request)

    return router


def _settings() -> ServiceSettings:
    """There is no database, no Kafka and no token; all readers have one address."""
    nowhere = {"database_url": "postgresql+asyncpg://none", "kafka_bootstrap": "127.0.0.1:1"}
    issuer = "http://127.0.0.1:1"
    return ServiceSettings.model_validate(
        {
            **nowhere,
            "jwks_url": f"{issuer}/jwks.json",
            "token_issuer": issuer,
            "address_rate": 0,
        }
    )


@contextlib.asynccontextmanager
async def bare(listening: socket.socket) -> AsyncIterator[Publish]:
    """A protocol that answers any request with a stream, and one write per stream and change."""
    streams: set[asyncio.WriteTransport] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Bare(streams), sock=listening, backlog=2048
    )

    def publish(change: Change) -> None:
        for stream in streams:
            stream.write(change.frame)

    try:
        yield publish
    finally:
        server.close()
        for stream in tuple(streams):
            stream.close()


class _Bare(asyncio.Protocol):
    """One connection, which is one stream."""

    def __init__(self, streams: set[asyncio.WriteTransport]) -> None:
        self._streams = streams

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # of a TCP server

    @override
    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(_HEAD + b"retry: 1000\n\n")
            self._streams.add(self._transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._streams.discard(self._transport)


SERVERS = {"ours": ours, "bare": bare}


async def _serve(name: str) -> None:
    listening = socket.create_server((HOST, 0))
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with SERVERS[name](listening) as publish:
        print(listening.getsockname()[1], flush=True)
        position = 0
        while await lines.readline():
            position += 1
            publish(change_at(position))


@dataclass
class Child:
    """One of the two as a process of its own; `published` are the changes that it was told of."""

    port: int
    process: "subprocess.Popen[bytes]"
    published: int = 0

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def publish(self) -> None:
        """One more change for everybody."""
        assert self.process.stdin is not None  # noqa: S101 - it was opened so
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        self.published += 1


@contextlib.contextmanager
def started(name: str) -> Iterator[Child]:
    """Run one of the two for as long as the block does. Raises RuntimeError when it does not."""
    with subprocess.Popen(  # noqa: S603 - the command is ours
        [sys.executable, "-m", "bench.streaming", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=paths.REPOSITORY,
        bufsize=0,
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - it was opened so
            said = process.stdout.readline()
            if not said.strip().isdigit():
                raise RuntimeError(f"the server {name!r} of the benchmark did not start")
            yield Child(int(said), process)
            assert process.stdin is not None  # noqa: S101 - as above
            process.stdin.close()
            process.wait(_END_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()


if __name__ == "__main__":
    # The bare one stands on the standard library alone.
    (asyncio.run if sys.argv[1] == "bare" else uvloop.run)(_serve(sys.argv[1]))
