"""How facts change states: one arm for each fact, and one way to take a place or give it back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from contracts.base import Fact
from contracts.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentCheckedIn,
    DayAnnounced,
    SessionOpened,
)
from contracts.ids import ServiceDayId, SessionId
from services.booking.domain import claims
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.day import DayOf, ServiceDay
from services.booking.domain.session import Session
from services.booking.domain.states import States, get_appointment, get_day, get_session


def evolve(states: States, fact: Fact, at: datetime) -> Iterable[Any]:
    """The new form of everything that a fact changes."""
    match fact:
        case DayAnnounced():
            day = ServiceDay.announced(fact)
            yield day
            yield DayOf(day.key, day.id)
        case SessionOpened():
            session = Session.opened(fact)
            yield session
            yield get_day(states, session.day_id).following(None, session)
        case AppointmentBooked():
            yield from replaced(states, None, Appointment.booked(fact), at)
        case AppointmentCheckedIn():
            before = get_appointment(states, fact.appointment_id)
            yield from replaced(states, before, before.moved_to(Status.CHECKED_IN, at), at)
        case AppointmentCancelled():
            before = get_appointment(states, fact.appointment_id)
            yield from replaced(states, before, before.moved_to(Status.CANCELLED, at), at)
        case _:
            raise TypeError(f"booking does not decide {type(fact).__name__}")


def replaced(
    states: States, before: Appointment | None, after: Appointment, at: datetime
) -> Iterable[Any]:
    """An appointment in its new form, with what it takes and gives back.

    Nothing else changes the counts of sessions and days, or the claims.
    """
    yield after
    sessions: dict[SessionId, Session] = {}
    for appointment, sign in ((before, -1), (after, 1)):
        if appointment is not None and appointment.status.is_live:
            id_ = appointment.session_id
            session = sessions.get(id_) or get_session(states, id_)
            sessions[id_] = session.with_places(
                sign * appointment.places, appointment.channel, held=False
            )
    days: dict[ServiceDayId, ServiceDay] = {}
    for session in sessions.values():
        day = days.get(session.day_id) or get_day(states, session.day_id)
        days[day.id] = day.following(get_session(states, session.id), session)
    yield from sessions.values()
    yield from days.values()
    yield from claims.followed(states, after, at)
