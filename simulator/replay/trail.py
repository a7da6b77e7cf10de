"""Reads the trail back into the book: through the public API as an operator, and from Kafka."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from chassis.kafka import Where, client
from contracts.catalog import EVENTS, Topic, topic_of
from contracts.envelope import format_time, from_headers
from contracts.ids import ApplicationId
from contracts.tracking import ActivityRecorded
from simulator.platform import Answered, Calls
from simulator.replay.book import Book, Seen, Source, content_of
from simulator.replay.http_door import OPERATOR

PAGE = 1000
POLL_SECONDS = 0.3
SETTLE_SECONDS = 1.0
_REQUEST_MS = 5_000
_TYPES = {event.wire_type() for event in EVENTS if event.topic == ActivityRecorded.topic}
_Fact = tuple[ApplicationId, Seen]


class Unreadable(Exception):
    """The trail cannot be read back, so nothing can be said about it."""


class Watch:
    """Tells when a source has shown all, or nothing new for so long that waiting is no use."""

    def __init__(self, expected: int, patience_seconds: float) -> None:
        self._left = expected
        self._patience = patience_seconds
        self._moved_at = time.monotonic()

    def moved(self, new: int) -> None:
        """So many expected facts were met for the first time."""
        self._left -= new
        if new:
            self._moved_at = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether to stop: what has not come by now counts as lost."""
        standing_still = time.monotonic() - self._moved_at
        # Even when all is there, a moment is left for what should not come: a fact twice.
        return standing_still > (self._patience if self._left > 0 else SETTLE_SECONDS)


async def read_api(
    calls: Calls, book: Book, watch: Watch, advance: Callable[[int], None] = lambda _new: None
) -> None:
    """Page through the timeline of everybody until all is there, or it stands still."""
    after = 0
    while True:
        try:
            page = await calls.get(
                "tracking",
                "/v1/timeline",
                headers=await calls.bearer(OPERATOR),
                after=after,
                limit=PAGE,
            )
        except (httpx.HTTPError, Answered) as problem:
            if watch.is_over:
                raise Unreadable(f"the timeline cannot be read: {problem}") from problem
            await asyncio.sleep(POLL_SECONDS)
            continue
        _keep(book, "api", (_from_entry(entry, book) for entry in page["entries"]), watch, advance)
        after = page["next"]
        if len(page["entries"]) < PAGE:
            if watch.is_over:
                return
            await asyncio.sleep(POLL_SECONDS)


async def read_kafka(
    where: Where, book: Book, watch: Watch, advance: Callable[[int], None] = lambda _new: None
) -> None:
    """Read the topic of applications from its beginning until all is there, or it stands still."""
    consumer = AIOKafkaConsumer(
        **client(where),
        client_id="replay-trail",
        enable_auto_commit=False,
        request_timeout_ms=_REQUEST_MS,
    )
    try:
        await consumer.start()
    except KafkaError as problem:
        raise Unreadable(f"Kafka cannot be read: {type(problem).__name__}") from problem
    try:
        places = _places(topic_of(ActivityRecorded))
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        while not watch.is_over:
            found = await consumer.getmany(timeout_ms=int(POLL_SECONDS * 1000), max_records=2000)
            records = (record for batch in found.values() for record in batch)
            _keep(book, "kafka", (_from_record(record, book) for record in records), watch, advance)
    finally:
        await consumer.stop()


def _keep(
    book: Book,
    source: Source,
    facts: Iterable[_Fact | None],
    watch: Watch,
    advance: Callable[[int], None],
) -> None:
    new = book.add_seen(source, (fact for fact in facts if fact is not None))
    watch.moved(new)
    advance(new)


def _places(topic: Topic) -> list[TopicPartition]:
    return [TopicPartition(topic.name, number) for number in range(topic.partitions)]


def _from_entry(entry: Mapping[str, Any], book: Book) -> _Fact | None:
    """A line of the timeline, if it is a fact about an application of ours."""
    if entry["type"] not in _TYPES or not book.is_ours(ApplicationId(entry["key"])):
        return None
    time_ = format_time(datetime.fromisoformat(entry["time"]))
    event = UUID(entry["event_id"]).bytes
    return _fact(entry["type"], entry["data"], entry["version"], event, time_)


def _from_record(record: Any, book: Book) -> _Fact | None:
    # Most of the topic may be about others: reading on would cost more than all the rest.
    if not book.is_ours(ApplicationId(record.key.decode())):
        return None
    envelope = from_headers(record.headers)
    data, version = json.loads(record.value), envelope.version or 0
    return _fact(envelope.type, data, version, envelope.id.bytes, format_time(envelope.time))


def _fact(
    wire_type: str, data: Mapping[str, Any], version: int, event: bytes, time_: str
) -> _Fact | None:
    if wire_type not in _TYPES:
        return None
    application = ApplicationId(data["application_id"])
    if wire_type != ActivityRecorded.wire_type():
        return application, Seen(version, event)
    content = content_of(data["agency"], data["activity"], data["lifecycle"], time_)
    return application, Seen(version, event, UUID(data["report_id"]).bytes, content)
