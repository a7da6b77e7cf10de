"""Commands about waiting for a place, by list or by lot, and their answers."""

from collections.abc import Hashable, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from contracts.base import Answer, Command, Refused
from contracts.ids import PersonId, ServiceDayId, WaitId
from services.booking.domain import people_refusals as people
from services.booking.domain import refusals as rules
from services.booking.domain import release_refusals as release
from services.booking.domain import waiting_refusals as waiting
from services.booking.domain.wait import Entering, EntriesOf, FirstOf

DayUnknown = waiting.DayUnknown
Rank = Annotated[int, Field(ge=0, lt=1 << 63)]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]+$", max_length=64)]


class JoinWait(Command):
    """Wait for a place of a day: in its draw until that closes, else in its list.

    `drawn_rank` is the rank in the draw, should there be one; `identity` a keyed digest.
    """

    minted: ClassVar[frozenset[str]] = frozenset({"wait_id", "drawn_rank"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        waiting.DayUnknown,
        waiting.NoWaitList,
        people.IdentityNeeded,
        waiting.EntriesNotOpen,
        waiting.EntriesOver,
        waiting.AlreadyWaiting,
        rules.AlreadyBooked,
        waiting.ListOver,
        waiting.PlacesAreFree,
        waiting.ListFull,
    )

    wait_id: WaitId
    day_id: ServiceDayId
    person_id: PersonId
    identity: Hex | None = None
    drawn_rank: Rank

    def needs(self) -> Sequence[Hashable]:
        """The day with its sessions, and whether the person waits for it or has a place."""
        identity = bytes.fromhex(self.identity) if self.identity is not None else None
        entering = Entering(
            self.wait_id, self.day_id, self.person_id, self.at, self.drawn_rank, identity
        )
        return (entering,)


class WaitMade(Answer):
    """The entry is made: of a `lottery`, or of a `list`."""

    wait_id: WaitId
    kind: Literal["lottery", "list"]


class LeaveWait(Command):
    """Do not wait any more; a place that is offered is given up."""

    refusals: ClassVar[Sequence[type[Refused]]] = (waiting.WaitUnknown, waiting.NotWaiting)

    wait_id: WaitId

    def needs(self) -> Sequence[Hashable]:
        """The entry with its day, and the place that is offered to it."""
        return (self.wait_id,)


class WaitChanged(Answer):
    """Where the entry stands now."""

    wait_id: WaitId
    status: Literal["left"]


class OfferPlaces(Command):
    """Offer what is free of a day to those who wait for it, in their order."""

    refusals: ClassVar[Sequence[type[Refused]]] = (waiting.DayUnknown,)

    day_id: ServiceDayId

    def needs(self) -> Sequence[Hashable]:
        """The day with all its sessions, and the first ones who wait."""
        return (FirstOf(self.day_id, self.at),)


class EndList(Command):
    """Nobody can get a place of this day any more."""

    refusals: ClassVar[Sequence[type[Refused]]] = (waiting.DayUnknown,)

    day_id: ServiceDayId

    def needs(self) -> Sequence[Hashable]:
        """The day with all its sessions, and the first ones who wait."""
        return (FirstOf(self.day_id, self.at),)


class ListChanged(Answer):
    """How many entries were offered a place, or left."""

    entries: int


class DrawLottery(Command):
    """Draw the order of the entries with the seed whose digest was announced."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        waiting.DayUnknown,
        release.DoneAlready,
        release.NotDueYet,
        release.SeedLost,
    )

    day_id: ServiceDayId
    seed: Hex

    def needs(self) -> Sequence[Hashable]:
        """The day and all of its entries."""
        return (EntriesOf(self.day_id),)
