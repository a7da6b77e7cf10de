"""Commands about appointments, and their answers."""

from collections.abc import Hashable, Sequence
from typing import ClassVar, Literal

from contracts.base import Answer, Command, Refused
from contracts.ids import AppointmentId, MallId, PersonId, SessionId
from services.booking.domain import refusals as rules
from services.booking.domain import release_refusals as release_rules
from services.booking.domain.claims import Asked
from services.booking.domain.release import Turn


class BookAppointment(Command):
    """Take one place in a session for a person.

    `turn` is what a pass of the waiting room is worth, where the day has one.
    """

    minted: ClassVar[frozenset[str]] = frozenset({"appointment_id", "turn"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.SessionUnknown,
        rules.SessionOver,
        release_rules.NotReleasedYet,
        release_rules.EnterFirst,
        release_rules.NotYourTurn,
        release_rules.PassNotGenuine,
        release_rules.EnteredByLottery,
        rules.AlreadyBooked,
        rules.SessionClosedNow,
        rules.SessionFull,
        rules.ChannelFull,
        rules.DayFull,
    )

    appointment_id: AppointmentId
    session_id: SessionId
    person_id: PersonId
    turn: Turn | None = None

    def needs(self) -> Sequence[Hashable]:
        """The session, and the seats that the person must find free."""
        return (self.session_id, Asked(self.appointment_id, self.session_id, self.person_id))


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
