"""Makes the topics of the contracts on a cluster; one that exists in another shape is an error."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from chassis.kafka import Where, client
from contracts.catalog import Topic
from local.errors import StackError

TOPIC_EXISTS = 36
MAX_COPIES = 3


class WrongTopic(StackError):
    """A topic exists with other partitions or another cleanup policy than the contracts say."""


@dataclass(frozen=True)
class _Shape:
    partitions: int
    cleanup: str


async def create(where: Where, topics: Sequence[Topic]) -> int:
    """Create what is missing, check the rest, and return how many topics were new."""
    admin = AIOKafkaAdminClient(**client(where))
    await admin.start()
    try:
        copies = min(MAX_COPIES, len((await admin.describe_cluster())["brokers"]))
        answer = await admin.create_topics([_new(topic, copies) for topic in topics])
        for name, code, reason in answer.topic_errors:
            if code not in {0, TOPIC_EXISTS}:
                raise StackError(f"Kafka refused to create the topic {name}: {reason}")
        old = {name for name, code, _ in answer.topic_errors if code == TOPIC_EXISTS}
        await _check(admin, [topic for topic in topics if topic.name in old])
        return len(topics) - len(old)
    finally:
        await admin.close()


def _new(topic: Topic, copies: int) -> NewTopic:
    return NewTopic(
        topic.name,
        num_partitions=topic.partitions,
        replication_factor=copies,
        topic_configs={"cleanup.policy": _wanted(topic).cleanup},
    )


def _wanted(topic: Topic) -> _Shape:
    return _Shape(topic.partitions, "compact" if topic.compacted else "delete")


async def _check(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
    if not topics:
        return
    names = [topic.name for topic in topics]
    described = await admin.describe_topics(names)
    partitions = {one["topic"]: len(one["partitions"]) for one in described}
    wanted = {"cleanup.policy": None}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, wanted) for name in names]
    cleanup = {
        resource[3]: resource[4][0][1]
        for answer in await admin.describe_configs(resources)
        for resource in answer.resources
    }
    for topic in topics:
        found = _Shape(partitions[topic.name], cleanup[topic.name])
        if found != _wanted(topic):
            raise WrongTopic(
                f"The topic {topic.name} exists with {found.partitions} partitions and cleanup "
                f"{found.cleanup}, the contracts want {topic.partitions} and "
                f"{_wanted(topic).cleanup}: start with fresh data (`loket up --fresh`), or give "
                "the topic a new version."
            )
