"""What the office answers and forgives, and what time does to appointments and channels."""

from contracts.base import Decision, Fact
from contracts.booking import (
    AppointmentDeclined,
    AppointmentMissed,
    AppointmentReminded,
    ChannelsOpened,
    MissPardoned,
)
from services.booking.commands.requests import (
    ApproveAppointment,
    ChannelsAreOpen,
    DeclineAppointment,
    OpenChannels,
    PardonMiss,
    RemindOrMiss,
    RequestAnswered,
    TimeOutRequest,
)
from services.booking.domain import keeping
from services.booking.domain.appointment import Appointment, Status, Step
from services.booking.domain.life_refusals import NotDue, NotMissed
from services.booking.domain.offer import must_be_own
from services.booking.domain.policy import rules_of
from services.booking.domain.refusals import SessionClosedNow
from services.booking.domain.session import Session
from services.booking.domain.states import States, get_appointment, get_day, get_session
from services.booking.domain.taking import wish_again

_Command = ApproveAppointment | DeclineAppointment | TimeOutRequest | PardonMiss | RemindOrMiss


def approve_appointment(command: ApproveAppointment, states: States) -> Decision:
    """The request becomes an appointment; its place was taken all the time."""
    appointment, session = _own(command, states)
    appointment.must_allow(Step.APPROVE)
    session.must_not_be_over(command.at)
    if session.closed_by is not None:
        raise SessionClosedNow
    fact = wish_again(appointment, session).booked(approved=True)
    return Decision([fact], RequestAnswered(appointment_id=appointment.id, status="booked"))


def decline_appointment(command: DeclineAppointment, states: States) -> Decision:
    """The place is free again."""
    appointment, session = _own(command, states)
    appointment.must_allow(Step.DECLINE)
    return _declined(appointment, session, command.reason)


def time_out_request(command: TimeOutRequest, states: States) -> Decision:
    """Nobody answered: the citizen learns it in time to look for another day."""
    appointment, session = _own(command, states)
    appointment.must_allow(Step.DECLINE)
    if appointment.due_at is None or command.at < appointment.due_at:
        raise NotDue
    return _declined(appointment, session, "no_answer")


def remind_or_miss(command: RemindOrMiss, states: States) -> Decision:
    """The last reminder whose moment has come; after the grace, that the citizen did not come."""
    appointment, session = _own(command, states)
    if appointment.status is not Status.BOOKED or session.closed_by is not None:
        raise NotDue
    rules = rules_of(states, get_day(states, session.day_id))
    passed = keeping.reminders_passed(session, rules, command.at)
    missed_at = keeping.missed_at(session, rules)
    named = {
        "appointment_id": appointment.id,
        "session_id": session.id,
        "mall": session.mall,
        "service": session.service,
        "service_date": session.service_date,
        "person_id": appointment.person_id,
    }
    fact: Fact
    if missed_at is not None and command.at >= missed_at:
        fact = AppointmentMissed.model_validate({**named, "grace_ended_at": missed_at})
        answer = RequestAnswered(appointment_id=appointment.id, status="missed")
    elif passed > appointment.step:
        hours = keeping.reminders(rules)[passed - 1]
        told = {"starts_at": session.starts_at, "hours_before": hours}
        fact = AppointmentReminded.model_validate({**named, **told})
        answer = RequestAnswered(appointment_id=appointment.id, status="booked")
    else:
        raise NotDue
    return Decision([fact], answer)


def pardon_miss(command: PardonMiss, states: States) -> Decision:
    """The office does not count it."""
    appointment, session = _own(command, states)
    if appointment.status is not Status.MISSED or appointment.pardoned:
        raise NotMissed(status=appointment.status)
    fact = MissPardoned(
        appointment_id=appointment.id,
        session_id=session.id,
        mall=session.mall,
        service=session.service,
        service_date=session.service_date,
        person_id=appointment.person_id,
        reason=command.reason,
    )
    return Decision([fact], RequestAnswered(appointment_id=appointment.id, status="missed"))


def open_channels(command: OpenChannels, states: States) -> Decision:
    """What is left of a session is there for everybody."""
    session = get_session(states, command.session_id)
    if session.channels_open or session.due_at is None or command.at < session.due_at:
        raise NotDue
    fact = ChannelsOpened(
        session_id=session.id,
        mall=session.mall,
        service=session.service,
        service_date=session.service_date,
    )
    return Decision([fact], ChannelsAreOpen(session_id=session.id))


def _own(command: _Command, states: States) -> tuple[Appointment, Session]:
    appointment = get_appointment(states, command.appointment_id)
    session = get_session(states, appointment.session_id)
    must_be_own(session.mall, command.staff_mall)
    return appointment, session


def _declined(appointment: Appointment, session: Session, reason: str) -> Decision:
    fact = AppointmentDeclined(
        appointment_id=appointment.id,
        session_id=session.id,
        mall=session.mall,
        service=session.service,
        service_date=session.service_date,
        person_id=appointment.person_id,
        reason=reason,
    )
    return Decision([fact], RequestAnswered(appointment_id=appointment.id, status="declined"))
