"""Connections are taken as they come, however long the turns of the event loop are."""

import asyncio
import errno
import resource
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import uvloop

from chassis import serving
from chassis.metric import REGISTRY
from chassis.serving import Listener

RUSH = 200


class Greeting(asyncio.Protocol):
    """Says hello; `open` holds the transports."""

    def __init__(self, opened: set[asyncio.BaseTransport]) -> None:
        self._opened = opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._opened.add(transport)
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"hello")


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Listener, int, set[asyncio.BaseTransport]]]:
    opened: set[asyncio.BaseTransport] = set()
    sock = socket.create_server(("127.0.0.1", 0), backlog=RUSH)
    port = sock.getsockname()[1]
    listener = Listener(sock, lambda: Greeting(opened), lambda: len(opened))
    try:
        yield listener, port, opened
    finally:
        listener.close()
        await listener.wait_closed()
        for transport in opened:
            transport.close()


def begun(port: int) -> socket.socket:
    caller = socket.socket()
    caller.setblocking(False)
    caller.connect_ex(("127.0.0.1", port))
    return caller


async def a_rush() -> None:
    async with listening() as (_, port, opened):
        callers = [begun(port) for _ in range(RUSH)]
        try:
            for _ in range(10):  # turns of the loop, in which one each would be ten
                await asyncio.sleep(0)
            assert len(opened) == RUSH
        finally:
            for caller in callers:
                caller.close()


def test_all_that_wait_are_taken_in_one_turn() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(a_rush())


async def greeted(port: int) -> bytes:
    """What a caller hears before the connection ends or falls silent."""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            return await reader.read(5)
        except ConnectionResetError:
            return b""
        finally:
            writer.close()


async def test_connections_leave_files_to_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = (serving.SPARE_FILES + 2, serving.SPARE_FILES + 2)
    monkeypatch.setattr(resource, "getrlimit", lambda _: allowed)
    before = REGISTRY.get_sample_value("loket_http_rejected_total") or 0
    async with listening() as (_, port, _):
        assert [await greeted(port) for _ in range(3)] == [b"hello", b"hello", b""]
    assert REGISTRY.get_sample_value("loket_http_rejected_total") == before + 1


class Exhausted:
    """A socket whose next `accept` finds no file left."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self.refusals = sock, 1
        self.fileno: Callable[[], int] = sock.fileno
        self.settimeout = sock.settimeout
        self.close = sock.close

    def accept(self) -> tuple[socket.socket, object]:
        if self.refusals:
            self.refusals -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return self._sock.accept()


async def test_when_no_file_is_left_callers_wait_a_moment() -> None:
    sock = Exhausted(socket.create_server(("127.0.0.1", 0)))
    port = sock._sock.getsockname()[1]
    opened: set[asyncio.BaseTransport] = set()
    listener = Listener(sock, lambda: Greeting(opened), lambda: 0)  # type: ignore[arg-type] # stands for one
    try:
        assert await greeted(port) == b"hello"
        assert sock.refusals == 0
    finally:
        listener.close()
        await listener.wait_closed()
        for transport in opened:
            transport.close()
