"""How facts change states, and how a rule finds the states that it needs."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from contracts.base import Fact
from contracts.ids import CounterId, MallId, ServiceCode, TicketId
from contracts.queue import (
    CounterClosed,
    CounterOpened,
    TicketCalled,
    TicketFinished,
    TicketIssued,
    TicketServed,
)
from services.queue.domain.counter import Counter, counter_id_of
from services.queue.domain.line import HeadOf, Line, LineHead, line_id_of
from services.queue.domain.mall import Mall
from services.queue.domain.refusals import CounterUnknown, MallUnknown, TicketUnknown
from services.queue.domain.shown import Shown, shown_of
from services.queue.domain.ticket import Status, Ticket

States = Mapping[Hashable, Any]
State = Counter | Line | LineHead | Ticket


def evolve(states: States, fact: Fact, at: datetime) -> Iterable[State | Shown]:
    """The new form of everything that a fact changes, and what boards show of it."""
    changed = list(_changed(states, fact, at))
    return [*changed, *shown_of(fact, changed, at)]


def _changed(states: States, fact: Fact, at: datetime) -> Iterator[State]:
    match fact:
        case CounterOpened():
            yield _opened(states, fact)
        case CounterClosed():
            yield get_counter(states, fact.counter_id).after_closing()
        case TicketIssued():
            yield from _issued(states, fact, at)
        case TicketCalled():
            yield from _called(states, fact)
        case TicketServed():
            ticket = get_ticket(states, fact.ticket_id)
            yield ticket.moved_to(Status.SERVED, ticket.counter_id)
        case TicketFinished():
            ticket = get_ticket(states, fact.ticket_id)
            yield ticket.moved_to(Status.FINISHED, ticket.counter_id)
            if ticket.counter_id is not None:
                yield get_counter(states, ticket.counter_id).with_ticket(None)
        case _:
            raise TypeError(f"queue does not decide {type(fact).__name__}")


def find_counter(states: States, counter_id: CounterId) -> Counter | None:
    """The counter, if it was ever opened."""
    found = states.get(counter_id)
    return found if isinstance(found, Counter) else None


def get_counter(states: States, counter_id: CounterId) -> Counter:
    """Raises CounterUnknown."""
    found = find_counter(states, counter_id)
    if found is None:
        raise CounterUnknown(counter_id=str(counter_id))
    return found


def get_mall(states: States, mall: MallId) -> Mall:
    """Raises MallUnknown."""
    found = states.get(mall)
    if not isinstance(found, Mall):
        raise MallUnknown(mall=mall)
    return found


def find_ticket(states: States, ticket_id: TicketId) -> Ticket | None:
    """The ticket, if there is one."""
    found = states.get(ticket_id)
    return found if isinstance(found, Ticket) else None


def get_ticket(states: States, ticket_id: TicketId) -> Ticket:
    """Raises TicketUnknown."""
    found = find_ticket(states, ticket_id)
    if found is None:
        raise TicketUnknown(ticket_id=str(ticket_id))
    return found


def line_of(states: States, mall: MallId, service: ServiceCode, service_date: date) -> Line:
    """The line of a service and day, which begins empty."""
    found = states.get(line_id_of(mall, service, service_date))
    return found if isinstance(found, Line) else Line.begun(mall, service, service_date)


def firsts_of(states: States, counter: Counter, service_date: date) -> Iterator[Ticket]:
    """The first waiting ticket of each line that a counter may call from."""
    for service in counter.services:
        head = states.get(HeadOf(line_id_of(counter.mall, service, service_date)))
        if isinstance(head, LineHead) and head.tickets:
            yield get_ticket(states, head.tickets[0])


def _opened(states: States, fact: CounterOpened) -> Counter:
    known = find_counter(states, fact.counter_id)
    if known is not None:
        return known.after_opening(fact)
    return Counter(fact.counter_id, 1, fact.mall, fact.counter, fact.services)


def _issued(states: States, fact: TicketIssued, at: datetime) -> Iterator[State]:
    yield Ticket.issued(fact, at)
    yield line_of(states, fact.mall, fact.service, fact.service_date).with_one_more(fact)
    head = states.get(HeadOf(fact.line_id))
    if isinstance(head, LineHead):
        yield head.followed_by(fact.ticket_id)


def _called(states: States, fact: TicketCalled) -> Iterator[State]:
    counter_id = counter_id_of(fact.mall, fact.counter)
    yield get_ticket(states, fact.ticket_id).moved_to(Status.CALLED, counter_id)
    yield get_counter(states, counter_id).with_ticket(fact.ticket_id)
    line = states[fact.line_id]
    if isinstance(line, Line):
        yield line.with_called(fact)
    head = states.get(HeadOf(fact.line_id))
    if isinstance(head, LineHead):
        yield head.without(fact.ticket_id)
