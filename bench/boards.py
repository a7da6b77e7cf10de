"""P15: from a call at a counter to the last of 1,000 boards, beside one event of a bare protocol.

Queue as it runs, with its own Kafka and PostgreSQL. One call after the other, so what is measured
is the way of one call: request, decision, commit, feed, hub, a write to each stream, and reading.
"""

import time
from typing import Any
from uuid import uuid4

import uvloop

import simulator.platform as client
from bench import streaming, subscribers
from bench.ground import Platform, Settings, platform
from bench.method import percentile
from bench.results import Figure, Row, at_most, judged
from bench.streaming import Child
from bench.subscribers import Subscribers

IDS = ("P15",)
BOARDS = 1_000
_CALLS, _CALLS_QUICK = 100, 10
_WARMING = 5
_MALL, _SERVICE, _COUNTER = "mpp-nusantara", "DUK-KTP", "Z1-01"


def run(settings: Settings) -> list[Row]:
    """The wait of the last board, at the median and for the slowest hundredth of calls."""
    with platform(settings, again=False, services=("queue",)) as running:
        return uvloop.run(_measured(running))


async def _measured(running: Platform) -> list[Row]:
    settings, state = running.settings, running.state
    count = _CALLS_QUICK if settings.quick else _CALLS
    subscribers.make_room(2 * BOARDS, running.pid("queue"))
    settings.tell(f"P15: {count} calls to {BOARDS:,} boards of ours, and of a bare protocol")
    port = int(state.urls["queue"].rpartition(":")[2])
    where = client.Platform(state.urls, state.bootstrap, state.home)
    async with client.Calls(where) as calls:
        counter = Counter(calls)
        await counter.open()
        with Subscribers(port, f"/v1/boards/{_MALL}/stream") as readers:
            readers.open(BOARDS)
            ours, faults = await _of_queue(counter, readers, count)
    bare, bare_faults = _of_bare(count)
    faults += bare_faults
    settings.tell(f"  faults: {'; '.join(faults) or 'none'}")
    rows = []
    for name, share, word in (("P15.p50", 0.5, "median"), ("P15", 0.99, "p99")):
        what = f"from a call to the last of {BOARDS:,} boards, {word} of {count}"
        figure = Figure(percentile(ours, share) * 1e3, "ms", percentile(bare, share) * 1e3)
        rows.append(judged(name, what, figure, at_most(150, "ms"), checked=not faults))
    return rows


class Counter:
    """One counter at work, over the public API."""

    def __init__(self, calls: client.Calls) -> None:
        self._calls = calls
        self._id = ""

    async def open(self) -> None:
        """Begin."""
        self._id = (await self._post(f"/v1/counters/{_COUNTER}/open", {}))["counter_id"]

    async def position(self) -> int:
        """Up to where boards have been told."""
        board = await self._calls.get("queue", f"/v1/boards/{_MALL}")
        return int(board["position"])

    async def issue(self) -> None:
        """One more waits."""
        await self._post("/v1/tickets", {"mall": _MALL, "service": _SERVICE})

    async def call(self) -> str:
        """The ticket that was called."""
        ticket = (await self._post(f"/v1/counters/{self._id}/call-next", {}))["ticket"]
        return str(ticket["ticket_id"])

    async def end(self, ticket_id: str) -> None:
        """Serve it to the end."""
        where = {"counter_id": self._id}
        await self._post(f"/v1/tickets/{ticket_id}/serve", where)
        await self._post(f"/v1/tickets/{ticket_id}/finish", {**where, "outcome": "served"})

    async def _post(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        headers = await self._calls.bearer(f"officer-{_MALL}-1")
        answer: dict[str, Any] = await self._calls.post(
            "queue", path, body, key=uuid4().hex, headers=headers
        )
        return answer


async def _of_queue(
    counter: Counter, readers: Subscribers, count: int
) -> tuple[list[float], list[str]]:
    """Seconds of each call until the last board has it, and what was wrong."""
    took: list[float] = []
    before = await counter.position()
    for _ in range(_WARMING + count):
        await counter.issue()
        began = time.perf_counter()
        ticket_id = await counter.call()
        readers.wait_for(1)
        took.append(time.perf_counter() - began)
        await counter.end(ticket_id)
    return took[_WARMING:], readers.faults(range(before + 1, before + 1 + len(took)))


def _of_bare(count: int) -> tuple[list[float], list[str]]:
    with (
        streaming.started("bare") as server,
        Subscribers(server.port, streaming.PATH) as readers,
    ):
        readers.open(BOARDS)
        took = [_published(server, readers) for _ in range(_WARMING + count)]
        return took[_WARMING:], readers.faults(range(1, 1 + len(took)))


def _published(server: Child, readers: Subscribers) -> float:
    began = time.perf_counter()
    server.publish()
    readers.wait_for(1)
    return time.perf_counter() - began
