"""P12: a release over HTTP: 5,000 people try 3 times each for 400 places of one session.

Booking alone, every guard on, with its own Kafka and PostgreSQL; the callers are as fast as they
are answered. The reference locks the row for each try, over HTTP as well.
"""

import asyncio
import contextlib
import itertools
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import uvloop

import simulator.platform as client
from bench import bare_places
from bench.ground import Platform, Settings, platform
from bench.method import Leg, Pairs, Stopwatch, alternate, cpu_of_tree, percentile
from bench.results import Figure, Row, at_least, at_most, judged, median_figure
from chassis import clock
from contracts.ids import PersonId
from local import stack
from simulator.replay.wire import Wire

IDS = ("P12",)
CALLERS = (64, 256)
TRIES = 3
_MALL, _SERVICE, _ZONE_HOURS = "mpp-nusantara", "DUK-KTP", "+07:00"
_WON, _REFUSED = 201, 409
_TAKEN = """
SELECT booked, (SELECT count(*) FROM appointments WHERE session_id = sessions.id) AS stored,
       (SELECT count(DISTINCT person_id) FROM appointments WHERE session_id = sessions.id) AS people
FROM sessions WHERE id = $1::uuid
"""
_BARE_TAKEN = """
SELECT booked, (SELECT count(*) FROM taken WHERE place = places.id) AS stored,
       (SELECT count(DISTINCT person) FROM taken WHERE place = places.id) AS people
FROM places WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How many want how much."""

    people: int
    places: int


