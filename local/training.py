"""One run of a broker from which Java learns the ahead-of-time cache; its data are thrown away."""

import asyncio
import logging
import os
import tempfile
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from chassis.kafka import Where, client
from local import aot
from local.errors import StackError
from local.kafka import Kafka

log = logging.getLogger(__name__)
TOPIC = "training"
WRITE_SECONDS = 120.0
CONSUME_SECONDS = 15.0


async def train() -> bool:
    """Make the cache if there is none; whether there is one now.

    A training that fails is no error: brokers start the ordinary way, the next call tries again.
    """
    target = aot.cache_file()
    if target.exists():
        return True
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that a new broker is slow is no news
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            if await _run(Path(scratch), part) and part.exists():
                part.replace(target)
    except (StackError, KafkaError, OSError, TimeoutError) as error:
        log.warning("Kafka will start slowly, its training failed: %s", error)
    finally:
        part.unlink(missing_ok=True)
    return target.exists()


async def _run(scratch: Path, cache: Path) -> bool:
    """One run of a broker; whether Java had the time to write its whole cache."""
    kafka = Kafka(scratch, java_options=(f"-XX:AOTCacheOutput={cache}",))
    kafka.lock("training")
    try:
        await kafka.start()
        await _exercise(kafka.admin)
        return await kafka.stop(WRITE_SECONDS)  # it is written while Java ends
    finally:
        kafka.kill_all()


async def _exercise(where: Where) -> None:
    """Use what every later start uses, so that its classes are in the cache."""
    admin = AIOKafkaAdminClient(**client(where))
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, num_partitions=2, replication_factor=1)])
    await admin.close()
    producer = AIOKafkaProducer(**client(where), enable_idempotence=True, compression_type="lz4")
    await producer.start()
    for number in range(50):
        await producer.send(TOPIC, b"a fact", key=str(number).encode())
    await producer.stop()
    consumer = AIOKafkaConsumer(
        TOPIC, **client(where), group_id=TOPIC, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        await asyncio.wait_for(consumer.getone(), CONSUME_SECONDS)
        await consumer.commit()
    finally:
        await consumer.stop()
