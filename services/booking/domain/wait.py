"""An entry of a wait list or a draw: who waits for a place of a day, and in which order.

Entries of a draw stand in lane 0, by a rank that is secret until the draw; whoever joins a list
stands in lane 1, by the time of joining. So who got no place in a draw is ahead of who comes later,
and who does not answer an offer holds up nobody.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from contracts.booking import WaitJoined, WaitLeft, WaitOffered, WaitPassed, WaitServed
from contracts.ids import AppointmentId, PersonId, ServiceDayId, SessionId, WaitId
from services.booking.domain.waiting_refusals import NotWaiting

LOTTERY, LIST = "lottery", "list"
_LANES = {LOTTERY: 0, LIST: 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Standing(StrEnum):
    """Where an entry stands. All but the first two are final."""

    WAITING = "waiting"
    OFFERED = "offered"
    GOT = "got"
    PASSED = "passed"
    """As many offers as there may be were not taken."""
    LEFT = "left"
    OVER = "over"
    """The day went by."""


_END_OF = {"offers_used_up": Standing.PASSED, "day_over": Standing.OVER}


@dataclass(frozen=True, slots=True)
class EntryOf:
    """Names what is known of a new entry and stands in no fact."""

    wait_id: WaitId


@dataclass(frozen=True, slots=True)
class Entry:
    """What the edge says about a new entry: its rank, and a digest of an identity."""

    id: EntryOf
    rank: int
    identity: bytes | None = None


@dataclass(frozen=True, slots=True)
class Entering:
    """Asks for all that decides whether somebody may wait for a day."""

    wait_id: WaitId
    day_id: ServiceDayId
    person_id: PersonId
    at: datetime
    rank: int
    identity: bytes | None

    @property
    def entry(self) -> Entry:
        """What is to be known when the entry is made."""
        return Entry(EntryOf(self.wait_id), self.rank, self.identity)


@dataclass(frozen=True, slots=True)
class ListOf:
    """Names the list of a day."""

    day_id: ServiceDayId


@dataclass(frozen=True, slots=True)
class FirstOf:
    """Asks for the list of a day with the first ones who wait, to offer them something then."""

    day_id: ServiceDayId
    at: datetime


@dataclass(frozen=True, slots=True)
class EntriesOf:
    """Asks for all entries of a draw."""

    day_id: ServiceDayId


@dataclass(frozen=True, slots=True)
class Entries:
    """Who takes part in a draw. A look-up: it is never saved."""

    id: EntriesOf
    ids: tuple[WaitId, ...]


@dataclass(frozen=True, slots=True)
class WaiterOf:
    """One person, or one identity as a digest, on one day: waits at most once."""

    who: PersonId | bytes
    day_id: ServiceDayId


@dataclass(frozen=True, slots=True)
class Waiter:
    """The entry with which one waits, or None. A look-up: it is never saved."""

    id: WaiterOf
    wait_id: WaitId | None


@dataclass(frozen=True, slots=True)
class Wait:
    """An entry. `offers` counts those made; `appointment_id` is the place of the last one."""

    id: WaitId
    version: int
    day_id: ServiceDayId
    person_id: PersonId
    kind: str
    identity: bytes | None
    lane: int
    rank: int
    status: Standing
    offers: int
    appointment_id: AppointmentId | None = None

    @property
    def order(self) -> tuple[int, int, bytes]:
        """Before whom it stands: the smaller one comes first."""
        return self.lane, self.rank, self.id.bytes

    @property
    def next_offer(self) -> AppointmentId:
        """The place that would be kept for it next: always the same one until it is offered."""
        return AppointmentId.of("offer", str(self.id), str(self.offers + 1))

    @property
    def waits(self) -> bool:
        """Whether it is to be offered a place."""
        return self.status is Standing.WAITING

    @property
    def is_offered(self) -> bool:
        """Whether a place is kept for it."""
        return self.status is Standing.OFFERED

    @property
    def is_live(self) -> bool:
        """Whether it waits, or thinks about an offer."""
        return self.status in {Standing.WAITING, Standing.OFFERED}

    def must_be_live(self) -> None:
        """Raises NotWaiting."""
        if not self.is_live:
            raise NotWaiting


@dataclass(frozen=True, slots=True)
class WaitList:
    """The sessions from which a list gets its places. A look-up: it is never saved."""

    id: ListOf
    sessions: tuple[SessionId, ...]


def micros(at: datetime) -> int:
    """The rank of one who joins a list then."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def joined(fact: WaitJoined, entry: Entry | None, at: datetime) -> Wait:
    """The entry that this fact begins."""
    return Wait(
        fact.wait_id,
        1,
        fact.day_id,
        fact.person_id,
        fact.kind,
        entry.identity if entry is not None else None,
        _LANES.get(fact.kind, 1),
        entry.rank if entry is not None and fact.kind == LOTTERY else micros(at),
        Standing.WAITING,
        0,
    )


def after(wait: Wait, fact: WaitOffered | WaitServed | WaitPassed | WaitLeft, at: datetime) -> Wait:
    """The entry one fact later. Who lets an offer pass waits behind all who wait by then."""
    later = replace(wait, version=wait.version + 1)
    match fact:
        case WaitOffered():
            return replace(
                later,
                status=Standing.OFFERED,
                offers=wait.offers + 1,
                appointment_id=fact.appointment_id,
            )
        case WaitServed():
            return replace(later, status=Standing.GOT)
        case WaitPassed():
            return replace(later, status=Standing.WAITING, lane=_LANES[LIST], rank=micros(at))
        case WaitLeft():
            return replace(later, status=_END_OF.get(fact.reason, Standing.LEFT))


def in_order(states: Mapping[Hashable, Any], day_id: ServiceDayId) -> list[Wait]:
    """Those of a day who wait, as far as they are loaded; the first comes first."""
    found: Iterable[Wait] = (one for one in states.values() if isinstance(one, Wait))
    return sorted((one for one in found if one.day_id == day_id and one.waits), key=_order)


def _order(wait: Wait) -> tuple[int, int, bytes]:
    return wait.order
