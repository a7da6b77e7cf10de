"""P17: what one more event costs when much is stored, beside the same when little is.

A report goes through decision, log, relay, Kafka and read model. Counted is the processor time of
all of our code and of PostgreSQL; the broker, which knows nothing of applications, is left out.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, Literal

from aiokafka import TopicPartition

from bench import commands, stored
from bench.ground import Servers, make_topic
from bench.method import Leg, Pairs, Stopwatch, calibrate, percentile
from bench.projector import TOPIC, Counting
from bench.relay import PARTITIONS
from bench.results import Figure, Row, judged, ratio_at_most
from bench.verdicts import out_of_order
from chassis import kafka
from chassis.database import Database
from chassis.dispatch import Dispatcher
from chassis.eventlog import Cause
from chassis.relay import Relay
from contracts.base import Command
from contracts.catalog import agency_topics
from contracts.entries import Agency
from contracts.ids import ApplicationId
from local import paths
from services.tracking.queries import ReadModel
from services.tracking.store import save_entries
from services.tracking.wiring import DOMAIN, READ_MODEL

IDS = ("P17",)
SIZES = (10_000, 100_000, 1_000_000)
_QUICK_SIZES = (10_000, 30_000)
UNDER_WAY = 10_000
"""Reports come for the applications under way, which are the newest; in the worst case for any."""
CALLERS = 32
Spread = Literal["newest", "any"]
_REPORTS_PER_SECOND = 1_000
"""Of a leg's length: so many reports make a leg."""
_READS = 200
_WARM_LEGS = 2
_PLACE = """
INSERT INTO positions (consumer, topic, partition, next_offset) VALUES ($1, $2, $3, $4)
ON CONFLICT (consumer, topic, partition)
DO UPDATE SET next_offset = excluded.next_offset, record_ms = NULL
"""
_LEVELS = """
SELECT a.application_id, a.version AS decided, v.version AS shown,
       (SELECT count(*) FROM event_log e WHERE e.aggregate_id = a.application_id) AS facts,
       (SELECT count(*) FROM timeline t WHERE t.key = a.application_id::text) AS lines
FROM applications a JOIN application_view v USING (application_id)
WHERE a.application_id = ANY($1)
"""
_LINES = """
SELECT aggregate_id, version FROM timeline WHERE key = ANY($1::text[]) ORDER BY position
"""
_PUT_ASIDE = "SELECT count(*) FROM parked"


@dataclass(frozen=True)
class Size:
    """A database with so many applications, and what was added to each since."""

    servers: Servers
    stored: int
    where: Mapping[str, str]
    database: Database
    checks: Any
    added: Counter[ApplicationId] = field(default_factory=Counter)
    legs: dict[Spread, list[Leg]] = field(default_factory=lambda: {"newest": [], "any": []})
    waits: list[float] = field(default_factory=list)
    """The p95 of reads of any application after each of its legs, in milliseconds."""

    @property
    def spreads(self) -> Sequence[Spread]:
        """Where they are the same, once is enough."""
        return ("newest", "any") if self.stored > UNDER_WAY else ("any",)


async def run(servers: Servers, _wanted: AbstractSet[str]) -> list[Row]:
    """Three rows for each size but the smallest."""
    settings = servers.settings
    await make_topic(servers.kafka.bootstrap, TOPIC, PARTITIONS)  # it may be there
    for topic in agency_topics(commands.AGENCY):
        await make_topic(servers.kafka.bootstrap, topic.name, PARTITIONS)
    counts = _QUICK_SIZES if settings.quick else SIZES
    async with AsyncExitStack() as opened:
        sizes = [await opened.enter_async_context(_filled(servers, count)) for count in counts]
        for size in sizes:
            await _warm(size)
        calibrations = [calibrate()]
        for number in range(1, settings.repetitions + 1):
            for size in sizes:
                for spread in size.spreads:
                    await _leg(size, spread)
            calibrations.append(calibrate())
            settings.tell(f"round {number}/{settings.repetitions}: {_told(sizes)}")
    little = sizes[0]
    rows: list[Row] = []
    for much in sizes[1:]:
        for spread in much.spreads:
            legs = tuple(much.legs[spread])
            pairs = Pairs(legs, tuple(little.legs["any"]), tuple(calibrations))
            settings.tell(
                f"  {much.stored:,}, {spread}: {pairs.told()}; "
                f"faults: {'; '.join(pairs.faults) or 'none'}"
            )
            rows += _rows(much, little, spread, pairs)
    return rows


def _told(sizes: Sequence[Size]) -> str:
    found = [
        f"{size.stored:,} {spread} " + "{:.0f}+{:.0f}".format(*size.legs[spread][-1].cpu_us)
        for size in sizes
        for spread in size.spreads
    ]
    return f"{', '.join(found)} us per event, ours and PostgreSQL"


def _rows(much: Size, little: Size, spread: Spread, pairs: Pairs) -> list[Row]:
    told = f"{much.stored:,} applications stored, against {little.stored:,}{pairs.suffix}"
    which = f"the {UNDER_WAY:,} newest" if spread == "newest" else "any"
    found = [
        judged(
            f"P17.{spread}.{much.stored}",
            f"processor time from decision to read model, reports on {which} of {told}",
            replace(compared(_cpu(pairs.ours), _cpu(pairs.reference)), unit="us"),
            ratio_at_most(1.1),
            checked=not pairs.faults,
        )
    ]
    if spread == "any":
        found.append(
            judged(
                f"P17.read.{much.stored}",
                f"any application and its timeline read, p95, {told}",
                replace(compared(much.waits, little.waits), unit="ms"),
                None,
                checked=not pairs.faults,
            )
        )
    return found


