"""Commands about sessions, and their answers."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.base import Answer, Command, Count, Refused
from contracts.ids import MallId, ServiceCode, ServiceDayId, SessionId
from services.booking.domain import refusals as rules
from services.booking.domain.closure import Touching
from services.booking.domain.closure_refusals import ServiceClosed
from services.booking.domain.day import DayOfSpan

Capacity = Annotated[int, Field(ge=1, le=10_000)]
SeedDigest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class OpenSession(Command):
    """Let places be booked in a span of time. `staff_mall` binds the officer to a mall.

    `day_id`, and the digest of the seed that belongs to it, are for its day, should this be the
    first session of it.
    """

    minted: ClassVar[frozenset[str]] = frozenset({"session_id", "day_id", "seed_digest"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.NotYours,
        rules.MallUnknown,
        rules.ServiceUnknown,
        rules.ServiceNotInMall,
        rules.SpanImpossible,
        rules.SessionOver,
        rules.PolicyUnknown,
        ServiceClosed,
    )

    session_id: SessionId
    day_id: ServiceDayId
    seed_digest: SeedDigest
    mall: MallId
    service: ServiceCode
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    capacity: Capacity
    approve: bool = False
    staff_mall: MallId | None

    def needs(self) -> Sequence[Hashable]:
        """Mall and service as the catalogue has them, what rules, and the day if announced."""
        day = DayOfSpan(self.mall, self.service, self.starts_at)
        ruling = Touching(self.mall, self.starts_at, self.ends_at, sessions=False)
        return (self.mall, self.service, day, ruling)


class SessionMade(Answer):
    """The session is open; `service_date` is its day in the mall's zone."""

    session_id: SessionId
    service_date: date


class PlannedSpan(BaseModel):
    """One session of a plan, under the id that it always has."""

    model_config = ConfigDict(frozen=True)

    session_id: SessionId
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    places: Capacity


class OpenPlanned(Command):
    """Open the sessions of one day as the plan of the service has them; what is open stays."""

    minted: ClassVar[frozenset[str]] = frozenset({"day_id", "seed_digest"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.MallUnknown,
        rules.ServiceUnknown,
        rules.ServiceNotInMall,
        rules.SpanImpossible,
        rules.PolicyUnknown,
    )

    day_id: ServiceDayId
    seed_digest: SeedDigest
    mall: MallId
    service: ServiceCode
    service_date: date
    plan_revision: Count
    most: Capacity | None
    spans: Annotated[tuple[PlannedSpan, ...], Field(min_length=1, max_length=50)]

    def needs(self) -> Sequence[Hashable]:
        """Mall and service, what rules, the day if announced, and those sessions that exist."""
        starts_at, ends_at = self.spans[0].starts_at, max(one.ends_at for one in self.spans)
        day = DayOfSpan(self.mall, self.service, starts_at)
        ruling = Touching(self.mall, starts_at, ends_at, sessions=False)
        return (self.mall, self.service, day, ruling, *(one.session_id for one in self.spans))


class PlanFollowed(Answer):
    """So many sessions were opened; the others were there, are over, or lie in a closure."""

    opened: int
