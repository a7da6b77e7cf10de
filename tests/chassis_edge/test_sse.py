"""Streams: resume without gap or repeat, shared bytes, and no patience with slow readers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response

from chassis import metrics
from chassis.auth import PUBLIC
from chassis.changes import Change
from chassis.errors import Malformed, Unavailable
from chassis.health import Health
from chassis.http import Router, create_app
from chassis.limits import Limits
from chassis.settings import ServiceSettings
from chassis.sse import Hub

QUICK = Limits(poll=0.01, ping=5.0, page_rows=10, queue_changes=50)


async def eventually(is_so: Callable[[], bool]) -> None:
    """Wait, for five seconds at most, until something is so."""
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - the condition is about plain state, not an event
            await asyncio.sleep(0.002)


class Journal:
    """A read model of changes in memory; counts how often it is asked."""

    def __init__(self) -> None:
        self.rows: list[Change] = []
        self.asked = 0
        self.is_away = False
        self.hold: asyncio.Event | None = None
        self.looks_before_hold = 0

    def add(self, *keys: str) -> None:
        position = len(self.rows) + 1
        self.rows.append(Change(position, frozenset(keys), b'{"n":%d}' % position))

    async def since(self, after: int, limit: int, key: str | None) -> Sequence[Change]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise ConnectionError
        found = [row for row in self.rows[after:] if key is None or key in row.keys]
        return found[:limit]

    async def latest(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        found = len(self.rows)
        if self.hold is not None and self.looks_before_hold == 0:
            hold, self.hold = self.hold, None
            await hold.wait()
        self.looks_before_hold = max(0, self.looks_before_hold - 1)
        return found


@pytest.fixture
def journal() -> Journal:
    return Journal()


@asynccontextmanager
async def running(journal: Journal, limits: Limits = QUICK) -> AsyncIterator[Hub]:
    hub = Hub("test", journal.since, journal.latest, limits)
    task = asyncio.create_task(hub.run())
    await eventually(lambda: hub._head is not None)
    try:
        yield hub
    finally:
        hub.stop()
        async with asyncio.timeout(5):
            await task


class Reader:
    """Reads one stream in the background and remembers the positions that came."""

    def __init__(self, hub: Hub, after: int, key: str | None = None) -> None:
        self.positions: list[int] = []
        self.events: list[str] = []
        self.task = asyncio.create_task(self._read(hub, after, key))

    async def _read(self, hub: Hub, after: int, key: str | None) -> None:
        async for piece in hub.frames(after, key):
            for frame in piece.decode().split("\n\n"):
                fields = dict(line.split(": ", 1) for line in frame.splitlines() if ": " in line)
                if "event" in fields:
                    self.events.append(fields["event"])
                if fields.get("event") == "change":
                    self.positions.append(int(fields["id"]))

    async def leave(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


async def test_a_stream_continues_where_its_reader_stopped(journal: Journal) -> None:
    for _ in range(35):
        journal.add()
    async with running(journal) as hub:
        reader = Reader(hub, after=12)
        await eventually(lambda: len(reader.positions) == 23)
        journal.add()
        hub.wake()
        await eventually(lambda: len(reader.positions) == 24)
        assert reader.positions == list(range(13, 37))


async def test_no_change_is_missed_or_repeated_while_writing_and_reconnecting(
    journal: Journal,
) -> None:
    async with running(journal) as hub:
        seen: list[int] = []

        async def write() -> None:
            for _ in range(1000):
                journal.add()
                hub.wake()
                await asyncio.sleep(0)

        writing = asyncio.create_task(write())
        while len(seen) < 1000:
            reader = Reader(hub, after=seen[-1] if seen else 0)
            wanted = min(97, 1000 - len(seen))
            await eventually(lambda: len(reader.positions) >= wanted)  # noqa: B023 - awaited at once
            await reader.leave()
            seen += reader.positions
        await writing
        assert seen == list(range(1, 1001))


async def test_many_readers_meet_the_tail_from_anywhere(journal: Journal) -> None:
    async with running(journal, Limits(poll=0.01, page_rows=7, queue_changes=1000)) as hub:
        readers = []
        for number in range(200):
            journal.add()
            if number % 10 == 0:
                readers.append((number // 2, Reader(hub, after=number // 2)))
                await asyncio.sleep(0)
        await eventually(lambda: all(one.positions[-1:] == [200] for _, one in readers))
        for after, reader in readers:
            assert reader.positions == list(range(after + 1, 201))


async def test_what_happens_between_catching_up_and_listening_is_not_missed(
    journal: Journal,
) -> None:
    for _ in range(3):
        journal.add()
    async with running(journal) as hub:
        other = Reader(hub, after=0)  # because of it the poller hands out and moves on
        stream = hub.frames(0)
        assert (await anext(stream)).startswith(b"retry: ")
        assert (await anext(stream)).count(b"event: change") == 3
        for _ in range(25):  # more than two pages, while the stream stands still
            journal.add()
        hub.wake()
        await eventually(lambda: hub._head == 28)
        pieces = b""
        while pieces.count(b"event: change") < 25:
            pieces += await asyncio.wait_for(anext(stream), 5)
        assert pieces == b"".join(row.frame for row in journal.rows[3:])
        await other.leave()


@pytest.mark.parametrize("look", [0, 1])
async def test_what_happens_while_the_first_reader_asks_where_we_are_reaches_it_once(
    journal: Journal, look: int
) -> None:
    async with running(journal, Limits(poll=60)) as hub:
        hold = journal.hold = asyncio.Event()
        journal.looks_before_hold = look
        reader = Reader(hub, after=0)
        await eventually(lambda: journal.hold is None)  # it is asking now
        journal.add()
        hub.wake()
        hold.set()
        await eventually(lambda: reader.positions == [1])
        journal.add()
        hub.wake()
        await eventually(lambda: reader.positions == [1, 2])


async def test_who_begins_now_beside_others_misses_nothing_and_asks_nothing(
    journal: Journal,
) -> None:
    journal.add()
    async with running(journal, Limits(poll=60)) as hub:
        first = Reader(hub, after=1)
        await eventually(lambda: len(hub._everyone()) == 1)
        asked = journal.asked
        stream = hub.frames(1)
        assert (await anext(stream)).startswith(b"retry: ")
        coming = asyncio.ensure_future(anext(stream))
        await eventually(lambda: len(hub._everyone()) == 2)
        await eventually(lambda: not hub._woken.is_set())
        assert journal.asked <= asked + 2  # the hub's own looks
        journal.add()
        hub.wake()
        assert await asyncio.wait_for(coming, 5) == journal.rows[1].frame
        await stream.aclose()
        await eventually(lambda: first.positions == [2])


async def test_with_nobody_listening_nothing_is_asked(journal: Journal) -> None:
    async with running(journal, Limits(poll=60)) as hub:
        asked = journal.asked
        for _ in range(5):
            journal.add()
            hub.wake()
            await eventually(lambda: not hub._woken.is_set())
        assert journal.asked == asked
        reader = Reader(hub, after=5)
        await eventually(lambda: len(hub._everyone()) == 1)
        journal.add()
        hub.wake()
        await eventually(lambda: reader.positions == [6])


async def test_a_stream_can_be_narrowed_to_one_key(journal: Journal) -> None:
    for number in range(60):
        journal.add("mine" if number % 3 == 0 else "other")
    async with running(journal) as hub:
        reader = Reader(hub, after=0, key="mine")
        await eventually(lambda: len(reader.positions) == 20)
        for number in range(60, 90):
            journal.add("mine" if number % 3 == 0 else "other", "both")
        hub.wake()
        await eventually(lambda: len(reader.positions) == 30)
        assert reader.positions == list(range(1, 91, 3))


async def test_a_slow_reader_is_told_to_take_a_snapshot_and_holds_up_nobody(
    journal: Journal,
) -> None:
    before = metrics.SSE_DROPPED("test")._value.get()
    async with running(journal) as hub:
        slow = hub.frames(0)
        quick = Reader(hub, after=0)
        assert (await anext(slow)).startswith(b"retry: ")
        first = asyncio.ensure_future(anext(slow))
        await eventually(lambda: len(hub._everyone()) == 2)
        journal.add()
        assert await first == journal.rows[0].frame
        for _ in range(QUICK.queue_changes + 20):
            journal.add()
            hub.wake()
            await eventually(lambda: quick.positions[-1:] == [len(journal.rows)])
        rest = [piece async for piece in slow]
        assert rest[-1].startswith(b"id: ")
        assert b'event: snapshot\ndata: {"reason":"too slow"}' in rest[-1]
        assert len(rest) == 1
        assert quick.positions == list(range(1, len(journal.rows) + 1))
    assert metrics.SSE_DROPPED("test")._value.get() == before + 1


async def test_a_position_from_the_future_asks_for_a_snapshot(journal: Journal) -> None:
    journal.add()
    async with running(journal) as hub:
        pieces = [piece async for piece in hub.frames(99)]
    assert b'id: 1\nevent: snapshot\ndata: {"reason":"position unknown"}' in pieces[-1]


async def test_one_poller_feeds_all_readers_with_the_same_bytes(
    journal: Journal,
) -> None:
    async with running(journal, Limits(poll=60, queue_changes=50)) as hub:
        readers = [Reader(hub, after=0) for _ in range(40)]
        await eventually(lambda: len(hub._everyone()) == 40)
        asked = journal.asked
        for _ in range(5):
            journal.add()
        hub.wake()
        await eventually(lambda: all(len(one.positions) == 5 for one in readers))
        assert journal.asked == asked + 1


async def test_an_outage_of_the_database_ends_no_stream(journal: Journal) -> None:
    async with running(journal) as hub:
        reader = Reader(hub, after=0)
        await eventually(lambda: len(hub._everyone()) == 1)
        journal.is_away = True
        asked = journal.asked
        await eventually(lambda: journal.asked > asked + 2)
        journal.add()
        journal.is_away = False
        await eventually(lambda: reader.positions == [1])


async def test_a_quiet_stream_is_kept_open_by_pings_and_ends_at_its_age(journal: Journal) -> None:
    async with running(journal, Limits(poll=0.01, ping=0.01, age=0.1)) as hub:
        pieces = [piece async for piece in hub.frames(0)]
    assert b": ping\n\n" in pieces
    assert hub._everyone() == []


async def test_streams_end_at_shutdown(journal: Journal) -> None:
    async with running(journal) as hub:
        reader = Reader(hub, after=0)
        await eventually(lambda: len(hub._everyone()) == 1)
        hub.stop()
        await asyncio.wait_for(reader.task, 5)
        with pytest.raises(Unavailable):
            await hub.response(_request(""))


def _request(query: str, *headers: tuple[bytes, bytes]) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": list(headers)})


@pytest.mark.parametrize("position", ["x", "-1", "1.5", "9" * 30, "1 OR 1", "²"])
async def test_a_position_that_is_none_is_refused(journal: Journal, position: str) -> None:
    async with running(journal) as hub:
        header = (b"last-event-id", position.encode("latin-1"))
        with pytest.raises(Malformed):
            await hub.response(_request("", header))


def test_data_on_several_lines_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="one line"):
        Change(1, frozenset(), b"{\n}")


async def test_over_real_http_a_reader_resumes_and_outlives_the_deadline_of_requests(
    journal: Journal, settings: ServiceSettings
) -> None:
    for _ in range(30):
        journal.add("a")
    quick = settings.model_copy(update={"request_deadline_seconds": 0.1})
    async with running(journal, Limits(poll=60, ping=0.2)) as hub:
        router = Router()

        @router.stream("/stream", allow=PUBLIC)
        async def stream(request: Request) -> Response:
            return await hub.response(request)

        app = create_app("Streams", [router], quick, health=Health())
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        await eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as client,
            client.stream("GET", "/stream", headers={"last-event-id": "27"}) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["x-accel-buffering"] == "no"
            lines = answer.aiter_lines()
            ids = []
            async for line in lines:
                if line.startswith("id: "):
                    ids.append(int(line[4:]))
                if line == ": ping" and len(journal.rows) == 30:
                    journal.add("a")
                    hub.wake()
                if len(ids) == 4:
                    break
        assert ids == [28, 29, 30, 31]
        await eventually(lambda: hub._everyone() == [])  # the hub noticed that its reader left
        hub.stop()
        server.should_exit = True
        await asyncio.wait_for(serving, 5)
