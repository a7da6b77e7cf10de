"""A relay ends in time although Kafka does not answer; what it held is sent by the next one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chassis import testing
from chassis.sending import Sender
from chassis.testing import Probe
from contracts.catalog import Topic
from local import jars, topics
from local.kafka import Kafka
from local.testing import Database
from tests.chassis import toy
from tests.chassis.test_kafka import add, eventually, read_all

TOPIC = Topic(toy.CoinAdded.topic, "toy", readers=(), partitions=3)
STOP_SECONDS = 15
"""Less than a container gets until it is killed, and than a send may last."""


@pytest.fixture
async def kafka(tmp_path: Path) -> AsyncIterator[Kafka]:
    """A broker of our own, because it is killed."""
    await jars.fetch(jars.directory(), jars.locked())
    cluster = Kafka(tmp_path)
    await cluster.start()
    await topics.create(cluster.bootstrap, [TOPIC])
    yield cluster
    cluster.kill_all()


async def until_sent(probe: Probe) -> None:
    async def all_sent() -> bool:
        return not await probe.rows("SELECT 1 FROM unsent")

    await eventually(all_sent, 60)


def at_work() -> set[str]:
    """The functions that tasks of this loop run."""
    return {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}


@pytest.mark.timeout(240)
async def test_a_relay_that_waits_for_a_dead_kafka_ends_and_the_next_sends_what_it_held(
    kafka: Kafka, toy_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = asyncio.Event()
    deliver = Sender.deliver

    async def told(sender: Sender, rows: Sequence[Any]) -> Any:
        sending.set()
        return await deliver(sender, rows)

    pot = toy.PotId.new()
    async with testing.running(toy.service(), toy_database, bootstrap=kafka.bootstrap) as probe:
        relay = probe.running.relay
        assert relay is not None
        await probe.running.dispatch(add(pot, "one"))
        await until_sent(probe)
        assert "Sender._sender_routine" in at_work()
        kafka.kill()
        monkeypatch.setattr(Sender, "deliver", told)
        await probe.running.dispatch(add(pot, "two"))
        async with asyncio.timeout(20):
            await sending.wait()
        async with asyncio.timeout(STOP_SECONDS):
            await relay.stop()
        assert len(await probe.rows("SELECT 1 FROM unsent")) == 1
        # Nothing of its client goes on: it would send beside the next relay.
        assert "Sender._sender_routine" not in at_work()
    await kafka.restart()
    async with testing.running(toy.service(), toy_database, bootstrap=kafka.bootstrap) as probe:
        await until_sent(probe)
    records = await read_all(kafka.bootstrap, TOPIC.name, 2)
    # What was on its way when Kafka died may be there twice: readers know a repeat.
    assert list(dict.fromkeys(records)) == [(str(pot), 1), (str(pot), 2)]
