"""What is on a topic, read in no group: everything at the first look, later what is new."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from chassis import kafka


class Unreachable(Exception):
    """Kafka cannot be read now; the text says why."""


class Tail:
    """Remembers how far it has read, in this process only."""

    def __init__(self, where: kafka.Where, client_id: str, topic: str) -> None:
        self._where = where
        self._client_id = client_id
        self._topic = topic
        self._next: dict[TopicPartition, int] = {}

    async def pages(self) -> AsyncGenerator[Sequence[Any], None]:
        """Records that no earlier look has taken, to what was the end when this one began.

        A page counts as taken when the next one is asked for. A topic that was made anew is read
        from its beginning. Raises Unreachable.
        """
        try:
            reader = kafka.new_reader(self._where, self._client_id)
            try:
                await reader.start()
                async for page in self._pages(reader):
                    yield page
            finally:
                await reader.stop()
        except (KafkaError, OSError) as problem:
            raise Unreachable(await kafka.reason(self._where, problem)) from problem

    async def _pages(self, reader: AIOKafkaConsumer) -> AsyncIterator[Sequence[Any]]:
        places = await kafka.partitions(self._where, self._client_id, [self._topic])
        async for records in kafka.all_records(reader, places, self._next):
            if records:
                yield records
                last = records[-1]
                self._next[TopicPartition(last.topic, last.partition)] = last.offset + 1
