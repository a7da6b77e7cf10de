"""The envelope around each fact on Kafka: CloudEvents 1.0 in binary mode, attributes in headers.

The value stays the plain JSON of the fact; nothing here looks into it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from contracts.ids import Actor, EventId

Headers = Sequence[tuple[str, bytes]]
CONTENT_TYPE = b"application/json"
MAX_HEADER_BYTES = 1024
_ACTORS_REMEMBERED = 10_000

# CloudEvents allows no control characters in attributes, and PostgreSQL could not store NUL.
_SPECVERSION = ("ce_specversion", b"1.0")
_CONTENT_TYPE = ("content-type", CONTENT_TYPE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
# At most 18 digits, so that a version fits into a column of 64 bits.
_VERSION = re.compile(r"[1-9][0-9]{0,17}")


class MalformedEnvelope(Exception):
    """The headers are not an envelope; `args[0]` names attribute and reason, never the value."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who said what about which thing, when, and as a consequence of what.

    `time` is when it happened, `recorded_at` when the platform wrote it down, and `version` the
    number of the fact within its aggregate; an agency's report has neither of the last two.
    `correlation_id` is shared by all that follows from one request; `causation_id` is the fact or
    command that led to this one. `actor` is believed only on topics that the platform writes.
    """

    id: EventId
    source: str
    type: str
    subject: str
    time: datetime
    actor: Actor | None = None
    version: int | None = None
    recorded_at: datetime | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


def to_headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """The Kafka headers that carry the envelope.

    Raises ValueError for a text that no reader would take (empty, over `MAX_HEADER_BYTES`, with
    control characters): what comes from outside is checked at the door, not here.
    """
    headers = [
        _SPECVERSION,
        ("ce_id", str(envelope.id).encode()),
        ("ce_source", _encode("ce_source", envelope.source)),
        ("ce_type", _encode("ce_type", envelope.type)),
        ("ce_subject", _encode("ce_subject", envelope.subject)),
        ("ce_time", format_time(envelope.time).encode()),
    ]
    if envelope.actor is not None:
        headers.append(("ce_actor", _encode("ce_actor", envelope.actor)))
    if envelope.version is not None:
        headers.append(("ce_aggregateversion", b"%d" % envelope.version))
    if envelope.recorded_at is not None:
        headers.append(("ce_recordedtime", format_time(envelope.recorded_at).encode()))
    texts = (
        ("ce_correlationid", envelope.correlation_id),
        ("ce_causationid", envelope.causation_id),
        ("ce_traceparent", envelope.traceparent),
    )
    headers.extend((name, _encode(name, text)) for name, text in texts if text is not None)
    headers.append(_CONTENT_TYPE)
    return headers


def from_headers(headers: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """Read the envelope back. Raises MalformedEnvelope; unknown attributes are left alone."""
    found = _attributes(headers)
    if found.get("ce_specversion") != "1.0":
        raise MalformedEnvelope("ce_specversion must be 1.0")
    get = found.get
    name = ""
    # In the order of the fields: names would cost as much again.
    try:
        return Envelope(
            _parse_id(found[name := "ce_id"]),
            found[name := "ce_source"],
            found[name := "ce_type"],
            found[name := "ce_subject"],
            parse_time(found[name := "ce_time"]),
            None if (actor := get(name := "ce_actor")) is None else _parse_actor(actor),
            None if (version := get(name := "ce_aggregateversion")) is None else _number(version),
            None if (recorded := get(name := "ce_recordedtime")) is None else parse_time(recorded),
            get("ce_correlationid"),
            get("ce_causationid"),
            get("ce_traceparent"),
        )
    except KeyError:
        raise MalformedEnvelope(f"{name} is missing") from None
    except ValueError:
        # No `from`: the cause would carry the value into logs.
        raise MalformedEnvelope(f"{name} has a wrong form") from None


def format_time(value: datetime) -> str:
    """RFC 3339 in UTC with microseconds: one form only, so that equal times are equal texts.

    Raises ValueError for a time without an offset: it would silently be taken for local time.
    """
    if value.tzinfo is None:
        raise ValueError("a time needs an offset")
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(timespec="microseconds")[:-6] + "Z"


def parse_time(text: str) -> datetime:
    """RFC 3339 with an offset, in UTC; digits below a microsecond are cut. Raises ValueError."""
    if _RFC3339.fullmatch(text) is None:
        raise ValueError("a time has the form 2026-03-02T01:30:00Z")
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time lies between the years 1 and 9999") from None


def _attributes(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        if not name.startswith("ce_"):
            continue
        if not value or len(value) > MAX_HEADER_BYTES:
            raise MalformedEnvelope(f"the header {_shown(name)} is empty or too long")
        if name in found:
            raise MalformedEnvelope(f"the header {_shown(name)} is there twice")
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise MalformedEnvelope(f"the header {_shown(name)} is not UTF-8") from None
        # What can be printed has no control characters, and is quicker to tell.
        if not text.isprintable() and _CONTROL.search(text):
            raise MalformedEnvelope(f"the header {_shown(name)} has control characters")
        found[name] = text
    return found


def _shown(name: str) -> str:
    return f"{name[:40]!a}"


def _encode(name: str, value: str) -> bytes:
    encoded = value.encode()
    clean = value.isprintable() or not _CONTROL.search(value)
    if not encoded or len(encoded) > MAX_HEADER_BYTES or not clean:
        raise ValueError(f"{name} is empty, too long or has control characters")
    return encoded


def _parse_id(text: str) -> EventId:
    if _UUID.fullmatch(text) is None:
        raise ValueError("an id has the form of a UUID")
    return EventId.numbered(int(text.replace("-", ""), 16))


@lru_cache(maxsize=_ACTORS_REMEMBERED)
def _parse_actor(text: str) -> Actor:
    return Actor(text)


def _number(text: str) -> int:
    if _VERSION.fullmatch(text) is None:
        raise ValueError("versions begin with 1")
    return int(text)
