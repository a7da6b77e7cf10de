"""P27: the life of a ticket over HTTP, six calls, with all services at work beside it.

Issued, called, called again, served, handed over to a second counter, finished. Each client has two
counters, with an officer at each; all share one line, in which so many people wait all the time.
The reference of a row is the same with nobody waiting: a line must not slow down as it grows.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import simulator.platform as client
from bench.ground import Platform
from bench.method import UNQUIET, calibrate, has_moved, percentile
from bench.results import Figure, Goal, Row, at_most, judged, ratio_at_least
from bench.tickets import gaps
from contracts.ids import uuid7
from simulator.malls import found, kiosk_of, mall_with, officer_of
from simulator.replay.patience import Patience
from simulator.replay.wire import Reply, Wire

IDS = ("P27",)
CLIENTS = (1, 8, 16)
WAITING = (0, 200, 500)
_MALL, _SERVICE = "mpp-ukur", "UKUR-AA"
_CALLS = 6
_LEAST_RATE, _MOST_WAIT_MS, _FLAT = 200.0, 100.0, 0.9
_PATIENCE_SECONDS = 60.0
_OK = frozenset({200, 201})
_NUMBERS = """
SELECT array_agg(number ORDER BY number) AS numbers FROM tickets
WHERE service = $1 GROUP BY line_id
"""
_CALLED_TWICE = """
SELECT count(*) FROM (
    SELECT aggregate_id FROM event_log WHERE type = 'queue.ticket_called.v1'
    GROUP BY aggregate_id HAVING count(*) > 1
) AS ticket
"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lives per second, and the milliseconds that each took."""

    rate: float
    waits: Sequence[float]


async def run(platform: Platform) -> list[Row]:
    """Rates and waits by clients and by the number waiting."""
    state, settings = platform.state, platform.settings
    connection = await platform.connect("queue")
    wire = Wire(state.urls["queue"])
    try:
        where = client.Platform(state.urls, state.bootstrap, state.home)
        async with client.Calls(where) as calls:
            bench = Lives(calls, wire)
            await bench.begin()
            stretches, moved = await _stretches(bench, settings.load_seconds / 4, settings.tell)
        faults = await _faults(connection)
    finally:
        await wire.close()
        await connection.close()
    settings.tell(f"  faults: {'; '.join(faults) or 'none'}")
    suffix = UNQUIET if moved else ""
    return [
        row
        for waiting in WAITING
        for clients in CLIENTS
        for row in _rows(stretches, clients, waiting, suffix, right=not faults)
    ]


async def _stretches(
    bench: "Lives", seconds: float, tell: Any
) -> tuple[dict[tuple[int, int], Stretch], bool]:
    stretches: dict[tuple[int, int], Stretch] = {}
    calibrations = [calibrate()]
    for waiting in WAITING:
        await bench.let_wait(waiting)
        for clients in CLIENTS:
            one = stretches[clients, waiting] = await bench.stretch(clients, seconds)
            calibrations.append(calibrate())
            tell(
                f"P27: {clients} clients, {waiting} waiting: {one.rate:,.0f}/s, "
                f"p95 {percentile(one.waits, 0.95):,.0f} ms"
            )
    return stretches, has_moved(calibrations)


def _rows(
    stretches: dict[tuple[int, int], Stretch],
    clients: int,
    waiting: int,
    suffix: str,
    *,
    right: bool,
) -> list[Row]:
    one, empty = stretches[clients, waiting], stretches[clients, 0]
    who = f"{clients} client{'s' if clients > 1 else ''}, {waiting} waiting{suffix}"
    goal: Goal | None = None
    if waiting:
        goal = ratio_at_least(_FLAT)
    elif clients == CLIENTS[-1]:
        goal = Goal(f">= {_LEAST_RATE:g}/s", lambda ours, _r, _q: ours >= _LEAST_RATE)
    rate = Figure(one.rate, "1/s", empty.rate if waiting else None)
    late = Figure(percentile(one.waits, 0.95) * 1.0, "ms")
    most = at_most(_MOST_WAIT_MS, "ms") if clients == CLIENTS[-1] else None
    row = f"P27.{clients}.{waiting}"
    return [
        judged(row, f"lives of a ticket in {_CALLS} calls, {who}", rate, goal, checked=right),
        judged(f"{row}.wait", f"one life, p95, {who}", late, most, checked=right),
    ]


@dataclass
class Lives:
    """Clients with their counters. `waiting` people stand in the line between two stretches."""

    calls: client.Calls
    wire: Wire
    counters: dict[str, str] = field(default_factory=dict)
    waiting: int = 0

    async def begin(self) -> None:
        """The mall is there, and all counters are open."""
        codes = [f"U-{number + 1:02}" for number in range(2 * CLIENTS[-1])]
        await found(self.calls, mall_with(_MALL, "MPP Ukur", dict.fromkeys(codes, (_SERVICE,))))
        for code in codes:
            opened = await self._ask(officer_of(_MALL, code), f"/v1/counters/{code}/open", {})
            self.counters[code] = opened["counter_id"]

    async def let_wait(self, count: int) -> None:
        """Issue until so many wait."""
        while self.waiting < count:
            await self._issue()
            self.waiting += 1

    async def stretch(self, clients: int, seconds: float) -> Stretch:
        """Lives one after the other at so many clients at once."""
        waits: list[float] = []
        began = time.perf_counter()
        codes = list(self.counters)

        async def work(number: int) -> None:
            here, there = codes[2 * number : 2 * number + 2]
            while (start := time.perf_counter()) < began + seconds:
                await self._live(here, there)
                waits.append((time.perf_counter() - start) * 1e3)

        await asyncio.gather(*(work(number) for number in range(clients)))
        return Stretch(len(waits) / (time.perf_counter() - began), waits)

    async def _live(self, here: str, there: str) -> None:
        """One more in line, and whoever is first goes through."""
        first, second = officer_of(_MALL, here), officer_of(_MALL, there)
        at, then = {"counter_id": self.counters[here]}, {"counter_id": self.counters[there]}
        await self._issue()
        called = await self._ask(first, f"/v1/counters/{self.counters[here]}/call-next", {})
        path = f"/v1/tickets/{called['ticket']['ticket_id']}"
        await self._ask(first, f"{path}/recall", at)
        await self._ask(first, f"{path}/serve", at)
        hand_over = {**at, "to_counter": there, "hand_over": True, "reason": "layanan_lanjutan"}
        await self._ask(first, f"{path}/transfer", hand_over)
        await self._ask(second, f"{path}/finish", {**then, "outcome": "served"})

    async def _issue(self) -> None:
        await self._ask(kiosk_of(_MALL), "/v1/tickets", {"mall": _MALL, "service": _SERVICE})

    async def _ask(self, who: str, path: str, body: dict[str, Any]) -> Any:
        headers = {"idempotency-key": f"life-{uuid7()}", **await self.calls.bearer(who)}
        text = json.dumps(body).encode()

        async def attempt() -> Reply:
            return await self.wire.post(path, headers, text)

        reply = await Patience(_PATIENCE_SECONDS).post(attempt)
        if reply.status not in _OK:
            raise RuntimeError(f"{path}: {reply.status} {reply.json().get('code')}")
        return reply.json()


async def _faults(connection: Any) -> list[str]:
    """Numbers run from 1 without gap or repeat, and nobody was called twice."""
    rows = await connection.fetch(_NUMBERS, _SERVICE)
    found_wrong = [fault for row in rows for fault in gaps(row["numbers"])]
    twice = await connection.fetchval(_CALLED_TWICE)
    return [*found_wrong, *([f"{twice} tickets called twice"] if twice else [])]
