"""What is decided about appointments, in the order of the citizen's story."""

from contracts.base import Decision
from services.booking.commands.appointments import (
    AppointmentChanged,
    AppointmentMade,
    BookAppointment,
    CancelAppointment,
    CheckIn,
)
from services.booking.domain.appointment import Appointment
from services.booking.domain.offer import must_be_own
from services.booking.domain.states import (
    States,
    get_appointment,
    get_mall,
    get_session,
)
from services.booking.domain.taking import Wish, must_be_possible, must_be_released


def book_appointment(command: BookAppointment, states: States) -> Decision:
    """One place in the session for the person."""
    session = get_session(states, command.session_id)
    session.must_not_be_over(command.at)
    wish = Wish(command.appointment_id, session, command.person_id, turn=command.turn)
    must_be_released(states, wish, command.at)
    fact = wish.booked()
    must_be_possible(states, Appointment.booked(fact), session)
    return Decision([fact], AppointmentMade(appointment_id=fact.appointment_id))


def check_in(command: CheckIn, states: States) -> Decision:
    """The citizen is in the mall."""
    appointment = get_appointment(states, command.appointment_id)
    session = get_session(states, appointment.session_id)
    must_be_own(session.mall, command.staff_mall)
    today = get_mall(states, session.mall).date_of(command.at)
    fact = appointment.check_in(session, today)
    return Decision([fact], AppointmentChanged(appointment_id=appointment.id, status="checked_in"))


def cancel_appointment(command: CancelAppointment, states: States) -> Decision:
    """The place is free again."""
    appointment = get_appointment(states, command.appointment_id)
    session = get_session(states, appointment.session_id)
    must_be_own(session.mall, command.staff_mall)
    fact = appointment.cancel(session, command.reason, command.at)
    return Decision([fact], AppointmentChanged(appointment_id=appointment.id, status="cancelled"))
