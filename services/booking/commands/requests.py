"""What the office answers, what it forgives, and what time does to appointments."""

from collections.abc import Hashable, Sequence
from typing import ClassVar, Literal

from contracts.base import Answer, Code, Command, Refused
from contracts.ids import AppointmentId, MallId, SessionId
from services.booking.domain import life_refusals as life
from services.booking.domain import refusals as rules

_OF_OFFICE: Sequence[type[Refused]] = (rules.AppointmentUnknown, rules.NotYours)


class _OfAppointment(Command):
    """About one appointment. `staff_mall` is the mall of the officer who asks."""

    appointment_id: AppointmentId
    staff_mall: MallId | None = None

    def needs(self) -> Sequence[Hashable]:
        """The appointment, with its session, day and mall."""
        return (self.appointment_id,)


class ApproveAppointment(_OfAppointment):
    """The office grants a request."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        *_OF_OFFICE,
        life.NotRequested,
        rules.SessionOver,
        rules.SessionClosedNow,
    )


class DeclineAppointment(_OfAppointment):
    """The office does not grant a request; `reason` is a code of its own."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*_OF_OFFICE, life.NotRequested)

    reason: Code


class TimeOutRequest(_OfAppointment):
    """The office has not answered in time."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        *_OF_OFFICE,
        life.NotRequested,
        life.NotDue,
    )


class RemindOrMiss(_OfAppointment):
    """A moment of an appointment has come: a reminder, or the end of the grace."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*_OF_OFFICE, life.NotDue)


class PardonMiss(_OfAppointment):
    """A miss does not count; `reason` is a code of the office."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*_OF_OFFICE, life.NotMissed)

    reason: Code


class OpenChannels(Command):
    """Places that were kept for one way of booking are there for all."""

    refusals: ClassVar[Sequence[type[Refused]]] = (rules.SessionUnknown, life.NotDue)

    session_id: SessionId

    def needs(self) -> Sequence[Hashable]:
        """The session with its day."""
        return (self.session_id,)


class RequestAnswered(Answer):
    """Where the appointment stands now."""

    appointment_id: AppointmentId
    status: Literal["booked", "declined", "missed"]


class ChannelsAreOpen(Answer):
    """Everybody may take what is left of the session."""

    session_id: SessionId
