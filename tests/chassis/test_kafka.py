"""From the log over real Kafka into a view: nothing lost, doubled or out of order."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis import database, testing
from chassis.relay import Relay
from chassis.testing import Probe
from contracts.catalog import Topic
from contracts.envelope import from_headers
from contracts.ids import Actor
from local.testing import Database, Servers
from local.topics import create
from tests.chassis import toy


@pytest.fixture
async def topic(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"toy.{secrets.token_hex(4)}.v1"
    await create(stack.bootstrap, [Topic(name, "toy", readers=("toy",), partitions=3)])
    monkeypatch.setattr(toy.CoinAdded, "topic", name)
    return name


@pytest.fixture
async def live(stack: Servers, toy_database: Database, topic: str) -> AsyncIterator[Probe]:
    view = replace(toy.VIEW, topics=(topic,), consumer=f"{topic}.view")
    async with testing.running(toy.service(view), toy_database, bootstrap=stack.bootstrap) as probe:
        yield probe


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - another process tells no event
            await asyncio.sleep(0.05)


async def test_a_list_of_brokers_is_not_taken_for_one_address(
    stack: Servers, toy_database: Database, topic: str
) -> None:
    nobody = "127.0.0.1:9"  # a broker that is down must not keep us from the others
    view = replace(toy.VIEW, topics=(topic,), consumer=f"{topic}.view")
    bootstrap = f"{nobody},{stack.bootstrap}"
    async with testing.running(toy.service(view), toy_database, bootstrap=bootstrap) as probe:
        await probe.running.dispatch(add(toy.PotId.new(), "one"))

        async def there() -> bool:
            return len(await probe.rows("SELECT coins FROM pot_view")) == 1

        await eventually(there)


def add(pot: toy.PotId, key: str) -> toy.AddCoin:
    return toy.AddCoin(actor=Actor("operator:test"), at=datetime.now(UTC), key=key, pot_id=pot)


async def read_all(bootstrap: str, topic: str, count: int) -> list[tuple[str, int]]:
    """Key and version of the first `count` records, read by a client of our own."""
    places = [TopicPartition(topic, number) for number in range(3)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: list[tuple[str, int]] = []
    try:
        consumer.assign(places)
        async with asyncio.timeout(20):
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        envelope = from_headers(record.headers)
                        found.append((record.key.decode(), envelope.version or 0))
    finally:
        await consumer.stop()
    return found


async def test_every_fact_reaches_the_view_once_and_in_order(
    live: Probe, stack: Servers, topic: str
) -> None:
    pots = [toy.PotId.new() for _ in range(20)]
    await asyncio.gather(
        *(
            live.running.dispatch(add(pot, f"{pot}:{number}"))
            for number in range(30)
            for pot in pots
        )
    )

    async def all_there() -> bool:
        rows = await live.rows("SELECT coins, facts FROM pot_view")
        return [(row["coins"], row["facts"]) for row in rows] == [(30, 30)] * len(pots)

    await eventually(all_there)
    versions: dict[str, list[int]] = {}
    for key, version in await read_all(stack.bootstrap, topic, 600):
        versions.setdefault(key, []).append(version)
    assert versions == {str(pot): list(range(1, 31)) for pot in pots}
    assert await live.rows("SELECT 1 FROM unsent") == []
    assert await live.rows("SELECT 1 FROM parked") == []


async def test_only_one_of_two_relays_sends_and_the_other_takes_over(
    live: Probe, stack: Servers, toy_database: Database, topic: str
) -> None:
    async def first_sends() -> bool:
        return live.running.relay is not None and live.running.relay.active

    await eventually(first_sends)
    second = Relay(toy_database.relay_url, stack.bootstrap, service="toy")
    second.start()
    try:
        pot = toy.PotId.new()
        for number in range(10):
            await live.running.dispatch(add(pot, f"before:{number}"))
        assert not second.active
        assert live.running.relay is not None
        await live.running.relay.stop()

        async def second_sends() -> bool:
            return second.active

        await eventually(second_sends)
        for number in range(10):
            await live.running.dispatch(add(pot, f"after:{number}"))
        records = await read_all(stack.bootstrap, topic, 20)
        assert records == [(str(pot), version) for version in range(1, 21)]
    finally:
        await second.stop()


async def test_a_relay_with_an_old_epoch_marks_nothing(live: Probe, toy_database: Database) -> None:
    async def idle() -> bool:
        return live.running.relay is not None and live.running.relay.active

    await eventually(idle)
    async with AsyncExitStack() as stack:
        relay_view = database.Database(toy_database.relay_url, name="thief")
        stack.push_async_callback(relay_view.close)
        async with relay_view.transaction() as tx:
            await tx.execute("UPDATE relay_lease SET epoch = epoch + 1")
    pot = toy.PotId.new()
    await live.running.dispatch(add(pot, "one"))

    async def sent() -> bool:
        return not await live.rows("SELECT 1 FROM unsent")

    # The robbed relay notices, takes the lease again with a new epoch, and then marks.
    await eventually(sent)
    epochs = await live.rows("SELECT epoch FROM relay_lease")
    assert epochs[0]["epoch"] == 3
