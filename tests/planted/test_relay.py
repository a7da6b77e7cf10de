"""Bugs of the relay, on real Kafka: the checker finds each among the records that are there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from aiokafka.errors import KafkaError
from sqlalchemy.engine import make_url

from chassis import kafka, relay
from chassis.clock import now
from chassis.decide import Submission, decide
from chassis.eventlog import Cause
from chassis.sending import Absent, Sender
from checker.evidence import Evidence
from checker.kafka import read_kafka
from checker.rest import everything_is_at_rest
from checker.trail import kafka_is_the_log
from contracts.catalog import TOPICS
from contracts.ids import Actor, MallId, ServiceCode, TicketId
from local.testing import Database
from local.topics import create
from services.queue.commands.tickets import IssueTicket
from services.queue.wiring import DOMAIN
from tests.planted import bugs_of_relay as bugs
from tests.planted.bugs_of_decisions import Plant
from tests.planted.conftest import Tickets
from tests.planted.seen import judged
from tests.services.queue.conftest import KIA, MALL

pytestmark = pytest.mark.integration
NAMES = ("queue.tickets.v1", "queue.counters.v1")


@dataclass
class Hand:
    """A relay that sends what lies ready when it is told to."""

    relay: relay.Relay
    lease: Any
    sender: Sender

    async def page(self) -> None:
        """Read, send, mark, once; a failure is for the next page, or for the other relay."""
        with suppress(KafkaError, relay.LeaseLost):
            await self.relay._send_pages(self.lease, self.sender)


@asynccontextmanager
async def hand(database: Database, bootstrap: str, page: int = 100) -> AsyncIterator[Hand]:
    """One relay on this database, with the lease that is the newest."""
    url = make_url(database.relay_url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)
    epoch = await connection.fetchval("SELECT epoch FROM relay_lease")
    producer = kafka.new_producer(bootstrap, "planted-relay")
    await producer.start()
    try:
        made = relay.Relay(database.relay_url, bootstrap, service="queue", batch_max=page)
        yield Hand(made, relay._Lease(connection, epoch), Sender(producer, "queue", Absent()))
    finally:
        await producer.stop()
        await connection.close(timeout=5)


@dataclass(frozen=True)
class Broker:
    """Kafka, and where its partitions ended before the test: others write to the same topics."""

    bootstrap: str
    ends: dict[tuple[str, int], int]


@pytest.fixture
async def broker(kafka_bootstrap: str) -> Broker:
    await create(kafka_bootstrap, [topic for topic in TOPICS if topic.name in NAMES])
    where = {"bootstrap": kafka_bootstrap, "topics": NAMES}
    _, ends = await asyncio.to_thread(read_kafka, where)
    return Broker(kafka_bootstrap, ends)


async def a_ticket_that_is_called(tickets: Tickets) -> None:
    """Two facts of one ticket."""
    await tickets.take("key-of-a-ticket")
    await tickets.queue.called(await tickets.queue.opened())


async def collected(tickets: Tickets, broker: Broker) -> Evidence:
    """The log and what Kafka has of it."""
    evidence = await tickets.seen.evidence(("queue", tickets.database))
    where = {"bootstrap": broker.bootstrap, "topics": NAMES}
    found, _ = await asyncio.to_thread(read_kafka, where)
    evidence.records = [
        one for one in found if one.offset >= broker.ends.get((one.topic, one.partition), 0)
    ]
    return evidence


def refuse_first(patch: pytest.MonkeyPatch) -> None:
    """Kafka does not take the first fact of the first page."""
    deliver = Sender.deliver
    pages = iter([True])

    async def refusing(self: Sender, rows: Sequence[Any]) -> list[Any]:
        if not next(pages, False):
            return await deliver(self, rows)
        return [KafkaError("refused"), *await deliver(self, rows[1:])]

    patch.setattr(Sender, "deliver", refusing)


@pytest.mark.parametrize(
    "plant,kind,page",
    [
        (bugs.failed_key_skipped, "lost", 100),
        (bugs.marked_before_the_acknowledgement, "lost", 100),
        (bugs.followers_of_a_failure_marked, "misordered", 100),
        (bugs.page_behind_a_failure_sent, "misordered", 2),
        (None, None, 100),
        (None, None, 2),
    ],
    ids=[
        "test_finds_failed_key_skipped",
        "test_finds_marked_before_the_acknowledgement",
        "test_finds_followers_of_a_failure_marked",
        "test_finds_page_behind_a_failure_sent",
        "test_clean_a_refused_fact",
        "test_clean_a_refused_page",
    ],
)
async def test_a_refused_fact(
    plant: Plant | None,
    kind: str | None,
    page: int,
    tickets: Tickets,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kafka refuses a fact once, and takes the one behind it that has the same key."""
    await a_ticket_that_is_called(tickets)
    refuse_first(monkeypatch)
    if plant is not None:
        plant(monkeypatch)
    async with hand(tickets.database, broker.bootstrap, page) as one:
        for _ in range(3):
            await one.page()
    judged(kafka_is_the_log(await collected(tickets, broker)), kind)


