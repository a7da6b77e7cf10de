"""How facts change states, and how a rule finds the states that it needs."""

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any

from contracts.base import Fact
from contracts.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentCheckedIn,
    SessionOpened,
)
from contracts.ids import AppointmentId, MallId, PersonId, ServiceCode, SessionId
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.offer import Mall, Service
from services.booking.domain.refusals import (
    AppointmentUnknown,
    MallUnknown,
    ServiceUnknown,
    SessionUnknown,
)
from services.booking.domain.session import Holding, Session

States = Mapping[Hashable, Any]
State = Session | Appointment | Holding


def evolve(states: States, fact: Fact, _at: datetime) -> Iterable[State]:
    """The new form of everything that a fact changes."""
    match fact:
        case SessionOpened():
            yield Session.opened(fact)
        case AppointmentBooked():
            appointment = Appointment.booked(fact)
            yield appointment
            yield get_session(states, fact.session_id).with_one_more()
            yield Holding(appointment.day, appointment.id)
        case AppointmentCheckedIn():
            yield get_appointment(states, fact.appointment_id).moved_to(Status.CHECKED_IN)
        case AppointmentCancelled():
            appointment = get_appointment(states, fact.appointment_id)
            yield appointment.moved_to(Status.CANCELLED)
            yield get_session(states, fact.session_id).with_one_less()
            yield Holding(appointment.day, None)
        case _:
            raise TypeError(f"booking does not decide {type(fact).__name__}")


def get_mall(states: States, mall: MallId) -> Mall:
    """Raises MallUnknown."""
    found = states.get(mall)
    if not isinstance(found, Mall):
        raise MallUnknown(mall=mall)
    return found


def get_service(states: States, service: ServiceCode) -> Service:
    """Raises ServiceUnknown."""
    found = states.get(service)
    if not isinstance(found, Service):
        raise ServiceUnknown(service=service)
    return found


def get_session(states: States, session_id: SessionId) -> Session:
    """Raises SessionUnknown."""
    found = states.get(session_id)
    if not isinstance(found, Session):
        raise SessionUnknown(session_id=str(session_id))
    return found


def get_appointment(states: States, appointment_id: AppointmentId) -> Appointment:
    """Raises AppointmentUnknown."""
    found = states.get(appointment_id)
    if not isinstance(found, Appointment):
        raise AppointmentUnknown(appointment_id=str(appointment_id))
    return found


def holding_of(states: States, session: Session, person_id: PersonId) -> Holding:
    """What the person holds for the service and day of the session; perhaps nothing."""
    day = session.day_of(person_id)
    found = states.get(day)
    return found if isinstance(found, Holding) else Holding(day, None)
