"""Kafka loses a topic, and it is made anew: nothing is skipped, nothing takes effect twice."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy.engine import make_url

from chassis import places, testing
from chassis.reconcile import Difference, reconcile
from chassis.service import Service
from chassis.testing import Probe
from contracts.catalog import Topic
from local.testing import Database, Servers
from local.topics import create
from tests.chassis import toy
from tests.chassis.test_kafka import add, eventually, live, read_all, topic

__all__ = ["live", "topic"]  # fixtures


async def lose(stack: Servers, name: str) -> None:
    """Delete the topic and make it anew, as after the loss of Kafka's data."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([name])
        async with asyncio.timeout(20):
            while name in await admin.list_topics():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
    finally:
        await admin.close()
    await create(stack.bootstrap, [Topic(name, "toy", readers=("toy",), partitions=3)])


async def settled(probe: Probe, pots: dict[toy.PotId, int]) -> None:
    """Everything is sent, and the view counts each fact once."""

    async def all_there() -> bool:
        rows = await probe.rows("SELECT id, coins, facts FROM pot_view")
        shown = {str(row["id"]): (row["coins"], row["facts"]) for row in rows}
        unsent = await probe.rows("SELECT 1 FROM unsent LIMIT 1")
        return not unsent and shown == {str(pot): (n, n) for pot, n in pots.items()}

    await eventually(all_there, 40)


async def ten_read_then_lost(
    stack: Servers, database: Database, topic: str, *, anew: int
) -> tuple[Service, toy.PotId]:
    """A view has read ten facts; then the topic is lost, and so many come while nobody reads."""
    view = toy.service(replace(toy.VIEW, topics=(topic,), consumer=f"{topic}.view"))
    pot = toy.PotId.new()
    async with testing.running(view, database, bootstrap=stack.bootstrap) as probe:
        for number in range(10):
            await probe.running.dispatch(add(pot, f"first:{number}"))
        await settled(probe, {pot: 10})
    await lose(stack, topic)
    async with testing.running(toy.service(), database, bootstrap=stack.bootstrap) as probe:
        for number in range(anew):
            await probe.running.dispatch(add(pot, f"second:{number}"))
        await settled(probe, {pot: 10})
    return view, pot


async def compare(database: Database, stack: Servers, *, repair: bool = False) -> Difference:
    return await reconcile(database.relay_url, stack.bootstrap, "toy", repair=repair)


async def test_a_topic_made_anew_is_filled_from_the_log_and_changes_nothing(
    live: Probe, stack: Servers, toy_database: Database, topic: str
) -> None:
    pots = dict.fromkeys([toy.PotId.new() for _ in range(8)], 10)
    for pot in pots:
        for number in range(10):
            await live.running.dispatch(add(pot, f"{pot}:{number}"))
    await settled(live, pots)
    assert (await compare(toy_database, stack)).is_none
    await lose(stack, topic)
    lost = await compare(toy_database, stack)
    assert (lost.facts, lost.lacking, lost.sent_again, lost.unknown) == (80, 80, 0, 0)
    for pot in pots:
        await live.running.dispatch(add(pot, f"{pot}:new"))
    await settled(live, dict.fromkeys(pots, 11))  # before anything is repaired
    assert (await compare(toy_database, stack, repair=True)).sent_again == 88
    for pot in pots:  # news come while the old facts are sent again
        await live.running.dispatch(add(pot, f"{pot}:newer"))
    pots = dict.fromkeys(pots, 12)
    await settled(live, pots)
    assert (await compare(toy_database, stack)).is_none
    records = await read_all(stack.bootstrap, topic, 104)
    assert sorted(set(records)) == sorted((str(pot), n) for pot in pots for n in range(1, 13))
    assert await live.rows("SELECT 1 FROM parked") == []

    async def all_read_again() -> bool:
        rows = await live.rows("SELECT sum(next_offset)::integer AS read FROM positions")
        return bool(rows[0]["read"] == 104)

    await eventually(all_read_again)


async def test_a_position_of_a_lost_log_is_not_believed_after_a_restart(
    stack: Servers, toy_database: Database, topic: str
) -> None:
    # More records than before, while nobody reads: the old position lies within the new log.
    view, pot = await ten_read_then_lost(stack, toy_database, topic, anew=20)
    async with testing.running(view, toy_database, bootstrap=stack.bootstrap) as probe:
        await settled(probe, {pot: 30})
        assert await probe.rows("SELECT 1 FROM parked WHERE settled_at IS NULL") == []


@pytest.mark.parametrize("records", [0, 1, 8, 9, 10])
async def test_a_log_that_ends_before_the_position_is_read_from_its_beginning(
    stack: Servers, toy_database: Database, topic: str, records: int
) -> None:
    view, pot = await ten_read_then_lost(stack, toy_database, topic, anew=records)
    # With nine, reading goes on at the very end of the new log, and no record comes to refute.
    async with testing.running(view, toy_database, bootstrap=stack.bootstrap) as probe:
        await settled(probe, {pot: 10 + records})

        async def believed() -> bool:
            rows = await probe.rows("SELECT next_offset FROM positions")
            return [row["next_offset"] for row in rows] == [records] * bool(records)

        await eventually(believed)
        assert await probe.rows("SELECT 1 FROM parked") == []


async def test_what_was_parked_of_a_lost_log_does_not_hide_a_record_of_the_new_one(
    probe: Probe,
) -> None:
    first = probe.arrival(toy.CoinAdded(pot_id=toy.PotId.new(), coins=99))
    other = probe.arrival(toy.CoinAdded(pot_id=toy.PotId.new(), coins=99))
    await probe.deliver("toy.view", first)
    async with probe.running.database.transaction() as tx:
        await places.forget(tx, "toy.view", TopicPartition(first.topic, first.partition))
    await probe.deliver("toy.view", replace(other, offset=first.offset))
    rows = await probe.rows('SELECT key FROM parked WHERE settled_at IS NULL ORDER BY "offset"')
    assert [row["key"] for row in rows] == [first.key, other.key]


async def test_what_only_kafka_holds_is_named_and_not_merged(
    live: Probe, stack: Servers, toy_database: Database
) -> None:
    pot = toy.PotId.new()
    for number in range(3):
        await live.running.dispatch(add(pot, f"{number}"))
    await settled(live, {pot: 3})
    url = make_url(toy_database.owner_url).set(drivername="postgresql")
    owner = await asyncpg.connect(url.render_as_string(hide_password=False))
    try:  # the log loses its last fact, as a database does that was restored to a moment before
        await owner.execute("DELETE FROM event_log WHERE version = 3")
        await owner.execute("UPDATE event_log SET event_id = gen_random_uuid() WHERE version = 2")
    finally:
        await owner.close()
    found = await compare(toy_database, stack)
    assert (found.lacking, found.unknown, found.contradicting) == (1, 1, 1)
    assert not found.is_none


@pytest.mark.parametrize("again", [False, True])
async def test_no_fact_is_changed_by_a_repair(
    live: Probe, stack: Servers, toy_database: Database, topic: str, *, again: bool
) -> None:
    pot = toy.PotId.new()
    await live.running.dispatch(add(pot, "one"))
    await settled(live, {pot: 1})
    before = await live.facts()
    if again:
        await lose(stack, topic)
    found = await compare(toy_database, stack, repair=True)
    assert found.sent_again == int(again)
    await settled(live, {pot: 1})
    assert await live.facts() == before
