"""What is decided about visits: all stops in one decision, so there is nothing to take back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from contracts.base import Decision, Fact, Refused
from contracts.booking import (
    AppointmentBooked,
    AppointmentRequested,
    VisitBooked,
    VisitCancelled,
    VisitStop,
)
from contracts.ids import AppointmentId
from services.booking.commands.appointments import BookAppointment, CancelAppointment
from services.booking.commands.visits import (
    BookVisit,
    CancelVisit,
    PlannedStop,
    VisitGivenUp,
    VisitMade,
)
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.evolution import evolve
from services.booking.domain.offer import must_be_own
from services.booking.domain.policy import rules_of
from services.booking.domain.states import (
    States,
    get_appointment,
    get_day,
    get_mall,
    get_service,
    get_session,
)
from services.booking.domain.taking import must_be_possible
from services.booking.domain.visit import Visit, get_visit, must_be_one_visit, planned
from services.booking.domain.visit_refusals import VisitOver
from services.booking.domain.waiting import must_not_jump_the_list
from services.booking.handlers.appointments import cancel_appointment
from services.booking.handlers.wishes import wish_of

_Granted = AppointmentBooked | AppointmentRequested
_AHEAD = frozenset({Status.REQUESTED, Status.BOOKED})


def book_visit(command: BookVisit, states: States) -> Decision:
    """A place at each stop, or none: the first stop that is impossible refuses the visit."""
    sessions = [get_session(states, stop.session_id) for stop in command.stops]
    must_be_one_visit(sessions)
    mall = get_mall(states, sessions[0].mall)
    services = {one.service: get_service(states, one.service) for one in sessions}
    plan = planned(sessions, mall, services, command.at)
    booked = list(_booked(command, states))
    stops = tuple(
        VisitStop(
            appointment_id=fact.appointment_id,
            session_id=fact.session_id,
            service=fact.service,
            starts_at=stop.starts_at,
            ends_at=stop.ends_at,
        )
        for fact, stop in zip(booked, plan.stops, strict=True)
    )
    whole = VisitBooked(
        visit_id=command.visit_id,
        person_id=command.person_id,
        mall=mall.id,
        service_date=sessions[0].service_date,
        stops=stops,
        walking_minutes=plan.walking_minutes,
    )
    answer = VisitMade(
        visit_id=command.visit_id,
        stops=tuple(PlannedStop.model_validate(stop.model_dump()) for stop in stops),
        walking_minutes=plan.walking_minutes,
    )
    return Decision([*booked, whole], answer)


def cancel_visit(command: CancelVisit, states: States) -> Decision:
    """The places that are still ahead are free again."""
    visit = get_visit(states, command.visit_id)
    must_be_own(visit.mall, command.staff_mall)
    visit.must_stand()
    ahead = [one for one in visit.appointments if _is_ahead(command, states, one)]
    if not ahead:
        raise VisitOver
    facts = [fact for one in ahead for fact in _cancelled(command, states, one)]
    answer = VisitGivenUp(visit_id=visit.id, cancelled=tuple(ahead))
    return Decision([*facts, _given_up(visit, command.reason)], answer)


def _booked(command: BookVisit, states: States) -> Iterator[_Granted]:
    """A booking for each stop; each sees what the ones before it took."""
    so_far = dict(states)
    for number, stop in enumerate(command.single_bookings(), start=1):
        try:
            fact = _stop(stop, command, so_far)
        except Refused as refusal:
            refusal.details["stop"] = number
            raise
        for state in evolve(so_far, fact, command.at):
            so_far[state.id] = state
        yield fact


def _stop(stop: BookAppointment, command: BookVisit, states: States) -> _Granted:
    wish = replace(wish_of(stop, states), visit_id=command.visit_id)
    rules = rules_of(states, get_day(states, wish.session.day_id))
    fact = wish.granted(rules, command.at)
    after = Appointment.begun(fact)
    must_be_possible(states, None, after, command.at)
    must_not_jump_the_list(states, after, command.at)
    return fact


def _is_ahead(command: CancelVisit, states: States, appointment_id: AppointmentId) -> bool:
    appointment = get_appointment(states, appointment_id)
    session = get_session(states, appointment.session_id)
    return appointment.status in _AHEAD and command.at < session.ends_at


def _cancelled(
    command: CancelVisit, states: States, appointment_id: AppointmentId
) -> Sequence[Fact]:
    stop = CancelAppointment(
        actor=command.actor,
        at=command.at,
        key=command.key,
        appointment_id=appointment_id,
        staff_mall=command.staff_mall,
        reason=command.reason,
    )
    return cancel_appointment(stop, states).facts


def _given_up(visit: Visit, reason: str) -> VisitCancelled:
    return VisitCancelled(
        visit_id=visit.id,
        person_id=visit.person_id,
        mall=visit.mall,
        service_date=visit.service_date,
        reason=reason,
    )
