"""Commands about appointments, and their answers."""

from collections.abc import Hashable, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.base import Answer, Command, Refused
from contracts.ids import AppointmentId, MallId, PersonId, ServiceCode, SessionId
from services.booking.domain import life_refusals as life
from services.booking.domain import people_refusals as people
from services.booking.domain import refusals as rules
from services.booking.domain import release_refusals as release_rules
from services.booking.domain import waiting_refusals as waiting
from services.booking.domain.claims import Asked, AskedToMove, Proofs
from services.booking.domain.release import Turn

RoomTurn = Turn | None
Channel = Literal["online", "counter", "partner"]
Also = Annotated[tuple[ServiceCode, ...], Field(max_length=5)]

_OF_TAKING: Sequence[type[Refused]] = (
    rules.SessionUnknown,
    rules.NotYours,
    rules.SessionOver,
    rules.ServiceUnknown,
    rules.FurtherServiceImpossible,
    people.IdentityNeeded,
    people.BlockedAfterMisses,
    rules.OutsideWindow,
    release_rules.NotReleasedYet,
    release_rules.EnterFirst,
    release_rules.NotYourTurn,
    release_rules.PassNotGenuine,
    release_rules.EnteredByLottery,
    rules.AlreadyBooked,
    people.TooManyBookings,
    people.TooManyFromDevice,
    people.TooManyFromNetwork,
    rules.SessionClosedNow,
    rules.SessionFull,
    rules.ChannelFull,
    rules.DayFull,
    waiting.WaitListFirst,
)
_OF_STANDING: Sequence[type[Refused]] = (
    rules.AppointmentUnknown,
    rules.NotYours,
    life.NotConfirmed,
    life.NotApproved,
    rules.AlreadyCheckedIn,
    rules.AppointmentCancelledAlready,
    life.AppointmentOver,
)


class _TakePlaces(Command):
    """Places in a session for a person. `also` names further services of the same agency.

    `identity`, `device` and `network` are digests with a key: of a NIK, of what the device calls
    itself, of the address. `turn` is what a pass of the waiting room is worth, where the day has
    one. `staff_mall` binds an officer or kiosk to a mall.
    """

    minted: ClassVar[frozenset[str]] = frozenset({"appointment_id", "device", "network", "turn"})

    appointment_id: AppointmentId
    session_id: SessionId
    person_id: PersonId
    also: Also = ()
    channel: Channel = "online"
    identity: str | None = None
    device: str | None = None
    network: str | None = None
    turn: RoomTurn = None
    staff_mall: MallId | None = None

    def needs(self) -> Sequence[Hashable]:
        """The session, and the seats that must be free."""
        proofs = Proofs(self.identity, self.device, self.network)
        asked = Asked(
            self.appointment_id, self.session_id, self.person_id, self.at, self.also, proofs
        )
        return (self.session_id, asked, *self.also)


class BookAppointment(_TakePlaces):
    """Take places."""

    refusals: ClassVar[Sequence[type[Refused]]] = _OF_TAKING


class HoldPlace(_TakePlaces):
    """Take places for some minutes, until they are confirmed."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*_OF_TAKING, people.TooManyHolds)


class AppointmentMade(Answer):
    """The place is taken."""

    appointment_id: AppointmentId
    status: Literal["booked", "requested"] = "booked"


class PlaceKept(Answer):
    """The place is held until then, at the latest."""

    appointment_id: AppointmentId
    held_until: AwareDatetime


class _OfAppointment(Command):
    """A step of one appointment. `staff_mall` is the mall of the officer or kiosk who asks."""

    appointment_id: AppointmentId
    staff_mall: MallId | None

    def needs(self) -> Sequence[Hashable]:
        """The appointment, with its session, day and mall."""
        return (self.appointment_id,)


class ConfirmPlace(_OfAppointment):
    """A place that is held becomes an appointment."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.AppointmentUnknown,
        rules.NotYours,
        life.NotHeld,
        life.HoldOver,
        rules.SessionClosedNow,
    )


class ReleasePlace(_OfAppointment):
    """A place that is held is let go."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.AppointmentUnknown,
        rules.NotYours,
        life.NotHeld,
        life.HoldOver,
    )


class ExpireHold(_OfAppointment):
    """The time of a hold is over."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.AppointmentUnknown,
        life.NotHeld,
        life.HoldOver,
        life.NotDue,
    )

    staff_mall: MallId | None = None


class MoveAppointment(_OfAppointment):
    """Take places in another session of the same service and mall instead."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        *_OF_STANDING,
        rules.SessionUnknown,
        rules.SessionOver,
        life.SameSession,
        life.OtherService,
        life.MovedTooOften,
        life.TooLateToMove,
        rules.OutsideWindow,
        release_rules.NotReleasedYet,
        release_rules.EnterFirst,
        release_rules.EnteredByLottery,
        rules.AlreadyBooked,
        rules.SessionClosedNow,
        rules.SessionFull,
        rules.ChannelFull,
        rules.DayFull,
        waiting.WaitListFirst,
    )

    session_id: SessionId
    reason: Literal["by_citizen", "by_office"]

    def needs(self) -> Sequence[Hashable]:
        """The appointment, the other session, and the seats on its day."""
        asked = AskedToMove(self.appointment_id, self.session_id)
        return (self.appointment_id, self.session_id, asked)


class CheckIn(_OfAppointment):
    """The citizen has come."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        *_OF_STANDING,
        rules.NotToday,
        life.TooEarly,
        life.TooLate,
    )


class CancelAppointment(_OfAppointment):
    """Give the place up; `reason` says who does."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*_OF_STANDING, rules.SessionOver)

    reason: Literal["by_citizen", "by_office"]


class AppointmentChanged(Answer):
    """Where the appointment stands now."""

    appointment_id: AppointmentId
    status: Literal["booked", "requested", "checked_in", "cancelled", "lapsed"]


class AppointmentMovedTo(Answer):
    """In which session the appointment is now."""

    appointment_id: AppointmentId
    session_id: SessionId
    starts_at: AwareDatetime
    ends_at: AwareDatetime
