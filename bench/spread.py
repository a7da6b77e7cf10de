"""P18: what the same work costs when it is spread: over malls, agencies and partitions.

Counted is the processor time of our code and of PostgreSQL per ticket, report or fact. The broker
is left out: what many topics and partitions cost there is Kafka's own affair.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

from bench import commands, projector, relay, tickets
from bench.ground import Servers
from bench.growth import compared, dispatch_all
from bench.method import Leg, Stopwatch, alternate
from bench.results import Row, judged, ratio_at_most
from chassis.database import Database
from chassis.dispatch import Dispatcher
from chassis.kafka import client
from chassis.relay import Relay
from contracts.catalog import agency_topics
from contracts.ids import AgencyId, MallId
from services.queue.store import malls as stored_malls
from services.queue.wiring import DOMAIN as QUEUE
from services.tracking.store import save_entries
from services.tracking.wiring import DOMAIN as TRACKING

IDS = ("P18",)
MALLS, AGENCIES, PARTITIONS = 514, 500, 64
_REPORTS_PER_SECOND = 1_000
_ANSWERED = "SELECT count(DISTINCT topic) FROM event_log WHERE aggregate = 'report'"
Side = Callable[[], Awaitable[Leg]]


@dataclass(frozen=True)
class _Opened:
    """A service's decisions on a database of their own."""

    servers: Servers
    relay_url: str
    database: Database
    dispatcher: Dispatcher
    checks: Any


async def run(servers: Servers, _wanted: AbstractSet[str]) -> list[Row]:
    """Four rows."""
    return [
        await _over_malls(servers),
        await _over_agencies(servers),
        *await _over_partitions(servers),
    ]


async def _open(stack: AsyncExitStack, servers: Servers, service: str, domain: Any) -> _Opened:
    where = await servers.fresh_database(service)
    checks = await servers.postgres.server.connect(where["name"])
    stack.push_async_callback(checks.close)
    database = Database(where["program"], name="bench")
    stack.push_async_callback(database.close)
    dispatcher = Dispatcher(database, domain)
    dispatcher.start()
    stack.push_async_callback(dispatcher.stop)
    return _Opened(servers, where["relay"], database, dispatcher, checks)


async def _compare(servers: Servers, id: str, what: str, many: Side, one: Side) -> Row:
    tell = servers.settings.tell
    tell(f"{id}: {what}")
    await many()  # the first of each compiles statements
    await one()
    pairs = await alternate(many, one, servers.settings.repetitions, tell)
    tell(f"  {pairs.told()}; faults: {'; '.join(pairs.faults) or 'none'}")
    figure = compared(
        *([sum(leg.cpu_us) for leg in legs] for legs in (pairs.ours, pairs.reference))
    )
    told = f"processor time of {what}{pairs.suffix}"
    return judged(
        id, told, replace(figure, unit="us"), ratio_at_most(1.1), checked=not pairs.faults
    )


async def _over_malls(servers: Servers) -> Row:
    malls = [MallId(f"bench-{number}") for number in range(MALLS)]
    async with AsyncExitStack() as stack:
        opened = await _open(stack, servers, "queue", QUEUE)
        async with opened.database.transaction() as tx:
            await stored_malls.save(tx, map(tickets.mall_with_one_line, malls))

        def issued(where: Sequence[MallId]) -> Awaitable[Leg]:
            return tickets.issued_by(servers, opened.dispatcher, opened.checks, [], where)

        return await _compare(
            servers,
            "P18.malls",
            f"a ticket in {MALLS} malls in turn, against one mall",
            lambda: issued(malls),
            lambda: issued(malls[:1]),
        )


async def _over_agencies(servers: Servers) -> Row:
    agencies = [AgencyId(f"spread-{number}") for number in range(AGENCIES)]
    topics = [agency_topics(one)[1].name for one in agencies]
    await _make(servers, {**dict.fromkeys(topics, 1), projector.TOPIC: relay.PARTITIONS})
    async with AsyncExitStack() as stack:
        opened = await _open(stack, servers, "tracking", TRACKING)
        async with opened.database.transaction() as tx:
            await save_entries(tx, [("agency", one, 1, "{}") for one in agencies])
        applications = await commands.prepare(opened.database, opened.dispatcher)

        async def reported(by: Sequence[AgencyId]) -> Leg:
            count = round(servers.settings.leg_seconds * _REPORTS_PER_SECOND)
            made = [
                commands.command(applications[n % len(applications)], by[n % len(by)])
                for n in range(count + len(by))
            ]
            sending = Relay(opened.relay_url, servers.kafka.bootstrap, service="tracking")
            sending.start()
            try:
                async with asyncio.timeout(300):
                    # A producer asks once where each topic is: that is the cost of a start.
                    await dispatch_all(opened.dispatcher, made[count:])
                    await relay.until_all_is_sent(opened.checks)
                    watch = Stopwatch(servers.postmaster)
                    await dispatch_all(opened.dispatcher, made[:count])
                    await relay.until_all_is_sent(opened.checks)
                leg = watch.leg(count)
            finally:
                await sending.stop()
            return leg.with_faults(await commands.faults(opened.checks, made))

        row = await _compare(
            servers,
            "P18.agencies",
            f"a report, decided and sent, by {AGENCIES} agencies in turn, against one",
            lambda: reported(agencies),
            lambda: reported(agencies[:1]),
        )
        answered = await opened.checks.fetchval(_ANSWERED)
        return replace(row, checked=row.checked and answered == AGENCIES)


async def _over_partitions(servers: Servers) -> list[Row]:
    records = relay.envelopes(servers.settings.facts)
    async with AsyncExitStack() as stack:
        opened = await _open(stack, servers, "tracking", TRACKING)

        def sent(partitions: int) -> Awaitable[Leg]:
            return relay.drained(servers, opened.relay_url, opened.checks, records, partitions)

        async def taken(partitions: int) -> Leg:
            await _remake(servers, projector.TOPIC, partitions)
            await projector.fill(servers, projector.TOPIC, records)
            return await projector.read_model_filled(
                servers, opened.database, opened.checks, len(records)
            )

        return [
            await _compare(
                servers,
                f"P18.partitions.{name}",
                f"a fact {what} {PARTITIONS} partitions, against one",
                lambda side=side: side(PARTITIONS),  # type: ignore[misc]
                lambda side=side: side(1),  # type: ignore[misc]
            )
            for name, what, side in (
                ("sent", "sent from the log to", sent),
                ("taken", "taken into the read model from", taken),
            )
        ]


async def _make(servers: Servers, topics: dict[str, int]) -> None:
    """Create those of these topics that are not there."""
    admin = AIOKafkaAdminClient(**client(servers.kafka.bootstrap))
    await admin.start()
    try:
        there = set(await admin.list_topics())
        new = [NewTopic(name, count, 1) for name, count in topics.items() if name not in there]
        await admin.create_topics(new, timeout_ms=60_000)
    finally:
        await admin.close()


async def _remake(servers: Servers, topic: str, partitions: int) -> None:
    """An empty topic in the place of the one that was there."""
    admin = AIOKafkaAdminClient(**client(servers.kafka.bootstrap))
    await admin.start()
    try:
        if topic in await admin.list_topics():
            await admin.delete_topics([topic])
        async with asyncio.timeout(30):
            while True:  # until the old one is gone
                try:
                    await admin.create_topics([NewTopic(topic, partitions, 1)])
                except TopicAlreadyExistsError:
                    await asyncio.sleep(0.1)
                else:
                    return
    finally:
        await admin.close()
