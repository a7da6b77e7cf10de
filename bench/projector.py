"""P6, P7: how fast a full topic is taken in, beside straight lines of the client library.

P6 is tracking's read model with everything that keeps it right, against fetch, read, one upsert.
P7 is what our runner and its reading cost when there is no database at all, against fetch and read.
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer
from typing_extensions import override

from bench.ground import Servers, make_topic
from bench.method import Leg, Pairs, Stopwatch, alternate
from bench.relay import PARTITIONS, envelopes, payload_of
from bench.results import Row, judged, median_figure, ratio_at_least
from bench.verdicts import out_of_order
from chassis import kafka
from chassis.arrivals import Arrival, Delivered
from chassis.consume import Runner
from chassis.database import Database
from chassis.subscription import Subscription
from contracts.envelope import Envelope, from_headers, to_headers
from contracts.ids import ApplicationId
from contracts.tracking import ActivityRecorded, ApplicationSubmitted
from services.tracking.wiring import READ_MODEL

IDS = ("P6", "P7")
TOPIC = ActivityRecorded.topic
_CREATE = (
    "CREATE TABLE straight (id uuid PRIMARY KEY, version integer NOT NULL, body text NOT NULL)"
)
_UPSERT = """
INSERT INTO straight SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[])
ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body
"""
LINES = "SELECT aggregate_id, version FROM timeline ORDER BY position"
_EMPTY = "TRUNCATE timeline, application_view, inbox, positions, parked"
Step = Callable[[Sequence[Any]], Awaitable[None]]


async def run(servers: Servers, wanted: AbstractSet[str]) -> list[Row]:
    """The wanted rows."""
    settings = servers.settings
    where = await servers.fresh_database("tracking")
    checks = await servers.postgres.server.connect(where["name"])
    database = Database(where["program"], name="bench")
    straight = await asyncpg.connect(where["program"].replace("+asyncpg", ""))
    await checks.execute(_CREATE)
    await checks.execute(f'GRANT ALL ON straight TO "{where["name"]}"')
    await make_topic(servers.kafka.bootstrap, TOPIC, PARTITIONS)
    await fill(servers, TOPIC, envelopes(settings.facts))
    bench = _Projector(servers, database, checks, straight)
    rows: list[Row] = []
    try:
        for name, what, ours, reference, goal in (
            (
                "P6",
                "read model, against fetch, read and one upsert",
                bench.read_model,
                bench.straight_line,
                0.6,
            ),
            ("P7", "consumer kit, against fetch and read", bench.kit, bench.bare, 0.8),
        ):
            if name not in wanted:
                continue
            settings.tell(f"{name}: {settings.facts:,} facts on Kafka, {what}")
            pairs = await alternate(ours, reference, settings.repetitions, settings.tell)
            settings.tell(f"  {pairs.told()}; faults: {'; '.join(pairs.faults) or 'none'}")
            rows.append(_row(name, what, pairs, goal))
    finally:
        await straight.close()
        await checks.close()
        await database.close()
    return rows


def _row(id: str, what: str, pairs: Pairs, goal: float) -> Row:
    figure = median_figure(pairs)
    told = what + pairs.suffix
    return judged(id, told, figure, ratio_at_least(goal), checked=not pairs.faults)


class _Projector:
    """The four ways to take the same topic in."""

    def __init__(self, servers: Servers, database: Database, checks: Any, straight: Any) -> None:
        self._servers = servers
        self._database = database
        self._checks = checks
        self._straight = straight
        self._facts = servers.settings.facts

    async def read_model(self) -> Leg:
        """Tracking's own subscription under a consumer group that has read nothing yet."""
        return await read_model_filled(self._servers, self._database, self._checks, self._facts)

    async def kit(self) -> Leg:
        """The same runner and reading, and nothing behind them."""
        runner = _Reading(self._database, as_newcomer(), self._facts)
        leg = await taken_in(self._servers, runner, self._facts)
        return leg.with_faults(self._count(runner.read_well))

    async def straight_line(self) -> Leg:
        """Fetch, read the fact, and one upsert per batch: no inbox, no position, no timeline."""
        await self._straight.execute("TRUNCATE straight")

        async def upsert(records: Sequence[Any]) -> None:
            newest: dict[UUID, tuple[UUID, int, str]] = {}
            for record in records:
                envelope, fact = _read(record)
                key = UUID(envelope.subject)
                newest[key] = (key, envelope.version or 0, fact.model_dump_json())
            await self._straight.execute(_UPSERT, *map(list, zip(*newest.values(), strict=True)))

        leg = await fetched(self._servers, TOPIC, self._facts, upsert)
        total = await self._straight.fetchval("SELECT sum(version) FROM straight")
        return leg.with_faults(self._count(total))

    async def bare(self) -> Leg:
        """Fetch and read."""
        seen = 0

        async def read(records: Sequence[Any]) -> None:
            nonlocal seen
            seen += sum(_read(record)[1] is not None for record in records)

        leg = await fetched(self._servers, TOPIC, self._facts, read)
        return leg.with_faults(self._count(seen))

    def _count(self, got: int) -> list[str]:
        return missing(self._facts, got)


