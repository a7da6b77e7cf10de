"""Whether a position still belongs to the log that Kafka holds: offsets begin again in a new one.

A topic may be made anew, or an older copy of Kafka's data may come back. Then a position points
behind the end, or behind records that were never read. So reading begins at the record before the
position, and that record must carry the time stamp which was remembered with the position. Where
the log ends before that record, its end alone refutes the position.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition

from chassis.arrivals import Arrival, furthest
from chassis.database import Tx

_FORGET = "DELETE FROM positions WHERE consumer = $1 AND topic = $2 AND partition = $3"
# An offset names one record of one log. What is parked from a log that is gone gets a number that
# no log gives, so that a record of the new log with the old offset can be parked beside it.
_RELEASE_OFFSETS = """
UPDATE parked SET "offset" = -id
WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" >= 0
"""


@dataclass(frozen=True, slots=True)
class Position:
    """Where to go on, and the time stamp of the record before; None when it is not known."""

    next_offset: int
    record_ms: int | None = None

    @property
    def reads_from(self) -> int:
        """The offset to begin at: one record early when that record can prove the position."""
        return self.next_offset - 1 if self._can_be_proven else self.next_offset

    def is_refuted_by(self, first: Arrival) -> bool:
        """Whether the first record that came shows that the position is of another log."""
        if first.offset == self.next_offset - 1:
            return self._can_be_proven and first.timestamp_ms != self.record_ms
        return first.offset < self.next_offset

    @property
    def _can_be_proven(self) -> bool:
        return self.record_ms is not None and self.next_offset > 0


class Places:
    """The positions of one running consumer."""

    def __init__(self) -> None:
        self._positions: dict[TopicPartition, Position] = {}
        self._doubted: set[TopicPartition] = set()
        self._short: set[TopicPartition] = set()

    def begin(self, positions: Mapping[TopicPartition, Position]) -> None:
        """Partitions were assigned."""
        self._positions = dict(positions)
        self._doubted.clear()
        self._short.clear()

    def set(self, place: TopicPartition, position: Position) -> None:
        """The position was read again from the database, or reading begins anew."""
        self._positions[place] = position

    def next_offset(self, place: TopicPartition) -> int:
        """Where to go on; 0 for a partition of which nothing was read."""
        return self._positions.get(place, Position(0)).next_offset

    def refuted(self, arrivals: Sequence[Arrival]) -> dict[TopicPartition, bool]:
        """The partitions whose records do not go on from the position; True from the second time.

        The first time may be a fetch that was under way while partitions moved.
        """
        firsts = {(one.topic, one.partition): one for one in reversed(arrivals)}
        refuted = {
            TopicPartition(*place)
            for place, first in firsts.items()
            if self._positions.get(place, Position(0)).is_refuted_by(first)
        }
        found = {place: place in self._doubted for place in refuted}
        self._doubted = (self._doubted - firsts.keys()) | refuted
        return found

    def ended(self, ends: Mapping[TopicPartition, int]) -> list[TopicPartition]:
        """The partitions whose log ends before the position at two looks in a row.

        Once may be a broker that has just been elected and does not know the end yet.
        """
        before, self._short = self._short, {p for p in ends if self.lies_behind(ends, p)}
        return sorted(before & self._short)

    def lies_behind(self, ends: Mapping[TopicPartition, int], place: TopicPartition) -> bool:
        """Whether the position lies behind the end of the log, as far as that is known."""
        return ends.get(place, self.next_offset(place)) < self.next_offset(place)

    def moved(self, arrivals: Sequence[Arrival]) -> dict[TopicPartition, int]:
        """These are dealt with; where to go on in their partitions."""
        ahead: dict[TopicPartition, int] = {}
        for named, last in furthest(arrivals).items():
            place = TopicPartition(*named)
            if last.offset >= self.next_offset(place):
                self._positions[place] = Position(last.offset + 1, last.timestamp_ms)
            ahead[place] = self.next_offset(place)
        return ahead


async def forget(tx: Tx, consumer: str, place: TopicPartition) -> None:
    """Begin a partition anew: what was applied before comes as a repeat."""
    await tx.execute(_FORGET, consumer, place.topic, place.partition)
    await tx.execute(_RELEASE_OFFSETS, consumer, place.topic, place.partition)
