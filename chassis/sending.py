"""A page of the log on its way to Kafka, in batches that are filled by hand, one per partition.

One `send` per fact would cost several times as much: a lock, a future and a look-up each. Only one
task may send: many at once would overtake each other.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.partitioner import DefaultPartitioner
from opentelemetry.trace import Span

from chassis import records
from chassis.failpoints import failpoint
from contracts.envelope import to_headers

_log = structlog.get_logger("chassis.relay")

_SEND_TIMEOUT_SECONDS = 30.0
# A topic that Kafka does not have holds back its own facts only, and is looked for now and then.
_ABSENT_SECONDS = 10.0
_LOOK_FOR_TOPIC_SECONDS = 1.0
_KEYS_REMEMBERED = 50_000
_PARTITIONER = DefaultPartitioner()

Outcome = BaseException | None
"""None when Kafka has acknowledged a fact, else why not."""


class Absent:
    """The topics that Kafka lacks, or lets us not write to; they are tried again after a while."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def topics(self) -> list[str]:
        """Those which are not worth a try now."""
        return [topic for topic in self._until if self.holds(topic)]

    def holds(self, topic: str) -> bool:
        """Whether a topic is not worth a try now."""
        return self._until.get(topic, 0.0) > time.monotonic()

    def was(self, topic: str) -> bool:
        """Whether the last try found nothing."""
        return topic in self._until

    def note(self, topic: str) -> None:
        """It is not there."""
        self._until[topic] = time.monotonic() + _ABSENT_SECONDS
        _log.warning("relay.topic_absent", topic=topic, again_in_seconds=_ABSENT_SECONDS)

    def found(self, topic: str) -> None:
        """It is there."""
        self._until.pop(topic, None)


@dataclass(slots=True)
class _Lane:
    """What goes to one partition next, and which rows of the page that is."""

    batch: Any
    numbers: list[int] = field(default_factory=list)


class Sender:
    """Sends for one service through one producer."""

    def __init__(self, producer: AIOKafkaProducer, service: str, absent: Absent) -> None:
        self._producer = producer
        self._service = service
        self._absent = absent
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._flying: list[tuple[asyncio.Future[Any], list[int]]] = []

    async def deliver(self, rows: Sequence[Any]) -> list[Outcome]:
        """Send rows of the log in their order; returns what came of each."""
        outcomes: list[Outcome] = [KafkaError("not sent")] * len(rows)
        spans: list[Span] = []
        self._lanes, self._flying = {}, []
        try:
            async with asyncio.timeout(_SEND_TIMEOUT_SECONDS):
                await self._fill(rows, outcomes, spans)
                for place in list(self._lanes):
                    await self._dispatch(place)
                await failpoint("relay.after_send")
                if self._flying:
                    await asyncio.wait([future for future, _ in self._flying])
        except (KafkaError, TimeoutError) as problem:
            _log.warning("relay.send_failed", reason=type(problem).__name__, facts=len(rows))
        for span in spans:
            span.end()
        for future, numbers in self._flying:
            outcome = records.failure(future)
            for number in numbers:
                outcomes[number] = outcome
        return outcomes

    async def _fill(self, rows: Sequence[Any], outcomes: list[Outcome], spans: list[Span]) -> None:
        counts: dict[str, int] = {}
        for number, row in enumerate(rows):
            topic, key = row["topic"], row["key"].encode()
            if topic not in counts:
                counts[topic] = await self._partitions(topic)
            if not counts[topic]:
                outcomes[number] = UnknownTopicOrPartitionError(topic)
                continue
            span, traceparent = records.begin_span(row)
            spans.append(span)
            headers = to_headers(records.envelope(row, self._service, traceparent))
            place = (topic, _partition(key, counts[topic]))
            await self._add(place, number, key, row["payload"].encode(), headers)

    async def _partitions(self, topic: str) -> int:
        """How many partitions the topic has; 0 when it is not there for us."""
        if self._absent.holds(topic):
            return 0
        try:
            # The client waits long for a topic that it does not know; once was enough.
            async with asyncio.timeout(
                _LOOK_FOR_TOPIC_SECONDS if self._absent.was(topic) else None
            ):
                found = await self._producer.partitions_for(topic)
        except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError, TimeoutError):
            # Kafka does not tell who may not write to a topic whether it is there.
            self._absent.note(topic)
            return 0
        self._absent.found(topic)
        return len(found)

    async def _add(
        self,
        place: tuple[str, int],
        number: int,
        key: bytes,
        value: bytes,
        headers: list[tuple[str, bytes]],
    ) -> None:
        lane = self._lanes.get(place)
        if lane is not None and self._append(lane, number, key, value, headers):
            return
        if lane is not None:
            await self._dispatch(place)
        # The first record of a batch is taken whatever its size; Kafka judges it.
        fresh = self._lanes[place] = _Lane(self._producer.create_batch())
        if not self._append(fresh, number, key, value, headers):
            raise KafkaError("an empty batch took no record")

    @staticmethod
    def _append(
        lane: _Lane, number: int, key: bytes, value: bytes, headers: list[tuple[str, bytes]]
    ) -> bool:
        if lane.batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
            return False
        lane.numbers.append(number)
        return True

    async def _dispatch(self, place: tuple[str, int]) -> None:
        lane = self._lanes.pop(place)
        lane.batch.close()
        topic, partition = place
        future = await self._producer.send_batch(lane.batch, topic, partition=partition)
        self._flying.append((future, lane.numbers))


@lru_cache(maxsize=_KEYS_REMEMBERED)
def _partition(key: bytes, count: int) -> int:
    """Where every Kafka client puts a key."""
    everywhere = list(range(count))
    return int(_PARTITIONER(key, everywhere, everywhere))
