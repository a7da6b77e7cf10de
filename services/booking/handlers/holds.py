"""What is decided about places that are held: kept, confirmed, let go, over."""

from contracts.base import Decision
from services.booking.commands.appointments import (
    AppointmentChanged,
    ConfirmPlace,
    ExpireHold,
    HoldPlace,
    PlaceKept,
    ReleasePlace,
)
from services.booking.domain.appointment import Appointment, Step
from services.booking.domain.life_refusals import HoldOver, NotDue
from services.booking.domain.offer import must_be_own
from services.booking.domain.policy import rules_of
from services.booking.domain.session import Session
from services.booking.domain.states import States, get_appointment, get_day, get_session
from services.booking.domain.taking import (
    hold_ends,
    lapsed,
    must_be_possible,
    status_of,
    wish_again,
)
from services.booking.domain.waiting import (
    after_confirmation,
    after_end_of_hold,
    must_not_jump_the_list,
)
from services.booking.handlers.wishes import flag_of, wish_of


def hold_place(command: HoldPlace, states: States) -> Decision:
    """Places that nobody else can have for some minutes."""
    wish = wish_of(command, states)
    rules = rules_of(states, get_day(states, wish.session.day_id))
    fact = wish.held(hold_ends(wish.session, rules, command.at))
    after = Appointment.begun(fact)
    must_be_possible(states, None, after, command.at)
    must_not_jump_the_list(states, after, command.at)
    answer = PlaceKept(appointment_id=fact.appointment_id, held_until=fact.until)
    return Decision([fact, *flag_of(command, states, wish)], answer)


def confirm_place(command: ConfirmPlace, states: States) -> Decision:
    """The hold becomes an appointment, before its end."""
    appointment, session = _held(command, states)
    if _is_over(appointment, command):
        raise HoldOver
    # Nobody is told of a closure because of a hold; so it must not become an appointment under one.
    session.must_be_open()
    rules = rules_of(states, get_day(states, session.day_id))
    fact = wish_again(appointment, session).granted(rules, command.at)
    answer = AppointmentChanged(appointment_id=appointment.id, status=status_of(fact))
    return Decision([fact, *after_confirmation(states, appointment)], answer)


def release_place(command: ReleasePlace, states: States) -> Decision:
    """The place is free again, because the citizen lets it go."""
    appointment, session = _held(command, states)
    return _lapsed(appointment, session, "given_up", states)


def expire_hold(command: ExpireHold, states: States) -> Decision:
    """The place is free again, because time is up."""
    appointment, session = _held(command, states)
    if not _is_over(appointment, command):
        raise NotDue
    return _lapsed(appointment, session, "hold_over", states)


def _held(
    command: ConfirmPlace | ReleasePlace | ExpireHold, states: States
) -> tuple[Appointment, Session]:
    appointment = get_appointment(states, command.appointment_id)
    session = get_session(states, appointment.session_id)
    must_be_own(session.mall, command.staff_mall)
    appointment.must_allow(Step.CONFIRM if isinstance(command, ConfirmPlace) else Step.LET_GO)
    return appointment, session


def _is_over(appointment: Appointment, command: ConfirmPlace | ExpireHold) -> bool:
    return appointment.held_until is None or command.at >= appointment.held_until


def _lapsed(appointment: Appointment, session: Session, reason: str, states: States) -> Decision:
    fact = lapsed(appointment, session, reason)
    answer = AppointmentChanged(appointment_id=appointment.id, status="lapsed")
    return Decision([fact, *after_end_of_hold(states, appointment)], answer)
