"""Leaders of a cluster: which broker leads a hot partition, and an election among the living."""

from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka import ElectionType
from confluent_kafka.admin import AdminClient

from chassis.kafka import Access, client
from local.locks import librdkafka

HOT_TOPIC = "queue.tickets.v1"
_ELECTION_SECONDS = 10.0


async def leader_of(access: Access, topic: str, partition: int = 0) -> int:
    """The number of the broker that leads a partition. TimeoutError when nobody does."""
    admin = AIOKafkaAdminClient(**client(access), request_timeout_ms=5000)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    for one in described["partitions"]:
        if one["partition"] == partition and one["leader"] >= 0:
            return int(one["leader"])
    raise TimeoutError(f"nobody leads {topic} {partition}")


def elect_leaders(access: Access) -> str:
    """Let the preferred brokers lead again, over all partitions; what came of it, in words."""
    admin = AdminClient({**librdkafka(access), "log_level": 2})  # brokers are missing: no news
    outcome = admin.elect_leaders(ElectionType.PREFERRED)
    found = outcome.result(timeout=_ELECTION_SECONDS)
    moved = sum(error is None for error in found.values())
    return f"{moved} partitions moved"
