"""What waits anywhere: facts that Kafka has not got, and records that a consumer has not applied.

It asks databases and Kafka themselves, as their owners, because the services' own figures are as
old as their last look.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from local.kafka_settings import ADMIN
from local.locks import librdkafka
from local.plan import SERVICES
from tests.chaos.target import Target

_SECONDS = 5.0
_ENDS = "SELECT coalesce(max(seq), 0) FROM event_log"
_UNSENT = "SELECT EXISTS (SELECT FROM unsent WHERE seq <= $1)"
_POSITIONS = "SELECT consumer, topic, partition, next_offset FROM positions"
Place = tuple[str, int]


class Backlog:
    """A view of all logs and positions. Each question raises what its connection raises."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._admin = AdminClient(
            {**librdkafka(target.platform.kafka(ADMIN)), "log_level": 2}  # absent brokers: no news
        )
        self._connections: dict[str, Any] = {}
        self._locks = {service: asyncio.Lock() for service in SERVICES}

    async def ends(self) -> dict[str, int]:
        """How far the log of each service reaches now."""
        found = await asyncio.gather(*(self._fetch(service, _ENDS) for service in SERVICES))
        return {service: rows[0][0] for service, rows in zip(SERVICES, found, strict=True)}

    async def is_sent(self, ends: Mapping[str, int]) -> bool:
        """Whether Kafka has every fact up to there."""
        found = await asyncio.gather(
            *(self._fetch(service, _UNSENT, end) for service, end in ends.items())
        )
        return not any(rows[0][0] for rows in found)

    async def kafka_ends(self) -> dict[Place, int]:
        """Where each partition ends now."""
        return await asyncio.to_thread(self._kafka_ends)

    async def is_applied(self, ends: Mapping[Place, int]) -> bool:
        """Whether each consumer has applied all of its topics up to there."""
        found = await asyncio.gather(*(self._fetch(service, _POSITIONS) for service in SERVICES))
        return covers({(row[0], row[1], row[2]): row[3] for rows in found for row in rows}, ends)

    async def close(self) -> None:
        """Let go of the databases."""
        for connection in self._connections.values():
            connection.terminate()
        self._connections.clear()

    def _kafka_ends(self) -> dict[Place, int]:
        topics = self._admin.list_topics(timeout=_SECONDS).topics
        wanted = {
            TopicPartition(name, number): OffsetSpec.latest()  # type: ignore[no-untyped-call] # theirs
            for name, topic in topics.items()
            if not name.startswith("__")
            for number in topic.partitions
        }
        asked = self._admin.list_offsets(wanted, request_timeout=_SECONDS)
        return {
            (place.topic, place.partition): future.result(_SECONDS).offset
            for place, future in asked.items()
        }

    async def _fetch(self, service: str, query: str, *arguments: object) -> Any:
        async with self._locks[service]:
            connection = self._connections.get(service)
            if connection is None:
                connection = await self._target.server.connect(service)
                self._connections[service] = connection
            try:
                return await connection.fetch(query, *arguments)
            except BaseException:
                connection.terminate()  # whatever it was: the next question begins anew
                del self._connections[service]
                raise


def covers(positions: Mapping[tuple[str, str, int], int], ends: Mapping[Place, int]) -> bool:
    """Whether each consumer is at the end of every partition of the topics that it reads."""
    readers = {(consumer, topic) for consumer, topic, _ in positions}
    return all(
        positions.get((consumer, topic, partition), 0) >= end
        for consumer, topic in readers
        for (name, partition), end in ends.items()
        if name == topic
    )
