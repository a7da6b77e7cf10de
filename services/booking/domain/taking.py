"""Taking places: what is wished for, and every rule that may say no."""

from dataclasses import dataclass
from datetime import datetime

from contracts.booking import AppointmentBooked
from contracts.ids import AppointmentId, PersonId
from services.booking.domain import claims, release
from services.booking.domain.appointment import Appointment
from services.booking.domain.refusals import AlreadyBooked
from services.booking.domain.release import Turn
from services.booking.domain.session import Session
from services.booking.domain.states import States, get_day


@dataclass(frozen=True, slots=True)
class Wish:
    """One person's wish for a place in a session."""

    appointment_id: AppointmentId
    session: Session
    person_id: PersonId
    channel: str = "online"
    turn: Turn | None = None

    def booked(self) -> AppointmentBooked:
        """The fact that grants it."""
        session = self.session
        return AppointmentBooked(
            appointment_id=self.appointment_id,
            session_id=session.id,
            mall=session.mall,
            service=session.service,
            service_date=session.service_date,
            starts_at=session.starts_at,
            person_id=self.person_id,
            entered_at=self.turn.entered_at if self.turn is not None else None,
            turn_at=self.turn.turn_at if self.turn is not None else None,
        )


def must_be_released(states: States, wish: Wish, at: datetime) -> None:
    """Whether the place may be taken now.

    Raises NotReleasedYet, EnterFirst, NotYourTurn or EnteredByLottery.
    """
    day = get_day(states, wish.session.day_id)
    release.must_be_released(day, wish.session, wish.channel, at, wish.turn)


def must_be_possible(states: States, appointment: Appointment, session: Session) -> None:
    """Whether this appointment, as it would be, finds its seats and its places.

    Raises AlreadyBooked, SessionClosedNow, SessionFull, ChannelFull or DayFull.
    """
    for key, most in claims.wanted(appointment).items():
        if claims.seats_of(states, key).lowest_free > most:
            raise AlreadyBooked(
                service=session.service, service_date=session.service_date.isoformat()
            )
    session.must_have(appointment.places, appointment.channel)
    get_day(states, session.day_id).must_have(appointment.places)
