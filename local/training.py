"""One run of a broker from which Java learns the ahead-of-time cache; its data are thrown away."""

import asyncio
import logging
import os
import tempfile
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from local import aot
from local.kafka import Kafka

TOPIC = "training"
CONSUME_SECONDS = 15.0


async def train() -> None:
    """Make the cache if there is none. Raises StackError when the broker does not start."""
    target = aot.cache_file()
    if target.exists():
        return
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that a new broker is slow is no news
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        kafka = Kafka(Path(scratch), java_options=(f"-XX:AOTCacheOutput={part}",))
        try:
            await kafka.start()
            await _exercise(kafka.bootstrap)
            await kafka.stop()  # Java writes the cache while it ends
        finally:
            kafka.kill_all()
    if part.exists():
        part.replace(target)


async def _exercise(bootstrap: str) -> None:
    """Use what every later start uses, so that its classes are in the cache."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, num_partitions=2, replication_factor=1)])
    await admin.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, compression_type="lz4"
    )
    await producer.start()
    for number in range(50):
        await producer.send(TOPIC, b"a fact", key=str(number).encode())
    await producer.stop()
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=bootstrap, group_id=TOPIC, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        await asyncio.wait_for(consumer.getone(), CONSUME_SECONDS)
        await consumer.commit()
    finally:
        await consumer.stop()
