"""One real broker is used by all tests of this file in turn, because starting one takes seconds."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from contracts.catalog import Topic
from local import jars, processes, topics
from local.errors import PortTaken, StackError
from local.kafka import Kafka

pytestmark = pytest.mark.integration


def topic(name: str, partitions: int = 1, *, compacted: bool = False) -> Topic:
    return Topic(name, "local", readers=(), partitions=partitions, compacted=compacted)


FACTS = topic("local.facts.v1")


@pytest.fixture(scope="module")
def kafka(open_folder: Path) -> Iterator[Kafka]:
    asyncio.run(jars.fetch(jars.directory(), jars.locked()))
    cluster = Kafka(open_folder / "kafka")
    asyncio.run(cluster.start())
    asyncio.run(topics.create(cluster.bootstrap, [FACTS]))
    yield cluster
    cluster.kill_all()


async def write(bootstrap: str, value: bytes) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, request_timeout_ms=5000
    )
    async with asyncio.timeout(30), producer:
        await producer.send_and_wait(FACTS.name, value)


async def read(bootstrap: str) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    partition = TopicPartition(FACTS.name, 0)
    found: list[bytes] = []
    async with asyncio.timeout(30), consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        while len(found) < end:
            batch = await consumer.getmany(timeout_ms=200)
            found += [record.value for record in batch.get(partition, [])]
    return found


async def test_a_stopped_broker_comes_back_with_its_address_and_its_data(kafka: Kafka) -> None:
    await write(kafka.bootstrap, b"before the stop")
    address = kafka.bootstrap
    await kafka.stop()
    assert kafka.pids == {}
    # Meanwhile another process got the pid that an old file names: it must be left alone.
    innocent = await asyncio.create_subprocess_exec("sleep", "60")
    (kafka.folder / "node-1" / "pid").write_text(str(innocent.pid))
    await kafka.start()
    assert innocent.returncode is None
    innocent.kill()
    assert await innocent.wait() == -signal.SIGKILL
    assert kafka.bootstrap == address
    assert (await read(address))[-1] == b"before the stop"


async def test_a_killed_broker_comes_back_with_every_acknowledged_fact(kafka: Kafka) -> None:
    await write(kafka.bootstrap, b"before the kill")
    killed = kafka.pids[1]
    kafka.kill(1)
    await kafka.restart(1)
    assert kafka.pids[1] != killed
    assert (await read(kafka.bootstrap))[-1] == b"before the kill"
    await write(kafka.bootstrap, b"after the kill")


async def test_the_broker_logs_to_its_file(kafka: Kafka) -> None:
    text = kafka.logs[0].read_text(encoding="utf-8")
    assert "Kafka Server started" in text


async def test_topics_are_made_once_in_the_shape_of_the_contracts(kafka: Kafka) -> None:
    wanted = [
        topic("local.kept.v1", 3),
        topic("local.newest.v1", 1, compacted=True),
    ]
    assert await topics.create(kafka.bootstrap, wanted) == 2
    assert await topics.create(kafka.bootstrap, wanted) == 0


@pytest.mark.parametrize(
    "other",
    [
        topic("local.shape.v1", 2),
        topic("local.shape.v1", 1, compacted=True),
    ],
)
async def test_a_topic_in_another_shape_is_refused(kafka: Kafka, other: Topic) -> None:
    await topics.create(kafka.bootstrap, [topic("local.shape.v1", 1)])
    with pytest.raises(topics.WrongTopic, match=r"local\.shape\.v1 exists with 1 partitions"):
        await topics.create(kafka.bootstrap, [other])


async def test_a_topic_that_nobody_made_does_not_come_into_being(kafka: Kafka) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, request_timeout_ms=1000)
    async with producer:
        with pytest.raises(Exception, match="UnknownTopicOrPartition"):
            await asyncio.wait_for(producer.send_and_wait("local.nobody.v1", b"lost"), 10)


async def test_a_fixed_port_that_is_used_is_named(kafka: Kafka, open_folder: Path) -> None:
    port = int(kafka.bootstrap.rpartition(":")[2])
    with pytest.raises(PortTaken, match=f"Port {port} for Kafka is used by another program"):
        await Kafka(open_folder / "second", port=port).start()


async def test_a_broker_that_cannot_start_says_where_its_log_is(open_folder: Path) -> None:
    broken = Kafka(open_folder / "broken", java_options=("-XX:NoSuchOption",))
    with pytest.raises(StackError, match=r"broker 1 ended with 1 while starting\. Its log"):
        await broken.start()
    assert broken.pids == {}


@pytest.mark.parametrize("brokers", [0, 4])
def test_there_are_one_to_three_brokers(tmp_path: Path, brokers: int) -> None:
    with pytest.raises(ValueError, match="one to three"):
        Kafka(tmp_path, brokers)


async def test_a_broker_left_by_a_killed_run_is_ended_before_the_next_starts(
    kafka: Kafka,
) -> None:
    left = psutil.Process(kafka.pids[1])
    successor = Kafka(kafka.folder)
    await successor.start()
    try:
        assert processes.wait_gone([left], 0)
        assert successor.bootstrap == kafka.bootstrap
        assert successor.pids[1] != left.pid
    finally:
        successor.kill_all()


@pytest.mark.chaos
@pytest.mark.timeout(180)
async def test_three_brokers_lose_nothing_when_one_is_killed(open_folder: Path) -> None:
    cluster = Kafka(open_folder / "three", brokers=3)
    try:
        await cluster.start()
        await topics.create(cluster.bootstrap, [FACTS])
        await write(cluster.bootstrap, b"acknowledged by three")
        os.kill(cluster.pids[2], signal.SIGKILL)
        await write(cluster.bootstrap, b"acknowledged by two")
        await cluster.restart(2)
        assert len(cluster.pids) == 3
        found = await read(cluster.bootstrap)
        assert found == [b"acknowledged by three", b"acknowledged by two"]
    finally:
        cluster.kill_all()
