"""How many streams may be open: a burst does not pass the limit, and every ending frees a place."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import Response

from chassis import metrics
from chassis.errors import Unavailable
from chassis.limits import Limits
from chassis.sse import Hub
from tests.chassis_edge.test_sse import Journal, _request, eventually, running

PLACES = 3
FEW = Limits(poll=0.01, ping=5.0, page_rows=10, queue_changes=50, subscribers=PLACES)


class Visitor:
    """A client at the door: takes what is sent until it leaves, or takes nothing."""

    def __init__(self, response: Response, *, takes: bool = True) -> None:
        self.taken: list[bytes] = []
        self.leaving = asyncio.Event()
        self._takes = takes
        self.task = asyncio.create_task(response({"type": "http"}, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self.leaving.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            if not self._takes:
                await asyncio.Event().wait()
            self.taken.append(message["body"])


async def admitted(hub: Hub, query: str = "", count: int = 20) -> list[Response]:
    """Those of a burst that get a stream; the others must be told to come back."""
    asked = [hub.response(_request(query)) for _ in range(count)]
    async with asyncio.timeout(5):
        found = await asyncio.gather(*asked, return_exceptions=True)
    streams = [one for one in found if isinstance(one, Response)]
    assert all(isinstance(one, Unavailable) for one in found if one not in streams)
    return streams


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.mark.parametrize("query", ["", "after=0"], ids=["from now on", "from a position"])
async def test_a_burst_does_not_pass_the_limit(journal: Journal, query: str) -> None:
    for _ in range(35):
        journal.add()
    async with running(journal, FEW) as hub:
        streams = await admitted(hub, query)
        assert len(streams) == PLACES
        # While those inside still catch up, nobody else comes in either.
        visitors = [Visitor(one) for one in streams]
        assert await admitted(hub, query) == []
        for one in visitors:
            one.leaving.set()
            await one.task


async def test_nobody_comes_in_while_others_ask_where_we_are(journal: Journal) -> None:
    async with running(journal, FEW) as hub:
        hold = journal.hold = asyncio.Event()
        first = asyncio.create_task(admitted(hub))
        await eventually(lambda: journal.hold is None)  # one of them is asking now
        assert await admitted(hub, "after=0") == []
        hold.set()
        assert len(await first) == PLACES


async def _never_begins(_hub: Hub, _journal: Journal, stream: Response) -> None:
    del stream
    await asyncio.sleep(0)  # until then the loop holds on to what this step was woken with


async def _leaves_at_once(_hub: Hub, _journal: Journal, stream: Response) -> None:
    visitor = Visitor(stream)
    visitor.leaving.set()
    await visitor.task


async def _leaves_later(hub: Hub, _journal: Journal, stream: Response) -> None:
    visitor = Visitor(stream)
    await eventually(lambda: len(hub._everyone()) > 0)
    visitor.leaving.set()
    await visitor.task


async def _is_cancelled(_hub: Hub, _journal: Journal, stream: Response) -> None:
    visitor = Visitor(stream)
    await eventually(lambda: bool(visitor.taken))
    visitor.task.cancel()
    await asyncio.gather(visitor.task, return_exceptions=True)


async def _cannot_begin(_hub: Hub, _journal: Journal, stream: Response) -> None:
    async def send(_message: Any) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the very one
        await stream({"type": "http"}, asyncio.Event().wait, send)  # type: ignore[arg-type] # never asked


async def _cannot_catch_up(_hub: Hub, journal: Journal, stream: Response) -> None:
    journal.is_away = True
    with pytest.raises(ConnectionError):
        await Visitor(stream).task
    journal.is_away = False


async def _takes_nothing(_hub: Hub, _journal: Journal, stream: Response) -> None:
    visitor = Visitor(stream, takes=False)
    await visitor.task  # ended by the hub's patience with writing


async def _ends_by_itself(hub: Hub, _journal: Journal, stream: Response) -> None:
    visitor = Visitor(stream)
    await eventually(lambda: len(hub._everyone()) > 0)
    for one in hub._everyone():
        one.too_slow = True
        one.woken.set()
    await visitor.task
    assert b"event: snapshot" in b"".join(visitor.taken)


@pytest.mark.parametrize(
    "end",
    [
        _never_begins,
        _leaves_at_once,
        _leaves_later,
        _is_cancelled,
        _cannot_begin,
        _cannot_catch_up,
        _takes_nothing,
        _ends_by_itself,
    ],
)
async def test_a_place_comes_back_however_a_stream_ends(
    journal: Journal, end: Callable[[Hub, Journal, Response], Any]
) -> None:
    journal.add()
    limits = Limits(poll=0.01, ping=5.0, write=0.05, page_rows=10, subscribers=PLACES)
    gauge = metrics.SSE_SUBSCRIBERS("test")._value
    async with running(journal, limits) as hub:
        before = gauge.get()
        for _ in range(2):
            streams = await admitted(hub, "after=0")
            assert (len(streams), gauge.get()) == (PLACES, before + PLACES)
            while streams:
                async with asyncio.timeout(5):
                    await end(hub, journal, streams.pop())
                gc.collect()
        assert (hub._open, gauge.get()) == (0, before)


async def test_a_place_comes_back_when_nobody_can_say_where_we_are(journal: Journal) -> None:
    async with running(journal, FEW) as hub:

        async def fail() -> int:
            raise ConnectionError

        hub._latest = fail
        for _ in range(PLACES + 1):
            with pytest.raises(ConnectionError):
                await hub.response(_request(""))
        assert hub._open == 0


async def test_streams_are_told_to_come_back_at_different_times(journal: Journal) -> None:
    spread = Limits(poll=0.01, retry=(2.0, 12.0))
    async with running(journal, spread) as hub:
        told = []
        for _ in range(200):
            stream = hub.frames(0)
            told.append(int((await anext(stream)).split()[1]))
            await stream.aclose()
    assert all(2000 <= pause <= 12_000 for pause in told)
    # By chance, all over: in each fifth of the time there is somebody.
    assert {(pause - 2000) * 5 // 10_001 for pause in told} == set(range(5))
