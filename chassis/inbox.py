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
    version: int
    event_id: UUID


class Heads:
    """The last applied fact per aggregate, within one transaction."""

    def __init__(self, consumer: str, heads: dict[UUID, _Head], *, newest_wins: bool) -> None:
        self._consumer = consumer
        self._heads = heads
        self._moved: set[UUID] = set()
        self._newest_wins = newest_wins

    def judge(self, envelope: Envelope) -> Verdict:
        """Whether the fact is due now; if it is, it counts as applied from here on."""
        if envelope.version is None:
            return Verdict.DUE
        aggregate = aggregate_of(envelope.subject)
        head = self._heads.get(aggregate)
        last = head.version if head is not None else 0
        if envelope.version <= last:
            same = head is None or envelope.version < last or head.event_id == envelope.id
            return Verdict.REPEAT if same else Verdict.CONFLICT
        if envelope.version > last + 1 and not self._newest_wins:
            return Verdict.GAP
        self._heads[aggregate] = _Head(envelope.version, envelope.id)
        self._moved.add(aggregate)
        return Verdict.DUE

    async def save(self, tx: Tx) -> None:
        """Write down what was judged due."""
        if self._moved:
            rows = [(aggregate, self._heads[aggregate]) for aggregate in self._moved]
            await tx.execute(
                _SAVE_HEADS,
                self._consumer,
                [aggregate for aggregate, _ in rows],
                [head.version for _, head in rows],
                [head.event_id for _, head in rows],
            )


_LOAD_HEADS = """
SELECT aggregate_id, version, event_id FROM inbox
WHERE consumer = $1 AND aggregate_id = ANY($2::uuid[]) ORDER BY aggregate_id FOR UPDATE
"""
_SAVE_HEADS = """
INSERT INTO inbox (consumer, aggregate_id, version, event_id)
SELECT $1, * FROM unnest($2::uuid[], $3::integer[], $4::uuid[])
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
    wanted = {
        aggregate_of(envelope.subject) for envelope in envelopes if envelope.version is not None
    }
    rows = await tx.fetch(_LOAD_HEADS, consumer, list(wanted)) if wanted else []
    heads = {row["aggregate_id"]: _Head(row["version"], row["event_id"]) for row in rows}
    return Heads(consumer, heads, newest_wins=newest_wins)


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
