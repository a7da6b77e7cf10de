"""Commands about sessions, and their answers."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from contracts.base import Answer, Command, Refused
from contracts.ids import MallId, ServiceCode, SessionId
from services.booking.domain import refusals as rules

Capacity = Annotated[int, Field(ge=1, le=10_000)]


class OpenSession(Command):
    """Let places be booked in a span of time. `staff_mall` binds the officer to a mall."""

    minted: ClassVar[frozenset[str]] = frozenset({"session_id"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.NotYours,
        rules.MallUnknown,
        rules.ServiceUnknown,
        rules.ServiceNotInMall,
        rules.SpanImpossible,
        rules.SessionOver,
    )

    session_id: SessionId
    mall: MallId
    service: ServiceCode
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    capacity: Capacity
    staff_mall: MallId | None

    def needs(self) -> Sequence[Hashable]:
        """Mall and service as the catalogue has them."""
        return (self.mall, self.service)


class SessionMade(Answer):
    """The session is open; `service_date` is its day in the mall's zone."""

    session_id: SessionId
    service_date: date
