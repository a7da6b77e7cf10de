"""What a consumer has applied: per aggregate the last version, per partition the position.

Both move in the transaction of the effects. The version tells a repeat from news and a gap from the
next fact, so nothing need be remembered per event.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from chassis.arrivals import Arrival, Delivered, aggregate_of, furthest
from chassis.database import Tx
from chassis.places import Position
from contracts.envelope import Envelope


class Verdict(Enum):
    """What a fact is to a consumer that has applied its aggregate up to some version."""

    DUE = auto()
    REPEAT = auto()
    GAP = auto()
    CONFLICT = auto()


@dataclass(slots=True)
class _Head:
    aggregate: UUID
    version: int
    event_id: UUID


class Heads:
    """The last applied fact per aggregate, within one transaction."""

    def __init__(self, consumer: str, heads: Iterable[_Head], *, newest_wins: bool) -> None:
        self._consumer = consumer
        # By the number of the id, which is quicker to look up than the id itself.
        self._heads = {head.aggregate.int: head for head in heads}
        self._moved: dict[int, _Head] = {}
        self._newest_wins = newest_wins

    def judge(self, envelope: Envelope) -> Verdict:
        """Whether the fact is due now; if it is, it counts as applied from here on."""
        if envelope.version is None:
            return Verdict.DUE
        aggregate = aggregate_of(envelope.subject)
        head = self._heads.get(aggregate.int)
        last = head.version if head is not None else 0
        if envelope.version <= last:
            same = head is None or envelope.version < last or head.event_id == envelope.id
            return Verdict.REPEAT if same else Verdict.CONFLICT
        if envelope.version > last + 1 and not self._newest_wins:
            return Verdict.GAP
        head = _Head(aggregate, envelope.version, envelope.id)
        self._heads[aggregate.int] = self._moved[aggregate.int] = head
        return Verdict.DUE

    async def save(self, tx: Tx) -> None:
        """Write down what was judged due."""
        if self._moved:
            moved = self._moved.values()
            rows = [(head.aggregate, head.version, head.event_id) for head in moved]
            await tx.execute(_SAVE_HEADS, self._consumer, rows)


_LOAD_HEADS = """
SELECT aggregate_id, version, event_id FROM inbox
WHERE consumer = $1 AND aggregate_id = ANY($2::uuid[]) ORDER BY aggregate_id FOR UPDATE
"""
_SAVE_HEADS = """
INSERT INTO inbox (consumer, aggregate_id, version, event_id)
SELECT $1, * FROM unnest($2::inbox_row[])
ON CONFLICT (consumer, aggregate_id)
DO UPDATE SET version = excluded.version, event_id = excluded.event_id
"""
_LOAD_POSITIONS = """
SELECT topic, partition, next_offset, record_ms FROM positions
JOIN unnest($2::text[], $3::integer[]) AS asked (topic, partition) USING (topic, partition)
WHERE consumer = $1 ORDER BY topic, partition FOR UPDATE OF positions
"""
_SAVE_POSITIONS = """
INSERT INTO positions (consumer, topic, partition, next_offset, record_ms)
SELECT $1, * FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[])
ON CONFLICT (consumer, topic, partition) DO UPDATE
SET next_offset = excluded.next_offset, record_ms = excluded.record_ms
WHERE positions.next_offset < excluded.next_offset
"""


async def load_heads(
    tx: Tx, consumer: str, envelopes: Iterable[Envelope], *, newest_wins: bool
) -> Heads:
    """What was applied of these aggregates, locked. `newest_wins` is for compacted topics."""
    subjects = {envelope.subject for envelope in envelopes if envelope.version is not None}
    wanted = list(map(aggregate_of, subjects))
    rows = await tx.fetch(_LOAD_HEADS, consumer, wanted) if wanted else []
    return Heads(consumer, [_Head(*row) for row in rows], newest_wins=newest_wins)


async def load_positions(
    tx: Tx, consumer: str, partitions: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], Position]:
    """Where the consumer goes on in each partition, locked; missing means from the beginning."""
    rows = await tx.fetch(
        _LOAD_POSITIONS,
        consumer,
        [topic for topic, _ in partitions],
        [number for _, number in partitions],
    )
    return {
        (row["topic"], row["partition"]): Position(row["next_offset"], row["record_ms"])
        for row in rows
    }


async def save_positions(tx: Tx, consumer: str, arrivals: Sequence[Arrival]) -> None:
    """Move on behind these records, never back, in the transaction of the effects."""
    last = furthest(arrivals)
    await tx.execute(
        _SAVE_POSITIONS,
        consumer,
        [topic for topic, _ in last],
        [number for _, number in last],
        [arrival.offset + 1 for arrival in last.values()],
        [arrival.timestamp_ms for arrival in last.values()],
    )


def not_yet_seen(
    arrivals: Sequence[Arrival], positions: dict[tuple[str, int], Position]
) -> list[Arrival]:
    """Without the records before the position: a replaced consumer finds nothing left to do."""
    return [
        arrival
        for arrival in arrivals
        if (place := positions.get((arrival.topic, arrival.partition))) is None
        or arrival.offset >= place.next_offset
    ]


def envelopes_of(items: Iterable[object]) -> list[Envelope]:
    """The envelopes of those records that could be read."""
    return [item.envelope for item in items if isinstance(item, Delivered)]