@pytest.mark.parametrize(
    "plant,kind",
    [(bugs.many_senders_at_once, "misordered"), (None, None)],
    ids=["test_finds_many_senders_at_once", "test_clean_a_page"],
)
async def test_a_page(
    plant: Plant | None,
    kind: str | None,
    tickets: Tickets,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Several facts of one key in one page."""
    await a_ticket_that_is_called(tickets)
    if plant is not None:
        plant(monkeypatch)
    async with hand(tickets.database, broker.bootstrap) as one:
        await one.page()
    judged(kafka_is_the_log(await collected(tickets, broker)), kind)


@pytest.mark.parametrize(
    "plant,kind",
    [(bugs.two_relays_without_a_fence, "misordered"), (None, None)],
    ids=["test_finds_two_relays_without_a_fence", "test_clean_two_relays"],
)
async def test_two_relays(
    plant: Plant | None,
    kind: str | None,
    tickets: Tickets,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One relay stands still after it has read the first fact; the other goes on."""
    await a_ticket_that_is_called(tickets)
    if plant is not None:
        plant(monkeypatch)
    has_read, go_on = asyncio.Event(), asyncio.Event()

    async def stand_still(_name: str) -> None:
        if not has_read.is_set():
            has_read.set()
            await go_on.wait()

    for module in (relay, bugs):
        monkeypatch.setattr(module, "failpoint", stand_still_at("relay.after_read", stand_still))
    async with (
        hand(tickets.database, broker.bootstrap, page=1) as one,
        hand(tickets.database, broker.bootstrap) as other,
    ):
        frozen = asyncio.create_task(one.page())
        async with asyncio.timeout(20):
            await has_read.wait()
            await other.page()
            go_on.set()
            await frozen
        await other.page()
    judged(kafka_is_the_log(await collected(tickets, broker)), kind)


def stand_still_at(place: str, then: Any) -> Any:
    """A fail-point of ours at one place."""

    async def failpoint(name: str) -> None:
        if name == place:
            await then(name)

    return failpoint


@pytest.mark.parametrize(
    "plant,kind",
    [(bugs.naive_log_cursor, "lost"), (None, None)],
    ids=["test_finds_naive_log_cursor", "test_clean_a_late_commit"],
)
async def test_a_late_commit(
    plant: Plant | None,
    kind: str | None,
    tickets: Tickets,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fact gets its number, and commits when later numbers have been sent."""
    if plant is not None:
        plant(monkeypatch)
    async with hand(tickets.database, broker.bootstrap) as one:
        async with tickets.queue.probe.running.database.transaction() as tx:
            await decide(DOMAIN, tx, [late_ticket()])
            await tickets.take("key-of-the-fast")
            await one.page()
        await one.page()
    judged(everything_is_at_rest(await collected(tickets, broker)), kind)


def late_ticket() -> Submission:
    """A ticket of a line where nobody else stands."""
    command = IssueTicket(
        actor=Actor("kiosk:late"),
        at=now(),
        key="key-of-the-late",
        ticket_id=TicketId.new(),
        mall=MallId(MALL),
        service=ServiceCode(KIA),
        staff_mall=MallId(MALL),
    )
    return Submission(command, Cause("late"))


@pytest.mark.parametrize(
    "plant,kind",
    [(bugs.page_behind_by_number, "misordered"), (None, None)],
    ids=["test_finds_page_behind_by_number", "test_clean_a_commit_beside_a_page"],
)
async def test_a_commit_beside_a_page(
    plant: Plant | None,
    kind: str | None,
    tickets: Tickets,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While a page is on its way, a fact with a lower number is committed, and its follower."""
    if plant is not None:
        plant(monkeypatch)
    reads = iter(range(100))
    async with hand(tickets.database, broker.bootstrap, page=1) as one, AsyncExitStack() as late:
        begun = tickets.queue.probe.running.database.transaction()
        await decide(DOMAIN, await late.enter_async_context(begun), [late_ticket()])
        await tickets.take("key-of-the-fast")

        async def meanwhile(_name: str) -> None:
            if next(reads) == 1:
                await late.aclose()
                await tickets.queue.called(await tickets.queue.opened("K-09"))

        monkeypatch.setattr(relay, "failpoint", stand_still_at("relay.before_read", meanwhile))
        await one.page()
        await one.page()
    judged(kafka_is_the_log(await collected(tickets, broker)), kind)
