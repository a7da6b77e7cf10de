"""A record as it came from Kafka, and what a consumer makes of it. No database here."""

import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from chassis import jsontext
from chassis.errors import Malformed
from contracts.base import Fact
from contracts.envelope import Envelope, MalformedEnvelope, from_headers

_KEY_MAX = 200
_WRITTEN_BY_OTHERS = "agency."
_AGGREGATES_REMEMBERED = 20_000
_OFFSET = attrgetter("offset")


# Not frozen: one of each is made per record, and a frozen one costs five times as much to make.
@dataclass(slots=True)
class Arrival:
    """One record. `parked_id` tells that it comes back from the parking lot.

    `timestamp_ms` is the time stamp that Kafka keeps with it. Nobody changes it.
    """

    topic: str
    partition: int
    offset: int
    key: str
    headers: tuple[tuple[str, bytes], ...]
    value: bytes
    parked_id: int | None = None
    timestamp_ms: int = 0

    def headers_text(self) -> str:
        """The headers as text that `headers_from` reads back byte for byte."""
        return json.dumps([[name, value.decode("latin-1")] for name, value in self.headers])


@dataclass(slots=True)
class Delivered:
    """A record that could be read. `fact` is None where the consumer does not look inside.

    Nobody changes it.
    """

    envelope: Envelope
    fact: Fact | None
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be applied: `reason` is a code, `detail` a sentence without content."""

    arrival: Arrival
    reason: str
    detail: str


def headers_from(text: str) -> tuple[tuple[str, bytes], ...]:
    """The reverse of `Arrival.headers_text`."""
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(text))


def arrival_of(record: Any) -> Arrival:
    """The record of the client library in our own form; its key made printable."""
    key = (record.key or b"").decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    return Arrival(
        record.topic,
        record.partition,
        record.offset,
        key[:_KEY_MAX],
        tuple([(name, value or b"") for name, value in record.headers]),
        record.value or b"",
        None,
        record.timestamp,
    )


def furthest(arrivals: Iterable[Arrival]) -> dict[tuple[str, int], Arrival]:
    """The record with the highest offset in each partition."""
    return {(one.topic, one.partition): one for one in sorted(arrivals, key=_OFFSET)}


@dataclass(frozen=True, slots=True)
class Reading:
    """Which events a consumer looks into, and which it knows of; None: it takes all unread."""

    events: Mapping[str, type[Fact]] | None
    known: Container[str]

    def read(self, arrival: Arrival) -> Delivered | Rejected:
        """What the record says, as far as this consumer wants to know."""
        try:
            envelope = from_headers(arrival.headers)
        except MalformedEnvelope as problem:
            return Rejected(arrival, "malformed_envelope", str(problem))
        if envelope.version is not None and not _is_uuid(envelope.subject):
            return Rejected(
                arrival, "malformed_envelope", "the subject of a numbered fact is a UUID"
            )
        if self.events is None:
            return Delivered(envelope, None, arrival)
        return self._look_inside(envelope, arrival, self.events)

    def _look_inside(
        self, envelope: Envelope, arrival: Arrival, events: Mapping[str, type[Fact]]
    ) -> Delivered | Rejected:
        if envelope.type not in self.known:
            return Rejected(arrival, "unknown_event", f"{envelope.type[:80]!a} is unknown here")
        event = events.get(envelope.type)
        if event is None:
            return Delivered(envelope, None, arrival)
        if not event.belongs_on(arrival.topic):
            return Rejected(arrival, "wrong_topic", "the event does not belong on this topic")
        try:
            # What the platform itself wrote needs no look for what two parsers might read
            # differently; the broker lets nobody else write there.
            read = (
                jsontext.read if arrival.topic.startswith(_WRITTEN_BY_OTHERS) else jsontext.read_own
            )
            return Delivered(envelope, read(event, arrival.value), arrival)
        except Malformed as problem:
            return Rejected(arrival, problem.code, _explained(problem))


@lru_cache(maxsize=_AGGREGATES_REMEMBERED)
def aggregate_of(subject: str) -> UUID:
    """The aggregate that a numbered fact is about. Raises ValueError for a text that is none."""
    return UUID(subject)


def _is_uuid(text: str) -> bool:
    try:
        aggregate_of(text)
    except ValueError:
        return False
    return True


def _explained(problem: Malformed) -> str:
    places = ", ".join(f"{flaw.where}: {flaw.title_en}" for flaw in problem.flaws)
    return f"{problem.detail or problem.title_en} {places}".strip()[:500]
