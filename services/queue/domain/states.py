"""How facts change states: one arm for each kind of fact, delegated to where its rules are."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from contracts.base import Fact
from contracts.queue import (
    CounterClosed,
    CounterOpened,
    TicketCalled,
    TicketFinished,
    TicketIssued,
    TicketServed,
)
from services.queue.domain import moves
from services.queue.domain.counter import Counter
from services.queue.domain.finding import States, find_counter, get_counter, get_ticket
from services.queue.domain.moves import State
from services.queue.domain.shown import Shown, shown_of


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
            yield from moves.issued(states, fact, at)
        case TicketCalled():
            yield from moves.called(states, fact, at)
        case TicketServed():
            yield get_ticket(states, fact.ticket_id).after_serve()
        case TicketFinished():
            yield from moves.finished(states, fact)
        case _:
            raise TypeError(f"queue does not decide {type(fact).__name__}")


def _opened(states: States, fact: CounterOpened) -> Counter:
    known = find_counter(states, fact.counter_id)
    if known is not None:
        return known.after_opening(fact)
    return Counter(fact.counter_id, 1, fact.mall, fact.counter, fact.services)
