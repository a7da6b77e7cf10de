"""What is decided about the number of places of a session."""

from contracts.base import Decision
from contracts.booking import SessionResized
from services.booking.commands.capacity import OverbookSession, ResizeSession, SessionSize
from services.booking.domain.capacity_refusals import (
    OverbookOff,
    OverbookTooMuch,
    PlacesTakenAlready,
)
from services.booking.domain.offer import must_be_own
from services.booking.domain.policy import rules_of
from services.booking.domain.session import OVERBOOK_SHARE, Session
from services.booking.domain.states import States, get_day, get_session

_ALL = 100


def resize_session(command: ResizeSession, states: States) -> Decision:
    """More places or fewer; of those on top only what still is a fifth at most."""
    session = _own(command, states)
    overbook = min(session.overbook, command.capacity // OVERBOOK_SHARE)
    return _resized(session, command.capacity, overbook, command.reason)


def overbook_session(command: OverbookSession, states: States) -> Decision:
    """Places on top, within what the policy of the day allows."""
    session = _own(command, states)
    percent = rules_of(states, get_day(states, session.day_id)).overbook.most_percent
    if command.places and not percent:
        raise OverbookOff
    most = min(session.capacity * percent // _ALL, session.capacity // OVERBOOK_SHARE)
    if command.places > most:
        raise OverbookTooMuch(most=most)
    return _resized(session, session.capacity, command.places, command.reason)


def _own(command: ResizeSession | OverbookSession, states: States) -> Session:
    session = get_session(states, command.session_id)
    must_be_own(session.mall, command.staff_mall)
    session.must_not_be_over(command.at)
    return session


def _resized(session: Session, capacity: int, overbook: int, reason: str) -> Decision:
    if session.taken > capacity + overbook:
        raise PlacesTakenAlready(taken=session.taken)
    fact = SessionResized(
        session_id=session.id,
        mall=session.mall,
        service=session.service,
        service_date=session.service_date,
        capacity=capacity,
        overbook=overbook,
        reason=reason,
    )
    answer = SessionSize(session_id=session.id, capacity=capacity, overbook=overbook)
    return Decision([fact], answer)
