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
from contracts.queue_day import (
    AgencyAbsent,
    AgencyPresent,
    CounterChangeDecided,
    CounterChangeRequested,
    CounterPaused,
    CounterResumed,
    CounterTakenOver,
    DeviceLocked,
    DeviceSessionBegan,
    DeviceUnlocked,
    NumbersClosed,
    NumbersReopened,
    SeriesGranted,
    SurveyAnswered,
)
from contracts.queue_tickets import (
    TicketDisputed,
    TicketHeld,
    TicketLapsed,
    TicketRecalled,
    TicketReclassified,
    TicketResumed,
    TicketReturned,
    TicketSkipped,
    TicketTransferred,
)
from services.queue.domain import moves
from services.queue.domain.device import Device, device_after
from services.queue.domain.finding import States, find_counter, get_counter, get_ticket
from services.queue.domain.moves import State
from services.queue.domain.numbers import numbers_after
from services.queue.domain.presence import Presence
from services.queue.domain.seats import Seat, counter_after, seated
from services.queue.domain.series import Letters, granted
from services.queue.domain.shown import Shown, shown_of
from services.queue.domain.survey import Survey

Changed = State | Device | Letters | Presence | Seat | Survey


def evolve(states: States, fact: Fact, at: datetime) -> Iterable[Changed | Shown]:
    """The new form of everything that a fact changes, and what boards show of it."""
    changed = list(_changed(states, fact, at))
    return [*changed, *shown_of(states, fact, changed, at)]


def _changed(states: States, fact: Fact, at: datetime) -> Iterator[Changed]:
    match fact:
        case TicketIssued():
            yield from moves.issued(states, fact, at)
        case TicketCalled():
            yield from moves.called(states, fact, at)
        case TicketServed():
            yield get_ticket(states, fact.ticket_id).after_serve()
        case TicketSkipped():
            yield from moves.skipped(states, fact)
        case TicketTransferred():
            yield from moves.transferred(states, fact, at)
        case TicketFinished():
            yield from moves.finished(states, fact)
        case TicketDisputed():
            yield get_ticket(states, fact.ticket_id).after_dispute()
        case _:
            yield from _aside(states, fact, at)


def _aside(states: States, fact: Fact, at: datetime) -> Iterator[Changed]:
    """Tickets that do not go straight."""
    match fact:
        case TicketRecalled():
            yield from moves.recalled(states, fact, at)
        case TicketHeld():
            yield from moves.held(states, fact)
        case TicketResumed():
            yield from moves.resumed(states, fact, at)
        case TicketReturned():
            yield from moves.returned(states, fact)
        case TicketReclassified():
            yield from moves.reclassified(states, fact)
        case TicketLapsed():
            yield from moves.lapsed(states, fact)
        case _:
            yield from _around_tickets(states, fact, at)


def _around_tickets(states: States, fact: Fact, at: datetime) -> Iterator[Changed]:
    """Counters, lines and devices."""
    match fact:
        case CounterOpened():
            yield from seated(find_counter(states, fact.counter_id), fact)
        case (
            CounterClosed()
            | CounterTakenOver()
            | CounterPaused()
            | CounterResumed()
            | CounterChangeRequested()
            | CounterChangeDecided()
        ):
            yield from counter_after(get_counter(states, fact.counter_id), fact)
        case NumbersClosed() | NumbersReopened():
            yield from numbers_after(states, fact)
        case SeriesGranted():
            yield from granted(states, fact, at)
        case DeviceSessionBegan() | DeviceLocked() | DeviceUnlocked():
            yield from device_after(states, fact)
        case AgencyAbsent() | AgencyPresent():
            known = states.get(fact.presence_id)
            before = known if isinstance(known, Presence) else Presence.begun(fact)
            yield before.after(fact, at)
        case SurveyAnswered():
            yield Survey.answered(fact)
        case _:
            raise TypeError(f"queue does not decide {type(fact).__name__}")