def missing(wanted: int, got: int) -> list[str]:
    """The fault of not having taken in everything."""
    return [] if got == wanted else [f"{wanted - got} facts missing"]


async def read_model_filled(servers: Servers, database: Database, checks: Any, count: int) -> Leg:
    """Tracking's read model made from a topic of so many facts, under a name that has read none."""
    await checks.execute(_EMPTY)
    leg = await taken_in(servers, Counting(database, as_newcomer(), count), count)
    rows = await checks.fetch(LINES)
    found = out_of_order("timeline", [(row["aggregate_id"], row["version"]) for row in rows])
    return leg.with_faults(found + missing(count, len(rows)))


async def taken_in(servers: Servers, runner: "Counting", count: int) -> Leg:
    """What the runner needs to take in so many records, once it has its partitions."""
    broker = kafka.new_broker(servers.kafka.bootstrap, "bench")
    runner.subscribe(broker)
    starting = asyncio.create_task(broker.start())
    try:
        async with asyncio.timeout(120):
            await runner.assigned.wait()
            watch = Stopwatch(servers.postmaster, servers.broker)
            await runner.full.wait()
        leg = watch.leg(count)
        await starting
    finally:
        runner.stop()
        await broker.stop()
    return leg


async def fetched(servers: Servers, topic: str, count: int, step: Step) -> Leg:
    """What the client library needs to hand so many records of a topic to a step, batch by batch.

    The clock starts with the first record.
    """
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers.kafka.bootstrap,
        group_id=f"bench.{secrets.token_hex(4)}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        async with asyncio.timeout(120):
            first = await consumer.getmany(timeout_ms=30_000, max_records=1)
            await step([record for batch in first.values() for record in batch])
            watch = Stopwatch(servers.postmaster, servers.broker)
            taken = 1
            while taken < count:
                found = await consumer.getmany(timeout_ms=200, max_records=500)
                records = [record for batch in found.values() for record in batch]
                if records:
                    await step(records)
                taken += len(records)
        return watch.leg(taken)
    finally:
        await consumer.stop()


class Counting(Runner):
    """Counts what it has taken in for good."""

    def __init__(self, database: Database, subscription: Subscription, wanted: int) -> None:
        super().__init__(database, subscription)
        self._left = wanted
        self.full = asyncio.Event()

    @override
    async def take(self, arrivals: Sequence[Arrival]) -> None:
        await Runner.take(self, arrivals)
        self.count(len(arrivals))

    def count(self, taken: int) -> None:
        """Tell when all is there."""
        self._left -= taken
        if self._left <= 0:
            self.full.set()


class _Reading(Counting):
    """Reads and does nothing else."""

    read_well = 0

    @override
    async def take(self, arrivals: Sequence[Arrival]) -> None:
        read = self.subscription.reading.read
        self.read_well += sum(isinstance(read(arrival), Delivered) for arrival in arrivals)
        self.count(len(arrivals))


def as_newcomer() -> Subscription:
    """Tracking's read model under a name that has read nothing yet."""
    return replace(READ_MODEL, consumer=f"bench.{secrets.token_hex(4)}", topics=(TOPIC,))


def _read(record: Any) -> tuple[Any, ActivityRecorded]:
    kind = _KINDS[dict(record.headers)["ce_type"]]
    return from_headers(record.headers), kind.model_validate_json(record.value)


_KINDS: dict[bytes, Any] = {
    kind.wire_type().encode(): kind for kind in (ApplicationSubmitted, ActivityRecorded)
}


async def fill(
    servers: Servers, topic: str, facts: Sequence[tuple[Envelope, ApplicationId]]
) -> None:
    """Facts as the read model knows them: each application begins, then its activities."""
    producer = kafka.new_producer(servers.kafka.bootstrap, "bench-fill")
    await producer.start()
    try:
        futures = []
        for envelope, application in facts:
            begins = envelope.version == 1
            kind = ApplicationSubmitted if begins else ActivityRecorded
            about = json.dumps({"application_id": str(application)})
            value = about if begins else payload_of(application)
            key = str(application).encode()
            headers = to_headers(replace(envelope, type=kind.wire_type()))
            futures.append(await producer.send(topic, value.encode(), key=key, headers=headers))
        await asyncio.gather(*futures)
    finally:
        await producer.stop()
