"""An appointment: one place in a session, from booking to checking in or giving it up."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from contracts.booking import AppointmentBooked, AppointmentCancelled, AppointmentCheckedIn
from contracts.ids import AppointmentId, PersonId, ServiceCode, SessionId
from services.booking.domain.refusals import (
    AlreadyCheckedIn,
    AppointmentCancelledAlready,
    NotToday,
)
from services.booking.domain.session import PersonsDay, Session


class Status(StrEnum):
    """Where an appointment stands. All but the first are final."""

    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Appointment:
    """A booked place. `service` and `service_date` are those of its session."""

    id: AppointmentId
    version: int
    session_id: SessionId
    person_id: PersonId
    service: ServiceCode
    service_date: date
    status: Status = Status.BOOKED

    @classmethod
    def booked(cls, fact: AppointmentBooked) -> "Appointment":
        """The appointment that this fact begins."""
        return cls(
            fact.appointment_id,
            1,
            fact.session_id,
            fact.person_id,
            fact.service,
            fact.service_date,
        )

    @property
    def day(self) -> PersonsDay:
        """Under what it counts for its person."""
        return PersonsDay(self.person_id, self.service, self.service_date)

    def check_in(self, session: Session, today: date) -> AppointmentCheckedIn:
        """The citizen is there. Raises NotToday, AlreadyCheckedIn, AppointmentCancelledAlready."""
        self._must_be_booked()
        if today != self.service_date:
            raise NotToday(service_date=self.service_date.isoformat())
        return AppointmentCheckedIn(
            appointment_id=self.id,
            session_id=self.session_id,
            mall=session.mall,
            service=self.service,
            service_date=self.service_date,
            person_id=self.person_id,
        )

    def cancel(self, session: Session, reason: str, at: datetime) -> AppointmentCancelled:
        """Give the place up.

        Raises SessionOver, AlreadyCheckedIn or AppointmentCancelledAlready.
        """
        self._must_be_booked()
        session.must_not_be_over(at)
        return AppointmentCancelled(
            appointment_id=self.id, session_id=self.session_id, reason=reason
        )

    def moved_to(self, status: Status) -> "Appointment":
        """One fact later."""
        return replace(self, version=self.version + 1, status=status)

    def _must_be_booked(self) -> None:
        if self.status is Status.CHECKED_IN:
            raise AlreadyCheckedIn
        if self.status is Status.CANCELLED:
            raise AppointmentCancelledAlready
