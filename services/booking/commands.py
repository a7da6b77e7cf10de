"""What one may want from booking, what one is answered, and which rules may refuse it."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.base import Answer, Command, Refused
from contracts.ids import AppointmentId, MallId, PersonId, ServiceCode, SessionId
from services.booking.domain import refusals as rules
from services.booking.domain.session import PersonInSession

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


class BookAppointment(Command):
    """Take one place in a session for a person."""

    minted: ClassVar[frozenset[str]] = frozenset({"appointment_id"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.SessionUnknown,
        rules.SessionOver,
        rules.AlreadyBooked,
        rules.SessionFull,
    )

    appointment_id: AppointmentId
    session_id: SessionId
    person_id: PersonId

    def needs(self) -> Sequence[Hashable]:
        """The session, and what the person holds for its service and day."""
        return (self.session_id, PersonInSession(self.person_id, self.session_id))


class AppointmentMade(Answer):
    """The place is taken."""

    appointment_id: AppointmentId


class CheckIn(Command):
    """The citizen has come. `staff_mall` is the mall of the kiosk or officer who says so."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.AppointmentUnknown,
        rules.NotYours,
        rules.AlreadyCheckedIn,
        rules.AppointmentCancelledAlready,
        rules.NotToday,
    )

    appointment_id: AppointmentId
    staff_mall: MallId | None

    def needs(self) -> Sequence[Hashable]:
        """The appointment, with its session and mall."""
        return (self.appointment_id,)


class CancelAppointment(Command):
    """Give the place up; `reason` says who does."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.AppointmentUnknown,
        rules.NotYours,
        rules.AlreadyCheckedIn,
        rules.AppointmentCancelledAlready,
        rules.SessionOver,
    )

    appointment_id: AppointmentId
    staff_mall: MallId | None
    reason: Literal["by_citizen", "by_office"]

    def needs(self) -> Sequence[Hashable]:
        """The appointment, with its session and mall."""
        return (self.appointment_id,)


class AppointmentChanged(Answer):
    """Where the appointment stands now."""

    appointment_id: AppointmentId
    status: Literal["checked_in", "cancelled"]
