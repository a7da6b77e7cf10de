"""What may be wanted about the release of a day, by people and by time."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.base import Answer, Command, Refused
from contracts.booking import AnnouncedPart
from contracts.ids import MallId, ServiceCode, ServiceDayId
from services.booking.domain import refusals as rules
from services.booking.domain import release_refusals as release_rules
from services.booking.domain.day import DayKey, SessionsOf
from services.booking.domain.people_refusals import IdentityNeeded, NikImpossible
from services.booking.domain.policy import PolicyOf

Mode = Literal["open", "first_come", "staggered", "lottery"]
SpreadSeconds = Annotated[int, Field(ge=0, le=3600)]
Parts = Annotated[tuple[AnnouncedPart, ...], Field(max_length=10)]
Seed = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AnnounceDay(Command):
    """Fix how the places of one day are given out, before its first session is there."""

    minted: ClassVar[frozenset[str]] = frozenset({"day_id", "seed_digest"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.NotYours,
        rules.MallUnknown,
        rules.ServiceUnknown,
        rules.ServiceNotInMall,
        rules.PolicyUnknown,
        release_rules.DayKnownAlready,
        release_rules.ReleaseTimesImpossible,
    )

    day_id: ServiceDayId
    seed_digest: Seed
    mall: MallId
    service: ServiceCode
    service_date: date
    mode: Mode
    opens_at: AwareDatetime | None
    closes_at: AwareDatetime | None
    spread_s: SpreadSeconds
    parts: Parts
    staff_mall: MallId | None

    @property
    def day(self) -> DayKey:
        """Which day it is about."""
        return DayKey(self.mall, self.service, self.service_date)

    def needs(self) -> Sequence[Hashable]:
        """Mall, service and policy as the catalogue has them, and the day if it is announced."""
        return (self.mall, self.service, self.day, PolicyOf(self.mall, self.service))


class DayMade(Answer):
    """The day is announced; `seed_digest` is the SHA-256 of the seed that is revealed later."""

    day_id: ServiceDayId
    seed_digest: str | None


class RevealSeed(Command):
    """The release has opened, so turns are fixed: anybody may recompute them."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        release_rules.DoneAlready,
        release_rules.NotDueYet,
        release_rules.SeedLost,
    )

    day_id: ServiceDayId
    seed: Seed

    def needs(self) -> Sequence[Hashable]:
        """The day."""
        return (self.day_id,)


class ReleasePart(Command):
    """One more part of the places is due, or several."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        release_rules.DoneAlready,
        release_rules.NotDueYet,
    )

    day_id: ServiceDayId

    def needs(self) -> Sequence[Hashable]:
        """The day with its sessions."""
        return (self.day_id, SessionsOf(self.day_id))


class DayWentOn(Answer):
    """What time causes is done."""

    day_id: ServiceDayId


SHOWING: Sequence[type[Refused]] = (release_rules.ReleaseUnknown,)
ENTERING: Sequence[type[Refused]] = (
    release_rules.ReleaseUnknown,
    release_rules.NoRoomNow,
    release_rules.PassNotGenuine,
    IdentityNeeded,
    NikImpossible,
)
"""What may be said to whoever looks at a release, and to whoever enters its waiting room."""
