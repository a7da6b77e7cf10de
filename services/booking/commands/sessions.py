"""Commands about sessions, and their answers."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from contracts.base import Answer, Command, Refused
from contracts.ids import MallId, ServiceCode, ServiceDayId, SessionId
from services.booking.domain import refusals as rules
from services.booking.domain.closure import Touching
from services.booking.domain.closure_refusals import ServiceClosed
from services.booking.domain.day import DayOfSpan

Capacity = Annotated[int, Field(ge=1, le=10_000)]


class OpenSession(Command):
    """Let places be booked in a span of time. `staff_mall` binds the officer to a mall.

    `day_id` is for its day, should this be the first session of it.
    """

    minted: ClassVar[frozenset[str]] = frozenset({"session_id", "day_id"})
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
    mall: MallId
    service: ServiceCode
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    capacity: Capacity
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
