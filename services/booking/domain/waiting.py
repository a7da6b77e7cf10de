"""The list comes first: what is free belongs to those who wait, and how their entries change."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from contracts.base import Fact
from contracts.booking import (
    LotteryDrawn,
    WaitJoined,
    WaitLeft,
    WaitOffered,
    WaitPassed,
    WaitServed,
)
from contracts.booking_entries import BookingPolicy, ListRule, LotteryRelease, Quiet
from contracts.ids import ServiceDayId, WaitId
from services.booking.domain.appointment import Appointment
from services.booking.domain.day import ServiceDay
from services.booking.domain.offering import offer_until
from services.booking.domain.policy import rules_of
from services.booking.domain.session import Session
from services.booking.domain.states import States, get_day, get_mall, get_session
from services.booking.domain.wait import (
    LOTTERY,
    Entries,
    EntriesOf,
    EntryOf,
    ListOf,
    Standing,
    Wait,
    Waiter,
    WaiterOf,
    WaitList,
    after,
    joined,
)
from services.booking.domain.waiting_refusals import (
    DayUnknown,
    NoWaitList,
    WaitListFirst,
    WaitUnknown,
)

_CONFIRM_HOURS = 24
"""For a draw that was announced by hand."""

_OF_A_DRAW = ListRule(
    most=10_000,
    minutes=30,
    quiet=Quiet(starts_at=time(21), ends_at=time(6)),
    least_minutes=5,
    before_start_minutes=60,
    most_offers=2,
)

WaitFact = WaitJoined | WaitOffered | WaitServed | WaitPassed | WaitLeft


def get_wait(states: States, wait_id: WaitId) -> Wait:
    """Raises WaitUnknown."""
    found = states.get(wait_id)
    if not isinstance(found, Wait):
        raise WaitUnknown(wait_id=str(wait_id))
    return found


def known_day(states: States, day_id: ServiceDayId) -> ServiceDay:
    """Raises DayUnknown."""
    found = states.get(day_id)
    if not isinstance(found, ServiceDay):
        raise DayUnknown
    return found


def rule_of(states: States, day: ServiceDay) -> ListRule:
    """How the list of this day is run. Raises NoWaitList."""
    rule = list_rule(rules_of(states, day), day.mode)
    if rule is None:
        raise NoWaitList
    return rule


def list_rule(rules: BookingPolicy, mode: str) -> ListRule | None:
    """The rule of a list. A day that is drawn has one, also by a policy that knows none."""
    return rules.waiting or (_OF_A_DRAW if mode == LOTTERY else None)


def must_not_jump_the_list(states: States, after: Appointment, at: datetime) -> None:
    """A place that is booked online may not be one that somebody waits for.

    Other channels have places of their own. A place for which nobody could be asked in time is
    anybody's. Raises WaitListFirst.
    """
    if after.channel != "online":
        return
    session = get_session(states, after.session_id)
    day = get_day(states, session.day_id)
    if not day.waiting or session not in offerable(states, day, at):
        return
    if beyond_the_list(states, day, at) < after.places:
        raise WaitListFirst(waiting=day.waiting)


def offerable(states: States, day: ServiceDay, at: datetime) -> Mapping[Session, datetime]:
    """The sessions of a day of which a place could be offered now, and until when; earliest first.

    Whether a place is free in them is not asked here.
    """
    found = states.get(ListOf(day.id))
    rules = rules_of(states, day)
    rule = list_rule(rules, day.mode)
    if not isinstance(found, WaitList) or rule is None:
        return {}
    zone, by = get_mall(states, day.mall).zone, confirm_by(day.mode, day.closes_at, rules)
    sessions = [get_session(states, one) for one in found.sessions]
    sessions.sort(key=lambda one: (one.starts_at, one.id.bytes))
    ends = ((one, offer_until(rule, zone, at, one.starts_at, by)) for one in sessions)
    return {session: until for session, until in ends if until is not None}


def confirm_by(mode: str, closes_at: datetime | None, rules: BookingPolicy) -> datetime | None:
    """Until when the winners of a draw may take their time."""
    if mode != LOTTERY or closes_at is None:
        return None
    release = rules.release
    hours = release.confirm_hours if isinstance(release, LotteryRelease) else _CONFIRM_HOURS
    return closes_at + timedelta(hours=hours)


def beyond_the_list(states: States, day: ServiceDay, at: datetime) -> int:
    """Places that would be left if everybody who waits were offered one now."""
    return free_to_offer(states, day, at) - day.waiting


def free_to_offer(states: States, day: ServiceDay, at: datetime) -> int:
    """Places that could be offered now, within the quota of the day."""
    free = sum(session.free("online") for session in offerable(states, day, at))
    return free if day.most is None else min(free, day.most - day.taken)


def after_end_of_hold(states: States, appointment: Appointment) -> list[Fact]:
    """What follows for the list when a hold is not confirmed: its next offer, or its end."""
    if appointment.wait_id is None:
        return []
    wait = get_wait(states, appointment.wait_id)
    if wait.status is not Standing.OFFERED:
        return []
    ids = {"wait_id": wait.id, "day_id": wait.day_id}
    facts: list[Fact] = [WaitPassed(**ids, times=wait.offers)]
    if wait.offers >= rule_of(states, get_day(states, wait.day_id)).most_offers:
        facts.append(WaitLeft(**ids, reason="offers_used_up"))
    return facts


def after_confirmation(states: States, appointment: Appointment) -> list[Fact]:
    """Whoever takes the place that was offered waits no more."""
    if appointment.wait_id is None:
        return []
    wait = get_wait(states, appointment.wait_id)
    if wait.status is not Standing.OFFERED:
        return []
    return [WaitServed(wait_id=wait.id, day_id=wait.day_id, appointment_id=appointment.id)]


def followed(states: States, fact: WaitFact | LotteryDrawn, at: datetime) -> Iterable[Any]:
    """An entry in its new form, its day, and who waits."""
    day = get_day(states, fact.day_id)
    if isinstance(fact, LotteryDrawn):
        yield day.drawn()
        return
    if isinstance(fact, WaitJoined):
        before, later = None, joined(fact, states.get(EntryOf(fact.wait_id)), at)
    else:
        before = get_wait(states, fact.wait_id)
        later = after(before, fact, at)
    yield later
    yield day.with_waiting(int(later.waits) - int(before is not None and before.waits))
    held_by = later.id if later.is_live else None
    yield Waiter(WaiterOf(later.person_id, day.id), held_by)
    if later.identity is not None:
        yield Waiter(WaiterOf(later.identity, day.id), held_by)
    entries = states.get(EntriesOf(day.id))
    if isinstance(entries, Entries) and later.kind == LOTTERY:
        others = tuple(one for one in entries.ids if one != later.id)
        yield Entries(entries.id, (*others, later.id) if later.waits else others)
