"""What is decided about appointments, in the order of the citizen's story."""

from contracts.base import Decision
from contracts.booking import AppointmentCancelled, AppointmentCheckedIn, AppointmentMoved
from services.booking.commands.appointments import (
    AppointmentChanged,
    AppointmentMade,
    AppointmentMovedTo,
    BookAppointment,
    CancelAppointment,
    CheckIn,
    MoveAppointment,
)
from services.booking.domain.appointment import Appointment, Status, Step
from services.booking.domain.keeping import (
    must_be_in_window,
    must_be_movable,
    must_be_time_to_check_in,
)
from services.booking.domain.life_refusals import OtherService, SameSession
from services.booking.domain.offer import must_be_own
from services.booking.domain.policy import rules_of
from services.booking.domain.refusals import NotToday
from services.booking.domain.release import must_be_released
from services.booking.domain.session import Session
from services.booking.domain.states import (
    States,
    get_appointment,
    get_day,
    get_mall,
    get_session,
)
from services.booking.domain.taking import must_be_possible, status_of
from services.booking.domain.waiting import must_not_jump_the_list
from services.booking.handlers.wishes import flag_of, wish_of


def book_appointment(command: BookAppointment, states: States) -> Decision:
    """Places in the session for the person."""
    wish = wish_of(command, states)
    rules = rules_of(states, get_day(states, wish.session.day_id))
    fact = wish.granted(rules, command.at)
    after = Appointment.begun(fact)
    must_be_possible(states, None, after, command.at)
    must_not_jump_the_list(states, after, command.at)
    answer = AppointmentMade(appointment_id=fact.appointment_id, status=status_of(fact))
    return Decision([fact, *flag_of(command, states, wish)], answer)


def move_appointment(command: MoveAppointment, states: States) -> Decision:
    """Places in another session, and those of before are free again: both or nothing."""
    appointment = get_appointment(states, command.appointment_id)
    before = get_session(states, appointment.session_id)
    must_be_own(before.mall, command.staff_mall)
    appointment.must_allow(Step.MOVE)
    session = get_session(states, command.session_id)
    _must_fit(before, session)
    before.must_not_be_over(command.at)
    session.must_not_be_over(command.at)
    if command.reason == "by_citizen":
        rules = rules_of(states, get_day(states, session.day_id))
        must_be_movable(appointment, before, rules, command.at)
        must_be_in_window(session, get_mall(states, session.mall), rules, command.at)
    fact = AppointmentMoved(
        appointment_id=appointment.id,
        from_session=before.id,
        session_id=session.id,
        mall=session.mall,
        service=session.service,
        service_date=session.service_date,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        person_id=appointment.person_id,
        reason=command.reason,
    )
    after = appointment.moved(fact)
    day = get_day(states, session.day_id)
    must_be_released(day, session, appointment.channel, command.at, None)
    must_be_possible(states, appointment, after, command.at)
    must_not_jump_the_list(states, after, command.at)
    answer = AppointmentMovedTo(
        appointment_id=appointment.id,
        session_id=session.id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
    )
    return Decision([fact], answer)


def check_in(command: CheckIn, states: States) -> Decision:
    """The citizen is in the mall."""
    appointment = get_appointment(states, command.appointment_id)
    session = get_session(states, appointment.session_id)
    must_be_own(session.mall, command.staff_mall)
    appointment.must_allow(Step.CHECK_IN)
    if get_mall(states, session.mall).date_of(command.at) != session.service_date:
        raise NotToday(service_date=session.service_date.isoformat())
    rules = rules_of(states, get_day(states, session.day_id))
    must_be_time_to_check_in(session, rules, command.at)
    fact = AppointmentCheckedIn(
        appointment_id=appointment.id,
        session_id=session.id,
        mall=session.mall,
        service=session.service,
        service_date=session.service_date,
        person_id=appointment.person_id,
        starts_at=session.starts_at,
        channel=appointment.channel,
        also=appointment.further,
    )
    return Decision([fact], _changed(appointment, Status.CHECKED_IN))


def cancel_appointment(command: CancelAppointment, states: States) -> Decision:
    """The place is free again."""
    appointment = get_appointment(states, command.appointment_id)
    session = get_session(states, appointment.session_id)
    must_be_own(session.mall, command.staff_mall)
    appointment.must_allow(Step.CANCEL)
    session.must_not_be_over(command.at)
    fact = AppointmentCancelled(
        appointment_id=appointment.id,
        session_id=session.id,
        reason=command.reason,
        mall=session.mall,
        service=session.service,
        service_date=session.service_date,
        places=appointment.places,
        person_id=appointment.person_id,
    )
    return Decision([fact], _changed(appointment, Status.CANCELLED))


def _must_fit(before: Session, session: Session) -> None:
    if session.id == before.id:
        raise SameSession
    if (session.mall, session.service) != (before.mall, before.service):
        raise OtherService(service=before.service)


def _changed(appointment: Appointment, status: Status) -> AppointmentChanged:
    return AppointmentChanged(appointment_id=appointment.id, status=status.value)
