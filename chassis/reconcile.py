"""What Kafka holds against a service's event log, and what to do about facts that Kafka lacks.

The log is right and Kafka can be rebuilt from it. Nothing is sent here: facts are put back among
the unsent, and the service's relay sends them in order. Memory: two bits per fact.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from chassis import kafka
from contracts.envelope import MalformedEnvelope, from_headers

_PAGE = 20_000
_EXAMPLES = 5
# A repair marks all that it marks in one transaction; a relay that must wait meanwhile tries again.
_COMMAND_SECONDS = 600.0

_SENT = """
SELECT seq FROM event_log
WHERE seq > $1 AND (SELECT unsent.seq FROM unsent WHERE unsent.seq = event_log.seq) IS NULL
ORDER BY seq LIMIT $2
"""
_ARCHIVED_TO = "SELECT max(newest) FROM event_log_blocks"
# Also those of which all facts have left the log: the last fact of an aggregate stands in `heads`.
_TOPICS = """
SELECT DISTINCT topic FROM event_log
WHERE NOT EXISTS (SELECT FROM unsent WHERE unsent.seq = event_log.seq)
UNION
SELECT DISTINCT topic FROM heads
WHERE NOT EXISTS (
    SELECT FROM event_log AS log
    WHERE (log.aggregate_id, log.version) = (heads.aggregate_id, heads.version)
)
ORDER BY topic
"""
# `ours` is null where no fact has this version: the log that Kafka was fed from went further.
_KNOWN = """
SELECT record.place, log.seq, log.event_id = record.event_id AS ours
FROM unnest($1::uuid[], $2::uuid[], $3::integer[])
     WITH ORDINALITY AS record (event_id, aggregate_id, version, place)
LEFT JOIN event_log AS log USING (aggregate_id, version)
"""
# From its first hole on, a key is sent again as a whole, so that its facts come in their order.
_SEND_AGAIN = """
WITH hole AS (
    SELECT topic, key, min(seq) AS seq FROM event_log WHERE seq = ANY($1::bigint[])
    GROUP BY topic, key
)
INSERT INTO unsent (seq, topic)
SELECT log.seq, log.topic FROM event_log AS log JOIN hole USING (topic, key)
WHERE log.seq >= hole.seq
ON CONFLICT (seq) DO NOTHING
"""

Progress = Callable[[str, int], None]


def _silent(what: str, count: int) -> None:
    del what, count


@dataclass
class Difference:
    """What came out for one service.

    `lacking`: facts that count as sent and that Kafka does not hold. `unknown`: records of this
    service in Kafka that its log does not hold, `contradicting`: those whose version belongs to
    another fact; both come from a log that was rolled back. `archived`: records from a time whose
    blocks have left the log for files. `sent_again`: facts that were put back among the unsent.
    """

    service: str
    facts: int = 0
    records: int = 0
    lacking: int = 0
    archived: int = 0
    unknown: int = 0
    contradicting: int = 0
    sent_again: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def is_none(self) -> bool:
        """Kafka holds what the log holds, and nothing else of this service."""
        return not (self.lacking or self.unknown or self.contradicting)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "good": self.is_none}

    def example(self, what: str, record: Any, event_id: object) -> None:
        """Keep a few to look at."""
        if len(self.examples) < _EXAMPLES:
            self.examples.append(
                f"{what}: {event_id} at {record.topic}:{record.partition}:{record.offset}"
            )


class _Bits:
    """A set of positive numbers without large gaps."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, number: int) -> None:
        byte, bit = divmod(number, 8)
        if byte >= len(self._bytes):
            self._bytes.extend(bytes(byte + 1 - len(self._bytes) + len(self._bytes) // 8))
        self._bytes[byte] |= 1 << bit

    def byte(self, place: int) -> int:
        return self._bytes[place] if place < len(self._bytes) else 0

    def without(self, other: "_Bits") -> Iterable[int]:
        for place, byte in enumerate(self._bytes):
            left = byte & ~other.byte(place)
            if left:
                yield from (place * 8 + bit for bit in range(8) if left >> bit & 1)


async def reconcile(
    relay_url: str,
    where: kafka.Where,
    service: str,
    *,
    repair: bool = False,
    progress: Progress = _silent,
) -> Difference:
    """Compare, and with `repair` have the relay send what Kafka lacks.

    `relay_url` names the role of the relay, which may do both. What is sent or decided while this
    runs is left to the next run. Raises TimeoutError when Kafka stops answering.
    """
    url = make_url(relay_url).set(drivername="postgresql")
    log = await asyncpg.connect(
        url.render_as_string(hide_password=False),
        timeout=10,
        command_timeout=_COMMAND_SECONDS,
        server_settings={"application_name": f"{service}-reconcile"},
    )
    try:
        found = Difference(service)
        # First the log, then Kafka: what was sent before must be there, what comes later may.
        sent = await _sent(log, found, progress)
        topics = [row["topic"] for row in await log.fetch(_TOPICS)]
        there = await _in_kafka(log, where, topics, found, progress)
        lacking = list(sent.without(there))
        found.lacking = len(lacking)
        if repair and lacking:
            async with log.transaction():
                tag = await log.execute(_SEND_AGAIN, lacking)
            found.sent_again = int(tag.split()[-1])
        return found
    finally:
        await log.close(timeout=10)


async def _sent(
    log: "asyncpg.Connection[asyncpg.Record]", found: Difference, progress: Progress
) -> _Bits:
    sent, last = _Bits(), 0
    while rows := await log.fetch(_SENT, last, _PAGE):
        for row in rows:
            sent.add(row["seq"])
        last = rows[-1]["seq"]
        found.facts += len(rows)
        progress("facts in the log", found.facts)
    return sent


async def _in_kafka(
    log: "asyncpg.Connection[asyncpg.Record]",
    where: kafka.Where,
    topics: Sequence[str],
    found: Difference,
    progress: Progress,
) -> _Bits:
    there = _Bits()
    archived_to = await log.fetchval(_ARCHIVED_TO)
    reader = kafka.new_reader(where, f"{found.service}-reconcile")
    await reader.start()
    try:
        places = await kafka.partitions(where, f"{found.service}-reconcile", topics)
        async for records in kafka.all_records(reader, places):
            await _compare(log, records, there, found, archived_to)
            found.records += len(records)
            progress("records in Kafka", found.records)
    finally:
        await reader.stop()
    return there


async def _compare(
    log: "asyncpg.Connection[asyncpg.Record]",
    records: Sequence[Any],
    there: _Bits,
    found: Difference,
    archived_to: datetime | None,
) -> None:
    ours = []
    for record in records:
        try:
            envelope = from_headers(record.headers)
        except MalformedEnvelope:
            continue  # nothing that a relay has written
        if envelope.version is not None and envelope.source == f"/services/{found.service}":
            ours.append((record, envelope))
    if not ours:
        return
    rows = await log.fetch(
        _KNOWN,
        [str(envelope.id) for _, envelope in ours],
        [envelope.subject for _, envelope in ours],
        [envelope.version for _, envelope in ours],
    )
    for row in rows:
        record, envelope = ours[row["place"] - 1]
        if row["ours"]:
            there.add(row["seq"])
        elif row["seq"] is None and _is_before(envelope.recorded_at, archived_to):
            found.archived += 1
        elif row["seq"] is None:
            found.unknown += 1
            found.example("unknown", record, envelope.id)
        else:
            found.contradicting += 1
            found.example("contradicting", record, envelope.id)


def _is_before(recorded_at: datetime | None, archived_to: datetime | None) -> bool:
    return recorded_at is not None and archived_to is not None and recorded_at <= archived_to
