"""Counters are opened, taken over and closed."""

from contracts.base import Decision, Fact
from contracts.queue import CounterClosed, CounterOpened
from contracts.queue_day import AgencyPresent
from contracts.queue_entries import QueuePolicy
from services.queue.commands.counters import (
    CloseCounter,
    CounterState,
    OpenCounter,
    ReleaseCounter,
    TakeOverCounter,
)
from services.queue.domain.counter import Counter, counter_id_of, opened_counter
from services.queue.domain.counter_refusals import ApprovalNeeded, OfficerAtAnotherCounter
from services.queue.domain.duty import OFFICER_GONE, RELEASED, TAKEN_OVER
from services.queue.domain.finding import (
    States,
    find_counter,
    get_counter,
    get_line,
    get_mall,
    get_ticket,
    line_of,
)
from services.queue.domain.mall import must_be_own
from services.queue.domain.seats import others_open, seat_of
from services.queue.handlers.presence import arrivals


def open_counter(command: OpenCounter, states: States) -> Decision:
    """The counter calls from the lines that the catalogue gives it."""
    seat = seat_of(states, command.actor)
    counter_id = counter_id_of(command.mall, command.counter)
    fact = _opened(command, states)
    if seat is not None and seat != counter_id:
        raise OfficerAtAnotherCounter(counter=get_counter(states, seat).code)
    return Decision([fact, *_arrivals(command, fact, states)], _after_opening(fact))


def take_over_counter(command: TakeOverCounter, states: States) -> Decision:
    """What the officer had elsewhere is over; a counter that was left must have no ticket."""
    here = find_counter(states, counter_id_of(command.mall, command.counter))
    if here is not None and here.officer == command.actor:
        fact = here.take_over(command.session_id)
        answer = state_of(here, session_id=command.session_id, left=here.id)
        return Decision([fact], answer)
    opened = _opened(command, states)
    seat = seat_of(states, command.actor)
    facts: list[Fact] = []
    if seat is not None:
        left = get_counter(states, seat)
        must_be_own(left.mall, command.mall)
        facts.append(left.close(TAKEN_OVER))
    facts += [opened, *_arrivals(command, opened, states)]
    return Decision(facts, _after_opening(opened).model_copy(update={"left": seat}))


def close_counter(command: CloseCounter, states: States) -> Decision:
    """The counter calls nobody any more."""
    counter = get_counter(states, counter_id_of(command.mall, command.counter))
    counter.must_be_served_by(command.actor, command.session_id)
    fact = counter.close(command.reason)
    if terms_of(states, counter).close_needs_approval:
        _must_leave_nobody_behind(command, counter, states)
    return Decision([fact], closed_state(counter))


def release_counter(command: ReleaseCounter, states: States) -> Decision:
    """Nobody loses a place because an officer is gone."""
    counter = get_counter(states, counter_id_of(command.mall, command.counter))
    counter.must_be_open()
    closed = CounterClosed(counter_id=counter.id, mall=counter.mall, reason=RELEASED)
    if counter.ticket_id is None:
        return Decision([closed], closed_state(counter))
    ticket = get_ticket(states, counter.ticket_id)
    step = get_line(states, ticket.queue_id).step + 1
    skipped = ticket.back_in_line(counter.code, step, OFFICER_GONE)
    return Decision([skipped, closed], closed_state(counter))


def terms_of(states: States, counter: Counter) -> QueuePolicy:
    """What the mall of a counter has ruled."""
    return get_mall(states, counter.mall).default_policy.terms


def state_of(counter: Counter, **changes: object) -> CounterState:
    """The counter as it is, with what a fact has changed."""
    found = CounterState(
        counter_id=counter.id,
        counter=counter.code,
        services=counter.services,
        is_open=counter.is_open,
        session_id=counter.session_id,
        paused_reason=counter.paused_reason,
        paused_until=counter.paused_until,
        asked=counter.asked.wants if counter.asked is not None else None,
    )
    return found.model_copy(update=changes)


def closed_state(counter: Counter) -> CounterState:
    """The counter after it was closed."""
    return CounterState(
        counter_id=counter.id, counter=counter.code, services=counter.services, is_open=False
    )


def _opened(command: OpenCounter | TakeOverCounter, states: States) -> CounterOpened:
    services = get_mall(states, command.mall).services_at(command.counter)
    known = find_counter(states, counter_id_of(command.mall, command.counter))
    return opened_counter(
        known, command.mall, command.counter, services, command.actor, command.session_id
    )


def _after_opening(fact: CounterOpened) -> CounterState:
    return CounterState(
        counter_id=fact.counter_id,
        counter=fact.counter,
        services=fact.services,
        is_open=True,
        session_id=fact.session_id,
    )


def _must_leave_nobody_behind(command: CloseCounter, counter: Counter, states: States) -> None:
    """Raises ApprovalNeeded when somebody waits whom no other open counter would call."""
    today = get_mall(states, counter.mall).date_of(command.at)
    elsewhere = {service for other in others_open(states, counter) for service in other.services}
    for service in counter.services:
        waiting = line_of(states, counter.mall, service, today).waiting.total
        if waiting and service not in elsewhere:
            raise ApprovalNeeded(service=service, waiting=waiting)


def _arrivals(
    command: OpenCounter | TakeOverCounter, fact: CounterOpened, states: States
) -> list[AgencyPresent]:
    return arrivals(states, get_mall(states, command.mall), fact.services, command.at)
