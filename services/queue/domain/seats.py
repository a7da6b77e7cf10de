"""Who sits where: how facts change counters, and where an officer is."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contracts.base import Fact
from contracts.ids import Actor, CounterId
from contracts.queue import CounterClosed, CounterOpened
from contracts.queue_day import (
    CounterChangeDecided,
    CounterChangeRequested,
    CounterPaused,
    CounterResumed,
    CounterTakenOver,
)
from services.queue.domain.counter import Asked, Counter


@dataclass(frozen=True, slots=True)
class CounterOf:
    """Asks at which counter an officer is, and is the key of the answer."""

    officer: Actor


@dataclass(frozen=True, slots=True)
class Seat:
    """Where an officer is, if anywhere. Never saved: the counters' own rows say it."""

    id: CounterOf
    counter_id: CounterId | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """Asks for the other counters of the mall, and for what waits for this one at `at`."""

    counter_id: CounterId
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketAt:
    """Asks for the ticket that a counter has, together with the line in which it waited."""

    counter_id: CounterId


CounterFact = (
    CounterOpened
    | CounterClosed
    | CounterTakenOver
    | CounterPaused
    | CounterResumed
    | CounterChangeRequested
    | CounterChangeDecided
)


def seated(known: Counter | None, fact: CounterOpened) -> Iterator[Counter | Seat]:
    """A counter was opened, perhaps for other services than the last time."""
    version = 1 if known is None else known.version + 1
    yield Counter(
        fact.counter_id,
        version,
        fact.mall,
        fact.counter,
        fact.services,
        officer=fact.officer,
        session_id=fact.session_id,
    )
    if fact.officer is not None:
        yield Seat(CounterOf(fact.officer), fact.counter_id)


def counter_after(counter: Counter, fact: Fact) -> Iterator[Counter | Seat]:
    """An open counter, one fact later."""
    later = replace(counter, version=counter.version + 1)
    match fact:
        case CounterClosed():
            yield Counter(
                counter.id,
                later.version,
                counter.mall,
                counter.code,
                counter.services,
                False,  # noqa: FBT003 - closed
            )
            if counter.officer is not None:
                yield Seat(CounterOf(counter.officer))
        case CounterTakenOver():
            yield replace(later, session_id=fact.session_id)
        case CounterPaused():
            yield replace(later, paused_reason=fact.reason, paused_until=fact.until)
        case CounterResumed():
            yield replace(later, paused_reason=None, paused_until=None)
        case CounterChangeRequested():
            yield replace(later, asked=Asked(fact.wants, fact.reason, fact.officer, fact.until))
        case CounterChangeDecided():
            yield replace(later, asked=None)
        case _:
            raise TypeError(f"{type(fact).__name__} is no fact of a counter")


def seat_of(states: Mapping[Hashable, Any], officer: Actor) -> CounterId | None:
    """The counter where an officer is now."""
    found = states.get(CounterOf(officer))
    return found.counter_id if isinstance(found, Seat) else None


def others_open(states: Mapping[Hashable, Any], counter: Counter) -> list[Counter]:
    """The other open counters of its mall."""
    counters = (state for state in states.values() if isinstance(state, Counter))
    return [
        one for one in counters if one.is_open and one.mall == counter.mall and one.id != counter.id
    ]
