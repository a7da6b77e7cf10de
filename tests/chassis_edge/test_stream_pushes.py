"""What happens is written straight to the connections of waiting streams: still once, in order."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response

from chassis import metrics
from chassis.auth import PUBLIC
from chassis.changes import Change, Subscriber
from chassis.health import Health
from chassis.http import Router, create_app
from chassis.limits import Limits
from chassis.settings import ServiceSettings
from chassis.sse import Hub
from chassis.wire import BoundedHttp
from tests.chassis_edge.test_sse import Journal, eventually, running

POSITIONS = re.compile(rb"id: (\d+)\nevent: change\n")


class Connection:
    """A stream that is held, with a line that takes one chunk in `takes`; 0: none is held."""

    def __init__(self, hub: Hub, *, takes: int = 1, key: str | None = None) -> None:
        self.positions: list[int] = []
        self.pushed: list[bytes] = []
        self.has_ended = self.is_full = False
        self._hub = hub
        self._takes = takes
        self._asked = 0
        self._subscriber: Subscriber | None = None
        self.task = asyncio.create_task(self._read(hub, key))

    def push(self, chunk: bytes) -> bool:
        self._asked += 1
        if self.is_full or self._asked % self._takes:
            asyncio.get_running_loop().call_soon(self._may_write)
            return False
        size, _, rest = chunk.partition(b"\r\n")
        assert (len(rest), rest[-2:]) == (int(size, 16) + 2, b"\r\n")
        self.pushed.append(chunk)
        self._note(chunk)
        return True

    def finish(self) -> None:
        self.has_ended = True

    def unsent_seconds(self) -> float:
        return 0.0

    def abort(self) -> None:
        raise AssertionError("nothing was stuck")

    def leave(self) -> None:
        if self._subscriber is not None and not self.has_ended:
            self._subscriber.left()

    def _may_write(self) -> None:
        if self._subscriber is not None and not self.has_ended:
            self._subscriber.may_write()

    def _hold(self, subscriber: Subscriber) -> bool:
        if not self._takes:
            return False
        self._subscriber = subscriber
        return self._hub._hold(lambda _: self, self._hub._enter(), subscriber)

    async def _read(self, hub: Hub, key: str | None) -> None:
        async for piece in hub.frames(0, key, self._hold):
            self._note(piece)

    def _note(self, piece: bytes) -> None:
        self.positions += [int(found) for found in POSITIONS.findall(piece)]


def is_waiting(subscriber: Subscriber) -> bool:
    """Whether it has all there is, and waits for more."""
    return subscriber.line is not None or subscriber.woken.is_waited_for


@asynccontextmanager
async def listening(journal: Journal, hub: Hub, connection: Connection) -> AsyncIterator[None]:
    await eventually(lambda: any(is_waiting(one) for one in hub._everyone()))
    try:
        yield
    finally:
        connection.leave()
        connection.task.cancel()
        await asyncio.gather(connection.task, return_exceptions=True)
    assert hub._everyone() == []


@pytest.fixture
def journal() -> Journal:
    return Journal()


async def test_changes_of_one_look_are_pushed_as_one_chunk_and_counted(journal: Journal) -> None:
    limits = Limits(poll=60)
    async with running(journal, limits) as hub:
        connection = Connection(hub)
        async with listening(journal, hub, connection):
            before = metrics.SSE_SENT("test")._value.get()
            for _ in range(3):
                journal.add()
            hub.wake()
            await eventually(lambda: bool(connection.positions))
            assert connection.positions == [1, 2, 3]
            assert len(connection.pushed) == 1
            assert metrics.SSE_SENT("test")._value.get() == before + 3


@pytest.mark.parametrize("takes", [0, 1, 2, 3])
async def test_pushed_or_not_every_change_comes_once_and_in_order(
    journal: Journal, takes: int
) -> None:
    async with running(journal, Limits(poll=0.01, page_rows=7, queue_changes=1000)) as hub:
        connection = Connection(hub, takes=takes)
        async with listening(journal, hub, connection):
            for number in range(600):
                journal.add()
                hub.wake()
                await asyncio.sleep(0 if number % 5 else 0.001)
            await eventually(lambda: len(connection.positions) >= 600)
            assert connection.positions == list(range(1, 601))
            assert bool(connection.pushed) == bool(takes)


async def test_a_stream_of_one_key_is_pushed_nothing_else(journal: Journal) -> None:
    async with running(journal) as hub:
        connection = Connection(hub, key="a")
        async with listening(journal, hub, connection):
            for key in ("b", "a", "b", "a"):
                journal.add(key)
            hub.wake()
            await eventually(lambda: len(connection.positions) == 2)
            assert connection.positions == [2, 4]


async def test_nothing_is_pushed_past_what_waits_to_be_sent(journal: Journal) -> None:
    async with running(journal, Limits(poll=60)) as hub:
        connection = Connection(hub)
        async with listening(journal, hub, connection):
            (subscriber,) = hub._everyone()
            connection.is_full = True
            hub._offer(subscriber, [Change(1, frozenset(), b"{}")])
            connection.is_full = False
            assert not subscriber.takes(2, b"0\r\n\r\n")
            subscriber.may_write()
            assert connection.positions == [1]


async def test_a_connection_that_takes_nothing_is_given_up_not_filled(
    journal: Journal, settings: ServiceSettings
) -> None:
    async with running(journal, Limits(poll=60, queue_changes=5)) as hub:
        router = Router()

        @router.stream("/stream", allow=PUBLIC)
        async def stream(request: Request) -> Response:
            return await hub.response(request)

        app = create_app("Streams", [router], settings, health=Health())
        config = uvicorn.Config(app, port=0, http=BoundedHttp, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        await eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /stream HTTP/1.1\r\nhost: test\r\n\r\n")
        await eventually(lambda: any(is_waiting(one) for one in hub._everyone()))
        dropped = metrics.SSE_DROPPED("test")._value.get()
        for _ in range(200):  # far more than the system's own buffers hold
            if metrics.SSE_DROPPED("test")._value.get() > dropped:
                break
            journal.rows.append(Change(len(journal.rows) + 1, frozenset(), b"x" * 1_000_000))
            hub.wake()
            await eventually(lambda: hub._head == len(journal.rows))
        assert metrics.SSE_DROPPED("test")._value.get() == dropped + 1
        writer.close()
        await eventually(lambda: hub._everyone() == [])
        assert not reader.at_eof()
        server.should_exit = True
        await asyncio.wait_for(serving, 5)
