"""An appointment: places in a session, from a hold or a booking to its end."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from contracts.base import Refused
from contracts.booking import (
    AppointmentBooked,
    AppointmentMoved,
    AppointmentRequested,
    PlaceHeld,
)
from contracts.ids import (
    AppointmentId,
    ClosureId,
    PersonId,
    ServiceCode,
    SessionId,
    VisitId,
    WaitId,
)
from services.booking.domain.life_refusals import (
    AppointmentOver,
    HoldOver,
    NotApproved,
    NotConfirmed,
    NotHeld,
    NotRequested,
)
from services.booking.domain.refusals import (
    AlreadyCheckedIn,
    AppointmentCancelledAlready,
)


class Status(StrEnum):
    """Where an appointment stands; the second half is final."""

    HELD = "held"
    REQUESTED = "requested"
    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    DECLINED = "declined"
    MISSED = "missed"

    @property
    def is_live(self) -> bool:
        """Whether it takes a place."""
        return self in _LIVE


_LIVE = frozenset({Status.HELD, Status.REQUESTED, Status.BOOKED, Status.CHECKED_IN})


class Step(StrEnum):
    """What somebody may want to happen to an appointment."""

    CONFIRM = "confirm"
    LET_GO = "let_go"
    CANCEL = "cancel"
    MOVE = "move"
    CHECK_IN = "check_in"
    APPROVE = "approve"
    DECLINE = "decline"


_ALLOWED: Mapping[Step, frozenset[Status]] = {
    Step.CONFIRM: frozenset({Status.HELD}),
    Step.LET_GO: frozenset({Status.HELD}),
    Step.CANCEL: frozenset({Status.REQUESTED, Status.BOOKED}),
    Step.MOVE: frozenset({Status.REQUESTED, Status.BOOKED}),
    Step.CHECK_IN: frozenset({Status.BOOKED}),
    Step.APPROVE: frozenset({Status.REQUESTED}),
    Step.DECLINE: frozenset({Status.REQUESTED}),
}
# What a step that is not allowed is answered, by where the appointment stands.
_REFUSALS: Mapping[Status, type[Refused]] = {
    Status.HELD: NotConfirmed,
    Status.REQUESTED: NotApproved,
    Status.CHECKED_IN: AlreadyCheckedIn,
    Status.CANCELLED: AppointmentCancelledAlready,
}
_OF_HOLDS = frozenset({Step.CONFIRM, Step.LET_GO})
_OF_REQUESTS = frozenset({Step.APPROVE, Step.DECLINE})


@dataclass(frozen=True, slots=True)
class Appointment:
    """Places that are taken. `service` and `service_date` are those of its session.

    `also` names further services that it is for, with a blank between.
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
    pardoned: bool = False

    @classmethod
    def begun(cls, fact: PlaceHeld | AppointmentRequested | AppointmentBooked) -> "Appointment":
        """The appointment that this fact begins."""
        made = cls(
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
        if isinstance(fact, PlaceHeld):
            return replace(made, status=Status.HELD, held_until=fact.until, due_at=fact.until)
        if isinstance(fact, AppointmentRequested):
            return replace(made, status=Status.REQUESTED, due_at=fact.until)
        return made

    @property
    def services(self) -> tuple[ServiceCode, ...]:
        """Its service and the further ones."""
        return (self.service, *self.further)

    @property
    def further(self) -> tuple[ServiceCode, ...]:
        """The further services."""
        return tuple(map(ServiceCode, self.also.split()))

    def must_allow(self, step: Step) -> None:
        """Raises the refusal that tells where it stands instead."""
        if self.status in _ALLOWED[step]:
            return
        if step in _OF_HOLDS:
            raise HoldOver if self.status is Status.LAPSED else NotHeld(status=self.status)
        if step in _OF_REQUESTS:
            raise NotRequested(status=self.status)
        refusal = _REFUSALS.get(self.status)
        raise refusal if refusal is not None else AppointmentOver(status=self.status)

    def at_status(self, status: Status, at: datetime) -> "Appointment":
        """One fact later, at another point of its life."""
        ended_at = None if status.is_live else at
        return replace(
            self,
            version=self.version + 1,
            status=status,
            held_until=None,
            due_at=None,
            ended_at=ended_at,
        )

    def noted(self, **changes: Any) -> "Appointment":
        """One fact later at the same point of its life."""
        return replace(self, version=self.version + 1, **changes)

    def requested(self, fact: AppointmentRequested, at: datetime) -> "Appointment":
        """One fact later the office has to answer."""
        return replace(self.at_status(Status.REQUESTED, at), due_at=fact.until)

    def disturbed(self, closure_id: ClosureId) -> "Appointment":
        """One fact later its holder was told of this closure."""
        return replace(self, version=self.version + 1, disturbed_by=closure_id)

    def moved(self, fact: AppointmentMoved) -> "Appointment":
        """One fact later, in another session."""
        return replace(
            self,
            version=self.version + 1,
            session_id=fact.session_id,
            service_date=fact.service_date,
            moves=self.moves + 1,
            step=0,
            disturbed_by=None,
        )