@dataclass
class Told:
    """What the callers of one release were answered, and after how long in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)

    def faults(self, size: Size, kept: Any) -> list[str]:
        """What is wrong, in words; `kept` is what the database has."""
        found = [
            f"{count} answers {status}"
            for status, count in self.statuses.items()
            if status not in (_WON, _REFUSED)
        ]
        told = self.statuses[_WON]
        if {told, kept["booked"], kept["stored"], kept["people"]} != {size.places}:
            found.append(
                f"{size.places} places: {told} told, {kept['booked']} counted, {kept['stored']} "
                f"stored, {kept['people']} people"
            )
        return found


def run(settings: Settings) -> list[Row]:
    """The rate and the wait of the slowest hundredth, for few and for many callers."""
    size = Size(300, 40) if settings.quick else Size(5_000, 400)
    with platform(settings, again=False, services=("booking",)) as running:
        return uvloop.run(_measured(running, size))


async def _measured(running: Platform, size: Size) -> list[Row]:
    database = stack.postgres_of(running.state).server
    async with contextlib.AsyncExitStack() as opened:
        main, booking = await database.connect(), await running.connect("booking")
        opened.push_async_callback(main.close)
        opened.push_async_callback(booking.close)
        await main.execute(f"CREATE DATABASE {bare_places.DATABASE}")
        bare = await database.connect(bare_places.DATABASE)
        opened.push_async_callback(bare.close)
        await bare.execute(bare_places.CREATE)
        pid, port = opened.enter_context(bare_places.started(database))
        ours = _Ours(running, booking, size)
        reference = _Bare(running.pid("postgres"), pid, port, bare, size)
        return await _rows(running.settings, ours, reference)


async def _rows(settings: Settings, ours: "_Ours", reference: "_Bare") -> list[Row]:
    rows: list[Row] = []
    for callers in CALLERS:
        settings.tell(f"P12: {ours.size.people:,} people, {TRIES} tries each, {callers} callers")
        await ours.leg(callers)  # warm
        ours.waits.clear()
        reference.waits.clear()
        pairs = await alternate(
            _bound(ours.leg, callers),
            _bound(reference.leg, callers),
            settings.repetitions,
            settings.tell,
        )
        settings.tell(f"  {pairs.told()}; faults: {'; '.join(pairs.faults) or 'none'}")
        settings.tell(f"  processor us per try: {ours.parts()}")
        rows += _judged(callers, pairs, ours.waits, reference.waits)
    return rows


def _judged(
    callers: int, pairs: Pairs, waits: list[float], reference_waits: list[float]
) -> list[Row]:
    right = not pairs.faults
    late = Figure(percentile(waits, 0.99) * 1e3, "ms", percentile(reference_waits, 0.99) * 1e3)
    rate = f"tries for the places of a release over HTTP, {callers} callers{pairs.suffix}"
    wait = f"answer to such a try, p99, {callers} callers{pairs.suffix}"
    figure = median_figure(pairs)
    return [
        judged(f"P12.rate{callers}", rate, figure, at_least(2_000, "1/s"), checked=right),
        judged(f"P12.wait{callers}", wait, late, at_most(500, "ms"), checked=right),
    ]


def _bound(leg: Callable[[int], Awaitable[Leg]], callers: int) -> Callable[[], Awaitable[Leg]]:
    return lambda: leg(callers)


class _Ours:
    """Booking as it is, over its public API."""

    def __init__(self, running: Platform, connection: Any, size: Size) -> None:
        self.size, self.waits = size, list[float]()
        self._running, self._connection = running, connection
        self._servers = {name: running.pid(name) for name in ("booking", "postgres", "kafka-1")}
        self._spent: dict[str, float] = defaultdict(float)
        self._tries = 0

    async def leg(self, callers: int) -> Leg:
        """One release to its end."""
        session = await self._opened()
        people = [str(PersonId.new()) for _ in range(self.size.people)]
        told, before = Told(), self._cpu()
        watch = Stopwatch(*self._servers.values())
        bodies = ({"session_id": session, "person_id": one} for one in tries_of(people))
        url = self._running.state.urls["booking"]
        await everybody(url, "/v1/appointments", bodies, callers, told)
        leg = watch.leg(len(told.waits))
        self._note(before, leg)
        self.waits += told.waits
        kept = await self._connection.fetchrow(_TAKEN, session)
        return leg.with_faults(told.faults(self.size, kept))

    def parts(self) -> str:
        """Processor time of each part for one try, over all legs so far."""
        return ", ".join(
            f"{name} {spent / self._tries * 1e6:.0f}" for name, spent in self._spent.items()
        )

    def _cpu(self) -> dict[str, float]:
        return {name: cpu_of_tree(pid) for name, pid in self._servers.items()}

    def _note(self, before: dict[str, float], leg: Leg) -> None:
        self._tries += leg.operations
        self._spent["callers"] += leg.client_cpu
        for name, now in self._cpu().items():
            self._spent[name] += now - before[name]

    async def _opened(self) -> str:
        state = self._running.state
        day = clock.now().date() + timedelta(days=2)
        where = client.Platform(state.urls, state.bootstrap, state.home)
        body = {
            "mall": _MALL,
            "service": _SERVICE,
            "starts_at": f"{day}T08:00:00{_ZONE_HOURS}",
            "ends_at": f"{day}T10:00:00{_ZONE_HOURS}",
            "capacity": self.size.places,
        }
        key = str(PersonId.new())
        async with client.Calls(where) as calls:
            headers = await calls.bearer("operator")
            made = await calls.post("booking", "/v1/sessions", body, key=key, headers=headers)
        return str(made["session_id"])


class _Bare:
    """The reference."""

    def __init__(self, postmaster: int, pid: int, port: int, connection: Any, size: Size) -> None:
        self.size, self.waits = size, list[float]()
        self._servers, self._url = (postmaster, pid), f"http://127.0.0.1:{port}"
        self._connection, self._numbers = connection, itertools.count(1)

    async def leg(self, callers: int) -> Leg:
        """The same release."""
        place = next(self._numbers)
        await self._connection.execute(
            "INSERT INTO places VALUES ($1, $2, 0)", place, self.size.places
        )
        people = [str(PersonId.new()) for _ in range(self.size.people)]
        told, watch = Told(), Stopwatch(*self._servers)
        bodies = ({"place": place, "person_id": one} for one in tries_of(people))
        await everybody(self._url, "/", bodies, callers, told)
        leg = watch.leg(len(told.waits))
        self.waits += told.waits
        kept = await self._connection.fetchrow(_BARE_TAKEN, place)
        return leg.with_faults(told.faults(self.size, kept))


def tries_of(people: list[str]) -> list[str]:
    """Who tries when: everybody as often as the others, in an order without pattern."""
    return random.Random(len(people)).sample(people * TRIES, len(people) * TRIES)  # noqa: S311 - no secret


async def everybody(
    url: str, path: str, bodies: Iterator[dict[str, Any]], callers: int, told: Told
) -> None:
    """So many callers, each with the next try once it has an answer."""
    wire, numbers = Wire(url), itertools.count()
    run = str(PersonId.new())

    async def call() -> None:
        for body in bodies:
            headers = {"idempotency-key": f"{run}-{next(numbers)}"}
            began = time.perf_counter()
            reply = await wire.post(path, headers, json.dumps(body).encode())
            told.waits.append(time.perf_counter() - began)
            told.statuses[reply.status] += 1

    try:
        await asyncio.gather(*(call() for _ in range(callers)))
    finally:
        await wire.close()
