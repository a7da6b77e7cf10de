"""What a policy says about time: when one books, moves, comes, is reminded, or has missed it.

Pure: instants and rules in, instants and refusals out. Days are those on the wall of the mall.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from contracts.booking_entries import BookingPolicy
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.life_refusals import (
    MovedTooOften,
    TooEarly,
    TooLate,
    TooLateToMove,
)
from services.booking.domain.offer import Mall
from services.booking.domain.parts import channels_of
from services.booking.domain.refusals import OutsideWindow
from services.booking.domain.session import Session

# Checking in is possible up to the last instant of this second, and missed is who comes after it.
_SECOND = timedelta(seconds=1)
_REQUEST_HOURS = 24
"""Where a session wants requests and no policy says how soon they are answered."""


def must_be_in_window(session: Session, mall: Mall, rules: BookingPolicy, at: datetime) -> None:
    """Raises OutsideWindow before the day is open for booking, and when the time has passed."""
    opens, closes = rules.window.opens_days, rules.window.closes_minutes
    if opens is not None:
        first = session.service_date - timedelta(days=opens)
        opens_at = datetime.combine(first, time(), ZoneInfo(mall.zone))
        if at < opens_at:
            raise OutsideWindow(opens_at=opens_at.isoformat())
    if closes is not None:
        closes_at = session.starts_at - timedelta(minutes=closes)
        if at >= closes_at:
            raise OutsideWindow(closed_at=closes_at.isoformat())


def must_be_time_to_check_in(session: Session, rules: BookingPolicy, at: datetime) -> None:
    """Raises TooEarly or TooLate. Without a rule any time of the day will do."""
    if rules.check_in is None:
        return
    from_at = session.starts_at - timedelta(minutes=rules.check_in.before_minutes)
    if at < from_at:
        raise TooEarly(from_at=from_at.isoformat())
    missed = missed_at(session, rules)
    if missed is not None and at >= missed:
        raise TooLate(until=(missed - _SECOND).isoformat())


def missed_at(session: Session, rules: BookingPolicy) -> datetime | None:
    """From when on who has not come has missed it: never before a session, a span, is over."""
    if rules.check_in is None:
        return None
    grace = session.starts_at + timedelta(minutes=rules.check_in.grace_minutes)
    return max(grace, session.ends_at) + _SECOND


def must_be_movable(
    appointment: Appointment, session: Session, rules: BookingPolicy, at: datetime
) -> None:
    """Raises MovedTooOften or TooLateToMove; not for those whose session was closed."""
    if appointment.disturbed_by is not None:
        return
    most, minutes = rules.moves.most, rules.moves.until_minutes
    if most is not None and appointment.moves >= most:
        raise MovedTooOften(most=most)
    if minutes and at >= session.starts_at - timedelta(minutes=minutes):
        raise TooLateToMove(minutes=minutes)


def reminders(rules: BookingPolicy) -> Sequence[int]:
    """Hours before the beginning, the earliest reminder first."""
    return sorted(set(rules.reminders_hours), reverse=True)


def reminders_passed(session: Session, rules: BookingPolicy, at: datetime) -> int:
    """How many of the reminders' moments have come."""
    return sum(session.starts_at - timedelta(hours=hours) <= at for hours in reminders(rules))


def request_ends(session: Session, rules: BookingPolicy, at: datetime) -> datetime:
    """Until when the office answers a request that is made now."""
    hours = rules.approve.within_hours if rules.approve is not None else _REQUEST_HOURS
    return min(at + timedelta(hours=hours), session.ends_at)


def needs_approval(session: Session, rules: BookingPolicy, channel: str) -> bool:
    """Whether a booking is a request first; who books at the counter stands before the office."""
    return channel != "counter" and (session.approve or rules.approve is not None)


def scheduled(
    before: Appointment | None,
    after: Appointment,
    session: Session,
    rules: BookingPolicy,
    at: datetime,
) -> Appointment:
    """The appointment with what becomes due next. Reminders whose time has passed are left out."""
    if after.status in {Status.HELD, Status.REQUESTED}:
        return after
    if after.status is not Status.BOOKED:
        return replace(after, due_at=None)
    stays = (
        before is not None
        and before.status is Status.BOOKED
        and before.session_id == after.session_id
    )
    step = after.step if stays else reminders_passed(session, rules, at)
    if session.closed_by is not None and after.disturbed_by is not None:
        return replace(after, step=step, due_at=None)  # nobody can come, and they were told
    hours = reminders(rules)
    due_at = (
        session.starts_at - timedelta(hours=hours[step])
        if step < len(hours)
        else missed_at(session, rules)
    )
    return replace(after, step=step, due_at=due_at)


def with_channels(session: Session, rules: BookingPolicy) -> Session:
    """A session with the shares of its places for each way of booking, where a policy has them.

    No share is less than what is taken of it already.
    """
    if rules.channels is None or session.channels_open:
        return session
    shares = channels_of(
        session.capacity,
        counter_percent=rules.channels.counter,
        partner_percent=rules.channels.partner,
    )
    return replace(
        session,
        most_online=max(shares.online, session.taken_online),
        most_counter=max(shares.counter, session.taken_counter),
        most_partner=max(shares.partner, session.taken_partner),
        due_at=session.starts_at - timedelta(hours=rules.channels.open_before_hours),
    )
