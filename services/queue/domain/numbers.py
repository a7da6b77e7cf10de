"""When a line gives numbers: until somebody stops them, within hours, and so many a day.

Numbers that are out are served whatever these rules say, and appointments were promised: they get
their number also behind the last one of a day.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contracts.base import Code
from contracts.queue import TicketIssued
from contracts.queue_day import NumbersClosed, NumbersReopened
from services.queue.domain.line import Line, line_id_of
from services.queue.domain.mall import Mall
from services.queue.domain.number_refusals import NumbersClosedNow, NumbersOpen, NumbersUsedUp
from services.queue.domain.policy import Policy

ENFORCED = "enforced"


def must_give_numbers(line: Line, mall: Mall, policy: Policy, at: datetime) -> None:
    """Whether a walk-in gets a number now. Raises NumbersClosedNow or NumbersUsedUp."""
    must_not_be_closed(line)
    _must_be_the_hour(mall, policy, at)
    most = policy.terms.cut_off.most
    if most is not None and line.last_number >= most:
        raise NumbersUsedUp(most=most)


def must_not_be_closed(line: Line) -> None:
    """Raises NumbersClosedNow when somebody has stopped the numbers of this line."""
    if line.numbering.numbers_closed is not None:
        raise NumbersClosedNow(reason=line.numbering.numbers_closed)
    if line.numbering.day_closed:
        raise NumbersClosedNow(reason="day_over")


def close_numbers(line: Line, reason: Code) -> NumbersClosed:
    """No new numbers. Raises NumbersClosedNow when it is so already."""
    must_not_be_closed(line)
    return NumbersClosed(
        line_id=line.id,
        mall=line.mall,
        service=line.service,
        service_date=line.service_date,
        reason=reason,
    )


def reopen_numbers(line: Line, reason: Code) -> NumbersReopened:
    """New numbers again. Raises NumbersOpen."""
    if line.numbering.numbers_closed is None:
        raise NumbersOpen(service=line.service)
    return NumbersReopened(
        line_id=line.id,
        mall=line.mall,
        service=line.service,
        service_date=line.service_date,
        reason=reason,
    )


def numbers_after(
    states: Mapping[Hashable, Any], fact: NumbersClosed | NumbersReopened
) -> Iterator[Line]:
    """A line, one fact of its own later."""
    known = states.get(line_id_of(fact.mall, fact.service, fact.service_date))
    line = (
        known if isinstance(known, Line) else Line.begun(fact.mall, fact.service, fact.service_date)
    )
    closed = fact.reason if isinstance(fact, NumbersClosed) else None
    yield replace(
        line, version=line.version + 1, numbering=replace(line.numbering, numbers_closed=closed)
    )


def within_cap(line: Line, fact: TicketIssued, policy: Policy) -> Line:
    """The line with the bound that the database holds it to.

    Who was promised a place raises the bound; for whoever comes it is what the policy says.
    """
    most = policy.terms.cut_off.most
    if most is not None and (fact.appointment_id is not None or fact.occurred_at is not None):
        most = max(most, fact.number)
    if most == line.numbering.most:
        return line
    return replace(line, numbering=replace(line.numbering, most=most))


def _must_be_the_hour(mall: Mall, policy: Policy, at: datetime) -> None:
    terms = policy.terms
    early = terms.cut_off.minutes_before_close
    if mall.opens_at is None or mall.closes_at is None:
        return
    here = at.astimezone(ZoneInfo(mall.zone)).replace(tzinfo=None)
    first = mall.opens_at if terms.hours == ENFORCED else time.min
    if early is None and terms.hours != ENFORCED:
        return
    last = datetime.combine(here.date(), mall.closes_at) - timedelta(minutes=early or 0)
    if not datetime.combine(here.date(), first) <= here < last:
        raise NumbersClosedNow(opens=f"{first:%H:%M}", closes=f"{last:%H:%M}")
