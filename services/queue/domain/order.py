"""Who is next: a ring of turns over lanes, and in a lane whoever has stood there longest.

Everything here is counting and comparing, so that anyone with the same facts comes to the same
call.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from contracts.ids import CounterId, LineId, TicketId

WALK_IN = "reguler"
PRIORITY = "prioritas"
BY_APPOINTMENT = "janji"
GOING_ON = "lanjutan"
LANES = (WALK_IN, PRIORITY, BY_APPOINTMENT, GOING_ON)

Ring = Sequence[Sequence[str]]


class NotRead(Exception):
    """A group of decisions needs more than was read for it; each of them alone does not."""


class Place(NamedTuple):
    """A place in a lane: places compare as the tickets stand."""

    at: datetime
    ticket_id: TicketId


class Chosen(NamedTuple):
    """Whom the rule calls: from which lane, by which slot of the ring (None: by no slot)."""

    place: Place
    lane: str
    slot: int | None


class Waiting(NamedTuple):
    """How many wait, by lane; `meant` are those who wait for one counter only, outside the ring."""

    reguler: int = 0
    prioritas: int = 0
    janji: int = 0
    lanjutan: int = 0
    meant: int = 0

    @property
    def total(self) -> int:
        """All who wait."""
        return sum(self)

    def of(self, lanes: Iterable[str]) -> int:
        """How many wait in these lanes."""
        return sum(self[LANES.index(lane)] for lane in lanes)

    def changed(self, lane: str, by: int, *, meant: bool = False) -> "Waiting":
        """With so many more, or fewer, in a lane."""
        counts = list(self)
        counts[len(LANES) if meant else LANES.index(lane)] += by
        return Waiting(*counts)


@dataclass(frozen=True, slots=True)
class Standing:
    """The first of those who stand in one lane, in their order; all of them when `complete`."""

    places: tuple[Place, ...] = ()
    complete: bool = True

    @property
    def first(self) -> Place | None:
        """The first, or None when nobody stands here. Raises NotRead."""
        if self.places:
            return self.places[0]
        if not self.complete:
            raise NotRead
        return None

    def joined_by(self, place: Place) -> "Standing":
        """One more stands at this place; behind those who are not known it is not known either."""
        places = self.places
        if not places or places[-1] < place:
            return replace(self, places=(*places, place)) if self.complete else self
        return replace(self, places=tuple(sorted((*places, place))))

    def left_by(self, place: Place) -> "Standing":
        """One stands here no more."""
        places = self.places
        if places and places[0] == place:
            return replace(self, places=places[1:])
        return replace(self, places=tuple(one for one in places if one != place))


@dataclass(frozen=True, slots=True)
class HeadOf:
    """The key of a queue's head."""

    queue_id: LineId


@dataclass(frozen=True, slots=True)
class QueueHead:
    """Who stands first in each lane of a queue, as far as a group may need. Never saved."""

    id: HeadOf
    lanes: Mapping[str, Standing]

    @classmethod
    def of(cls, queue_id: LineId) -> "QueueHead":
        """The head of a queue in which nobody waits."""
        return cls(HeadOf(queue_id), {})

    def standing(self, lane: str) -> Standing:
        """Who stands in a lane."""
        return self.lanes.get(lane, _NOBODY)

    def firsts(self) -> dict[str, Place]:
        """The first of each lane. Raises NotRead."""
        firsts = ((lane, standing.first) for lane, standing in self.lanes.items())
        return {lane: first for lane, first in firsts if first is not None}

    def joined_by(self, lane: str, place: Place) -> "QueueHead":
        """One more waits."""
        return replace(self, lanes={**self.lanes, lane: self.standing(lane).joined_by(place)})

    def left_by(self, lane: str, place: Place) -> "QueueHead":
        """One waits no more."""
        return replace(self, lanes={**self.lanes, lane: self.standing(lane).left_by(place)})

    def nth(self, count: int, lanes: Iterable[str] = LANES) -> Place | None:
        """The last of the first so many in these lanes; None when fewer wait. Raises NotRead."""
        stand = [self.standing(lane) for lane in lanes]
        places = sorted(place for standing in stand for place in standing.places)
        # Behind the last that is known in a lane there may stand others whom nobody read.
        limits = [
            standing.places[-1] if standing.places else None
            for standing in stand
            if not standing.complete
        ]
        found = places[count - 1] if len(places) >= count else None
        if any(limit is None or found is None or limit < found for limit in limits):
            raise NotRead
        return found


@dataclass(frozen=True, slots=True)
class Behind:
    """Asks for so many of a ticket's queue as the policy puts before one who is skipped."""

    ticket_id: TicketId


@dataclass(frozen=True, slots=True)
class AheadOf:
    """Asks how many stand before a ticket in each lane, and is the key of the answer."""

    ticket_id: TicketId


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many stood before a ticket, as the queue was after `step`. Never saved."""

    id: AheadOf
    step: int
    waiting: Waiting


@dataclass(frozen=True, slots=True)
class MeantFor:
    """The key of those who wait for one counter only."""

    counter_id: CounterId


@dataclass(frozen=True, slots=True)
class MeantHead:
    """Who waits for one counter only, the first of them in their order. Never saved."""

    id: MeantFor
    standing: Standing = Standing()


_NOBODY = Standing()
NOBODY = Waiting()


def choose(ring: Ring, turn: int, firsts: Mapping[str, Place]) -> Chosen | None:
    """Whom the rule calls, given the first of each lane; None when nobody waits.

    The first slot from `turn` on in whose lanes somebody stands decides; there the earliest place.
    A lane that is in no slot comes when all others are empty, so that nobody waits for ever.
    """
    for step in range(len(ring)):
        slot = (turn + step) % len(ring)
        standing = [(firsts[lane], lane) for lane in ring[slot] if lane in firsts]
        if standing:
            place, lane = min(standing)
            return Chosen(place, lane, slot)
    left = [(place, lane) for lane, place in firsts.items()]
    if not left:
        return None
    place, lane = min(left)
    return Chosen(place, lane, None)


def turn_after(ring: Ring, turn: int, lane: str) -> int:
    """The turn after somebody of this lane was called at `turn`: behind the slot that was used."""
    for step in range(len(ring)):
        slot = (turn + step) % len(ring)
        if lane in ring[slot]:
            return (slot + 1) % len(ring)
    return turn


def lanes_with(ring: Ring, lane: str) -> tuple[str, ...]:
    """The lanes that share a slot with this one: where who comes earlier is called earlier."""
    shared = {one for slot in ring if lane in slot for one in slot}
    return tuple(one for one in LANES if one in shared or one == lane)


def count_before(ring: Ring, turn: int, waiting: Waiting, lane: str) -> int:
    """How many are called before somebody who joins a lane now, if nobody else comes.

    Exact where two slots have the same lanes or none in common. Its cost does not depend on how
    many wait.
    """
    own = next((slot for slot in ring if lane in slot), None)
    if own is None:
        return waiting.of(LANES)
    mine = waiting.of(own)
    if len(ring) == 1:
        return mine
    order = [tuple(ring[(turn + step) % len(ring)]) for step in range(len(ring))]
    own_slots = [index for index, slot in enumerate(order) if slot == tuple(own)]
    rounds, rest = divmod(mine, len(own_slots))
    part = order[: own_slots[rest]]
    others = {slot for slot in order if slot != tuple(own)}
    return mine + sum(
        min(waiting.of(slot), rounds * order.count(slot) + part.count(slot)) for slot in others
    )