def _cpu(legs: Sequence[Leg]) -> list[float]:
    return [sum(leg.cpu_us) for leg in legs]


def compared(much: Sequence[float], little: Sequence[float]) -> Figure:
    """The middle ones, and the middle of the ratios of each round."""
    ratio = median(a / b for a, b in zip(much, little, strict=True))
    return Figure(median(much), "", median(little), ratio)


@asynccontextmanager
async def _filled(servers: Servers, count: int) -> AsyncIterator[Size]:
    """A new database with so many applications, dropped at the end."""
    paths.need_free_space(servers.settings.home, count * stored.BYTES_EACH // 1_000_000)
    where = await servers.fresh_database("tracking")
    checks = await servers.postgres.server.connect(where["name"])
    database = Database(where["program"], name="bench")
    agency = Agency(code=commands.AGENCY, revision=1, name="Bench", short_name="Bench")
    servers.settings.tell(f"P17: storing {count:,} applications")
    began = time.perf_counter()
    try:
        await stored.fill(checks, count)
        async with database.transaction() as tx:
            await save_entries(tx, [("agency", commands.AGENCY, 1, agency.model_dump_json())])
        took = time.perf_counter() - began
        servers.settings.tell(f"  stored in {took:.0f} s")
        yield Size(servers, count, where, database, checks)
    finally:
        await database.close()
        await checks.close()
        await servers.postgres.drop_service(where["name"])


async def _warm(size: Size) -> None:
    """Compile statements, fill caches, and touch pages for the first time since the checkpoint."""
    for spread in size.spreads:
        for _ in range(1 if size.servers.settings.quick else _WARM_LEGS):
            await _leg(size, spread)
        size.legs[spread].clear()
    size.waits.clear()


async def _leg(size: Size, spread: Spread) -> None:
    """Reports on applications drawn by lot until all of them are read; then reads."""
    servers = size.servers
    lots = random.Random(size.added.total())  # noqa: S311 - no secret
    count = round(servers.settings.leg_seconds * _REPORTS_PER_SECOND)
    first = size.stored - UNDER_WAY + 1 if spread == "newest" else 1
    drawn = [stored.application(lots.randint(first, size.stored)) for _ in range(count)]
    relay = Relay(size.where["relay"], servers.kafka.bootstrap, service="tracking")
    dispatcher = Dispatcher(size.database, DOMAIN, on_commit=relay.wake)
    runner = Counting(size.database, replace(READ_MODEL, topics=(TOPIC,)), count)
    broker = kafka.new_broker(servers.kafka.bootstrap, "bench")
    await _go_on_at_the_end(size)
    runner.subscribe(broker)
    dispatcher.start()
    relay.start()
    starting = asyncio.create_task(broker.start())
    try:
        async with asyncio.timeout(300):
            await runner.assigned.wait()
            while not relay.active:  # noqa: ASYNC110 - a relay tells nobody but by this flag
                await asyncio.sleep(0.01)
            made = [commands.command(one) for one in drawn]
            watch = Stopwatch(servers.postmaster)
            await dispatch_all(dispatcher, made)
            await runner.full.wait()
        leg = watch.leg(count)
        await starting
    finally:
        runner.stop()
        await broker.stop()
        await dispatcher.stop()
        await relay.stop()
    size.added.update(drawn)
    if spread == "any":
        size.waits.append(await _read(size, drawn[:_READS]))
    size.legs[spread].append(leg.with_faults(await _faults(size, sorted(set(drawn)))))


async def dispatch_all(dispatcher: Dispatcher, made: Sequence[Command]) -> None:
    """All of these commands, as so many callers would send them."""
    waiting = iter(made)

    async def call() -> None:
        for command in waiting:
            await dispatcher.dispatch(command, Cause(command.key))

    await asyncio.gather(*(call() for _ in range(CALLERS)))


async def _go_on_at_the_end(size: Size) -> None:
    """The topic also holds facts of other databases: only what comes now is its own."""
    reader = kafka.new_reader(size.servers.kafka.bootstrap, "bench-ends")
    await reader.start()
    try:
        ends = await reader.end_offsets([TopicPartition(TOPIC, n) for n in range(PARTITIONS)])
    finally:
        await reader.stop()
    for place, end in ends.items():
        await size.checks.execute(_PLACE, READ_MODEL.consumer, TOPIC, place.partition, end)


async def _read(size: Size, wanted: Sequence[ApplicationId]) -> float:
    model = ReadModel(size.database)
    waits: list[float] = []
    for one in wanted:
        began = time.perf_counter()
        await model.application(one)
        await model.timeline_of(one)
        waits.append((time.perf_counter() - began) * 1e3)
    return percentile(waits, 0.95)


async def _faults(size: Size, touched: Sequence[ApplicationId]) -> list[str]:
    """Every report stands once in state, log, view and timeline, and in order."""
    found: list[str] = []
    rows = await size.checks.fetch(_LEVELS, touched)
    found += uneven({row["application_id"]: tuple(row)[1:] for row in rows}, size.added, touched)
    lines = await size.checks.fetch(_LINES, [str(one) for one in touched])
    found += out_of_order("timeline", [(row["aggregate_id"], row["version"]) for row in lines])
    if parked := await size.checks.fetchval(_PUT_ASIDE):
        found.append(f"{parked} records were parked")
    return [f"{size.stored:,} stored: {fault}" for fault in found]


def uneven(
    levels: Mapping[Any, Sequence[int]],
    added: Mapping[ApplicationId, int],
    touched: Sequence[ApplicationId],
) -> list[str]:
    """Applications that are not as far, everywhere, as what was added to them."""
    wrong = sum(set(levels.get(one, ())) != {stored.FACTS + added[one]} for one in touched)
    return [f"{wrong} applications not level with their reports"] if wrong else []
