"""The only place where Kafka clients are made, so that what keeps data safe is set once.

The libraries' own defaults lose records: acknowledged by one broker, no idempotence, reading from
the end.
"""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from faststream.kafka import KafkaBroker

# Low, so that a frozen broker is given up within seconds instead of the client's 40.
REQUEST_TIMEOUT_MS = 5_000
# How long a killed consumer's partitions wait for its successor; also how long an event loop may be
# held up. A consumer that loses its place too early does harm to nobody: its inbox knows repeats.
SESSION_TIMEOUT_MS = 8_000
# How soon a consumer by pattern learns of a new agency's topic.
METADATA_MAX_AGE_MS = 5_000
# A consumer with patience is answered when so much is there, or when its patience ends.
PATIENT_FETCH_BYTES = 65_536


def new_producer(bootstrap: str, client_id: str) -> AIOKafkaProducer:
    """A producer that does not lose, double or reorder what one task sends. Not yet started."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=131_072,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
    )


def new_reader(bootstrap: str, client_id: str) -> AIOKafkaConsumer:
    """A client that reads what is there, in no group and without a trace. Not yet started."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )


async def partitions(bootstrap: str, client_id: str, topics: Sequence[str]) -> list[TopicPartition]:
    """The partitions of these topics; a topic that Kafka does not have has none."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, client_id=client_id, request_timeout_ms=REQUEST_TIMEOUT_MS
    )
    await admin.start()
    try:
        described = await admin.describe_topics(list(topics)) if topics else []
    finally:
        await admin.close()
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]


def new_broker(bootstrap: str, client_id: str) -> KafkaBroker:
    """The FastStream broker that only consumes: facts leave through the relay."""
    return KafkaBroker(
        bootstrap,
        client_id=client_id,
        consumer_only=True,
        allow_auto_create_topics=False,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        graceful_timeout=10,
        apply_types=False,
        logger=None,
    )


def consumer_settings(patience_seconds: float) -> dict[str, Any]:
    """What every consumer is made with; with patience, the broker gathers records that long."""
    return {
        "batch": True,
        "auto_offset_reset": "earliest",
        "partition_assignment_strategy": (StickyPartitionAssignor,),
        "session_timeout_ms": SESSION_TIMEOUT_MS,
        "heartbeat_interval_ms": 2_000,
        "max_poll_interval_ms": 300_000,
        "batch_timeout_ms": 20,
        "fetch_min_bytes": PATIENT_FETCH_BYTES if patience_seconds else 1,
        "fetch_max_wait_ms": int(patience_seconds * 1000) or 500,
    }
