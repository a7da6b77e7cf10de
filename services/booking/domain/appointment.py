"""An appointment: places in a session, from booking to checking in or giving them up."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from contracts.booking import AppointmentBooked, AppointmentCancelled, AppointmentCheckedIn
from contracts.ids import (
    AppointmentId,
    ClosureId,
    PersonId,
    ServiceCode,
    SessionId,
    VisitId,
    WaitId,
)
from services.booking.domain.refusals import (
    AlreadyCheckedIn,
    AppointmentCancelledAlready,
    NotToday,
)
from services.booking.domain.session import Session


class Status(StrEnum):
    """Where an appointment stands."""

    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    CANCELLED = "cancelled"

    @property
    def is_live(self) -> bool:
        """Whether it takes a place."""
        return self in _LIVE


_LIVE = frozenset({Status.BOOKED, Status.CHECKED_IN})


@dataclass(frozen=True, slots=True)
class Appointment:
    """Places that are taken. `service` and `service_date` are those of its session.

    `also` names further services of the same visit to the counter, with a blank between.
    """

    id: AppointmentId
    version: int
    session_id: SessionId
    person_id: PersonId
    service: ServiceCode
    service_date: date
    status: Status = Status.BOOKED
    channel: str = "online"
    also: str = ""
    places: int = 1
    visit_id: VisitId | None = None
    wait_id: WaitId | None = None
    moves: int = 0
    held_until: datetime | None = None
    disturbed_by: ClosureId | None = None
    step: int = 0
    due_at: datetime | None = None
    ended_at: datetime | None = None

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
            channel=fact.channel or "online",
            also=" ".join(fact.also),
            places=fact.places,
            visit_id=fact.visit_id,
            wait_id=fact.wait_id,
        )

    @property
    def services(self) -> tuple[ServiceCode, ...]:
        """Its service and the further ones."""
        return (self.service, *map(ServiceCode, self.also.split()))

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

    def moved_to(self, status: Status, at: datetime) -> "Appointment":
        """One fact later."""
        ended_at = None if status.is_live else at
        return replace(self, version=self.version + 1, status=status, ended_at=ended_at)

    def disturbed(self, closure_id: ClosureId) -> "Appointment":
        """One fact later its holder was told of this closure."""
        return replace(self, version=self.version + 1, disturbed_by=closure_id)

    def _must_be_booked(self) -> None:
        if self.status is Status.CHECKED_IN:
            raise AlreadyCheckedIn
        if self.status is Status.CANCELLED:
            raise AppointmentCancelledAlready
