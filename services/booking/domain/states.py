"""How a rule finds the states that it needs."""

from collections.abc import Hashable, Mapping
from typing import Any

from contracts.ids import AppointmentId, MallId, ServiceCode, ServiceDayId, SessionId
from services.booking.domain.appointment import Appointment
from services.booking.domain.day import DayKey, DayOf, ServiceDay
from services.booking.domain.offer import Mall, Service
from services.booking.domain.refusals import (
    AppointmentUnknown,
    MallUnknown,
    ServiceUnknown,
    SessionUnknown,
)
from services.booking.domain.session import Session

States = Mapping[Hashable, Any]


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


def get_day(states: States, day_id: ServiceDayId) -> ServiceDay:
    """The day of a session that was loaded; it is always there."""
    found: ServiceDay = states[day_id]
    return found


def sessions_of(states: States, day_id: ServiceDayId) -> list[Session]:
    """All sessions of a day whose sessions were asked for, in the order of their ids."""
    found = (one for one in states.values() if isinstance(one, Session) and one.day_id == day_id)
    return sorted(found, key=lambda one: one.id)


def day_named(states: States, key: DayKey) -> ServiceDay | None:
    """The day of this name, if it is announced."""
    found = states.get(key)
    return get_day(states, found.day_id) if isinstance(found, DayOf) else None
