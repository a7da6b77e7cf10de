"""How facts change states: one arm for each fact, and one way to take a place or give it back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from contracts.base import Fact
from contracts.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentCheckedIn,
    AppointmentDeclined,
    AppointmentDisturbed,
    AppointmentLapsed,
    AppointmentMissed,
    AppointmentMoved,
    AppointmentReminded,
    AppointmentRequested,
    ChannelsOpened,
    ClosureDeclared,
    ClosureLifted,
    ClosureSwept,
    DayAnnounced,
    LotteryDrawn,
    MissPardoned,
    PlaceHeld,
    PlacesReleased,
    RebookingFlagged,
    SeedRevealed,
    SessionClosed,
    SessionOpened,
    SessionReopened,
    SessionResized,
    VisitBooked,
    VisitCancelled,
)
from contracts.ids import AppointmentId, ClosureId, ServiceDayId, SessionId
from services.booking.domain import claims, keeping, release, waiting
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.closure import Closure, get_closure
from services.booking.domain.day import DayOf, ServiceDay
from services.booking.domain.misses import Misses, MissesOf
from services.booking.domain.policy import rules_of
from services.booking.domain.rebooking import GivenUp, GivenUpIn
from services.booking.domain.session import Session
from services.booking.domain.states import States, get_appointment, get_day, get_session
from services.booking.domain.visit import Visit, get_visit

_Apart = (
    VisitBooked
    | VisitCancelled
    | ClosureDeclared
    | ClosureLifted
    | ClosureSwept
    | SessionClosed
    | SessionReopened
    | AppointmentDisturbed
)

_LEADS_TO: Mapping[type[Fact], Status] = {
    AppointmentBooked: Status.BOOKED,
    AppointmentCheckedIn: Status.CHECKED_IN,
    AppointmentCancelled: Status.CANCELLED,
    AppointmentLapsed: Status.LAPSED,
    AppointmentDeclined: Status.DECLINED,
    AppointmentMissed: Status.MISSED,
}
_Noted = AppointmentRequested | AppointmentReminded | MissPardoned | RebookingFlagged


def evolve(states: States, fact: Fact, at: datetime) -> Iterable[Any]:
    """The new form of everything that a fact changes."""
    match fact:
        case DayAnnounced():
            day = release.announced_day(fact)
            yield day
            yield DayOf(day.key, day.id)
        case SessionOpened():
            session = Session.opened(fact)
            day = get_day(states, session.day_id)
            session = release.with_its_share(day, session)
            session = keeping.with_channels(session, rules_of(states, day))
            yield session
            yield day.following(None, session)
        case PlacesReleased() | SessionResized() | SeedRevealed() | ChannelsOpened():
            yield from _released(states, fact)
        case PlaceHeld() | AppointmentBooked() | AppointmentRequested() if (
            fact.appointment_id not in states
        ):
            yield from replaced(states, None, Appointment.begun(fact), at)
        case AppointmentMoved():
            before = get_appointment(states, fact.appointment_id)
            yield from replaced(states, before, before.moved(fact), at)
        case (
            VisitBooked()
            | VisitCancelled()
            | ClosureDeclared()
            | ClosureLifted()
            | ClosureSwept()
            | SessionClosed()
            | SessionReopened()
            | AppointmentDisturbed()
        ):
            yield from _apart(states, fact, at)
        case _ if isinstance(fact, waiting.WaitFact | LotteryDrawn):
            yield from waiting.followed(states, fact, at)
        case _ if isinstance(fact, _Noted):
            before = get_appointment(states, fact.appointment_id)
            yield from replaced(states, before, _noted(states, before, fact, at), at)
        case _ if type(fact) in _LEADS_TO:
            before = get_appointment(states, AppointmentId(fact.aggregate_id))
            yield from replaced(states, before, before.at_status(_LEADS_TO[type(fact)], at), at)
        case _:
            raise TypeError(f"booking does not decide {type(fact).__name__}")


def _released(
    states: States, fact: PlacesReleased | SessionResized | SeedRevealed | ChannelsOpened
) -> Iterable[Any]:
    """What a release, or another number of places, does to a session and its day."""
    if isinstance(fact, SeedRevealed):
        yield release.after_reveal(get_day(states, fact.day_id))
        return
    session = get_session(states, fact.session_id)
    day = get_day(states, session.day_id)
    if isinstance(fact, PlacesReleased):
        yield from release.after_part(day, session, fact)
        return
    if isinstance(fact, ChannelsOpened):
        resized = session.channels_opened()
    else:
        resized = session.resized(fact.capacity, fact.overbook)
        resized = keeping.with_channels(resized, rules_of(states, day))
    yield resized
    yield day.following(session, resized)


def _apart(states: States, fact: _Apart, at: datetime) -> Iterable[Any]:
    """What visits are, and what closures do to sessions and to people."""
    match fact:
        case VisitBooked():
            yield Visit.booked(fact)
        case VisitCancelled():
            yield get_visit(states, fact.visit_id).cancelled()
        case ClosureDeclared():
            yield Closure.declared(fact, at)
        case ClosureLifted():
            yield get_closure(states, fact.closure_id).lifted(at)
        case ClosureSwept():
            yield get_closure(states, fact.closure_id).swept()
        case SessionClosed():
            yield from _ruled(states, fact.session_id, fact.closure_id)
            yield get_closure(states, fact.closure_id).to_sweep(at)
        case SessionReopened():
            yield from _ruled(states, fact.session_id, None)
        case AppointmentDisturbed():
            before = get_appointment(states, fact.appointment_id)
            yield from replaced(states, before, before.disturbed(fact.closure_id), at)
            yield get_closure(states, fact.closure_id).one_told()


def _ruled(states: States, session_id: SessionId, closure_id: ClosureId | None) -> Iterable[Any]:
    """A session that is closed or open again; its day has fewer or more free places."""
    before = get_session(states, session_id)
    after = before.ruled(closure_id)
    yield after
    yield get_day(states, before.day_id).following(before, after)


def replaced(
    states: States, before: Appointment | None, after: Appointment, at: datetime
) -> Iterable[Any]:
    """An appointment in its new form, with what it takes and gives back.

    Nothing else changes the counts of sessions and days, or the claims.
    """
    own = get_session(states, after.session_id)
    after = keeping.scheduled(before, after, own, rules_of(states, get_day(states, own.day_id)), at)
    yield after
    sessions: dict[SessionId, Session] = {}
    for appointment, sign in ((before, -1), (after, 1)):
        if appointment is not None and appointment.status.is_live:
            id_ = appointment.session_id
            session = sessions.get(id_) or get_session(states, id_)
            sessions[id_] = session.with_places(
                sign * appointment.places,
                appointment.channel,
                held=appointment.status is Status.HELD,
            )
    days: dict[ServiceDayId, ServiceDay] = {}
    for session in sessions.values():
        day = days.get(session.day_id) or get_day(states, session.day_id)
        days[day.id] = day.following(get_session(states, session.id), session)
    yield from sessions.values()
    yield from days.values()
    yield from claims.followed(states, after, at)
    yield from _remembered(states, before, after, at)


def _noted(states: States, before: Appointment, fact: _Noted, at: datetime) -> Appointment:
    """The appointment after what leaves it where it is."""
    match fact:
        case AppointmentRequested():
            return before.requested(fact, at)
        case AppointmentReminded():
            day = get_day(states, get_session(states, before.session_id).day_id)
            hours = keeping.reminders(rules_of(states, day))
            return before.noted(step=sum(one >= fact.hours_before for one in hours))
        case MissPardoned():
            return before.noted(pardoned=True)
        case RebookingFlagged():
            return before.noted()


def _remembered(
    states: States, before: Appointment | None, after: Appointment, at: datetime
) -> Iterable[Misses | GivenUp]:
    """What later commands of the group have to know of a person and a session."""
    misses = states.get(MissesOf(after.person_id))
    if isinstance(misses, Misses) and after.status is Status.MISSED and before is not None:
        if before.status is not Status.MISSED:
            yield Misses(misses.id, (*misses.days, after.service_date))
        elif after.pardoned:
            days = list(misses.days)
            days.remove(after.service_date)
            yield Misses(misses.id, tuple(days))
    if before is not None and after.status in {Status.CANCELLED, Status.LAPSED}:
        known = states.get(claims.ClaimsOf(after.id))
        digests = {(one.kind, one.digest) for one in known.all} if known is not None else set()
        where = GivenUpIn(after.session_id)
        yield GivenUp(where, after.id, after.person_id, at, frozenset(digests))
