"""How facts of tickets move them: in and out of queues, to counters and away from them.

Who enters or leaves a queue changes three things together: the ticket, the line with its counts,
and the head of the queue where a group has read one. Each such fact is one step of its queue.
"""

from collections.abc import Iterator
from datetime import datetime

from contracts.queue import TicketCalled, TicketFinished, TicketIssued
from contracts.queue_tickets import (
    TicketHeld,
    TicketLapsed,
    TicketRecalled,
    TicketReclassified,
    TicketResumed,
    TicketReturned,
    TicketSkipped,
    TicketTransferred,
)
from services.queue.domain.counter import Counter, counter_id_of
from services.queue.domain.finding import (
    States,
    get_counter,
    get_line,
    get_ticket,
    line_of,
    policy_of,
)
from services.queue.domain.line import Line
from services.queue.domain.numbers import within_cap
from services.queue.domain.order import PRIORITY, HeadOf, MeantFor, MeantHead, QueueHead
from services.queue.domain.step import Step
from services.queue.domain.ticket import Status, Ticket

State = Counter | Line | MeantHead | QueueHead | Step | Ticket


def issued(states: States, fact: TicketIssued, at: datetime) -> Iterator[State]:
    """A number, and a place in the queue."""
    ticket = Ticket.issued(fact, at)
    if ticket.queue_id == ticket.line_id:
        line = line_of(states, fact.mall, fact.service, fact.service_date)
    else:
        yield get_line(states, fact.line_id).with_number(fact.number)
        line = get_line(states, ticket.queue_id)
    yield from _entered(states, ticket, _numbered(states, line, fact, ticket))


def called(states: States, fact: TicketCalled, at: datetime) -> Iterator[State]:
    """From its queue to a counter."""
    ticket = get_ticket(states, fact.ticket_id)
    counter_id = counter_id_of(fact.mall, fact.counter)
    line = get_line(states, ticket.queue_id)
    policy = policy_of(states, line.mall, line.service)
    line = line.called(fact, policy, meant=ticket.is_meant)
    if fact.occurred_at is None:
        typical = policy.terms.estimate.typical_minutes
        line = line.paced(at, ticket.place_at, ticket.told, typical)
    after = ticket.after_call(counter_id, at)
    yield after
    yield get_counter(states, counter_id).with_ticket(ticket.id)
    yield line
    yield from _head_left(states, ticket)
    yield Step(line.id, line.step, after.id, after.version)


def skipped(states: States, fact: TicketSkipped) -> Iterator[State]:
    """From a counter back into the queue."""
    ticket = get_ticket(states, fact.ticket_id)
    yield from _counter_left(states, ticket)
    yield from _entered(states, ticket.after_skip(fact), get_line(states, ticket.queue_id))


def recalled(states: States, fact: TicketRecalled, at: datetime) -> Iterator[State]:
    """Called again, where it is."""
    ticket = get_ticket(states, fact.ticket_id)
    yield ticket.after(ticket.status, calls=fact.times, called_at=at)


def held(states: States, fact: TicketHeld) -> Iterator[State]:
    """Aside; the counter is free."""
    ticket = get_ticket(states, fact.ticket_id)
    yield from _counter_left(states, ticket)
    yield ticket.after(Status.HELD, counter_id=None, held_until=fact.until)


def resumed(states: States, fact: TicketResumed, at: datetime) -> Iterator[State]:
    """Called again after it was held, perhaps to another counter."""
    ticket = get_ticket(states, fact.ticket_id)
    mall = get_line(states, ticket.queue_id).mall
    counter_id = counter_id_of(mall, fact.counter)
    yield get_counter(states, counter_id).with_ticket(ticket.id)
    yield ticket.after(Status.CALLED, counter_id=counter_id, held_until=None, calls=1, called_at=at)


def returned(states: States, fact: TicketReturned) -> Iterator[State]:
    """In its queue again after it was held."""
    ticket = get_ticket(states, fact.ticket_id)
    after = ticket.after(
        Status.WAITING,
        lane=fact.lane,
        place_at=fact.place_at,
        entered_step=fact.step,
        low_s=None,
        high_s=None,
        held_until=None,
        calls=0,
        called_at=None,
    )
    yield from _entered(states, after, get_line(states, ticket.queue_id))


def transferred(states: States, fact: TicketTransferred, at: datetime) -> Iterator[State]:
    """From one counter to another, or into another queue."""
    ticket = get_ticket(states, fact.ticket_id)
    yield from _counter_left(states, ticket)
    to_counter = counter_id_of(fact.mall, fact.to_counter) if fact.to_counter else None
    if fact.handed_over and to_counter is not None:
        yield get_counter(states, to_counter).with_ticket(ticket.id)
        yield ticket.after(ticket.status, counter_id=to_counter, called_at=at)
        return
    line = get_line(states, fact.queue_id)
    after = ticket.after(
        Status.WAITING,
        counter_id=None,
        queue_id=line.id,
        service=fact.service,
        lane=fact.lane,
        place_at=fact.place_at,
        entered_step=fact.step or line.step + 1,
        for_counter=to_counter,
        # What was foreseen was for another queue.
        low_s=None,
        high_s=None,
        calls=0,
        skips=0,
        called_at=None,
        near_told=False,
    )
    yield from _entered(states, after, line)


def reclassified(states: States, fact: TicketReclassified) -> Iterator[State]:
    """In another lane of its queue: it leaves one and enters the other, in one step."""
    ticket = get_ticket(states, fact.ticket_id)
    line = get_line(states, ticket.queue_id)
    line = line.left(line.step, ticket.lane, meant=ticket.is_meant)
    if fact.lane == PRIORITY:
        line = line.with_priority(policy_of(states, line.mall, line.service))
    after = ticket.after(
        Status.WAITING,
        lane=fact.lane,
        lane_reason=fact.lane_reason,
        place_at=fact.place_at,
        entered_step=fact.step,
    )
    yield after
    head = states.get(HeadOf(line.id))
    if isinstance(head, QueueHead) and not ticket.is_meant:
        yield head.left_by(ticket.lane, ticket.place).joined_by(after.lane, after.place)
    yield line.entered(fact.step, after.lane, after.place_at, meant=after.is_meant)
    yield Step(line.id, fact.step, after.id, after.version)


def lapsed(states: States, fact: TicketLapsed) -> Iterator[State]:
    """Over without a counter; it leaves its queue, if it waited."""
    ticket = get_ticket(states, fact.ticket_id)
    after = ticket.after(Status.FINISHED, outcome=fact.outcome, held_until=None)
    yield after
    if ticket.status is not Status.WAITING:
        return
    line = get_line(states, ticket.queue_id)
    step = fact.step or line.step + 1
    yield line.left(step, ticket.lane, meant=ticket.is_meant)
    yield from _head_left(states, ticket)
    yield Step(line.id, step, after.id, after.version)


def finished(states: States, fact: TicketFinished) -> Iterator[State]:
    """The counter is free again."""
    ticket = get_ticket(states, fact.ticket_id)
    yield ticket.after_finish(fact)
    yield from _counter_left(states, ticket)


def _counter_left(states: States, ticket: Ticket) -> Iterator[State]:
    if ticket.counter_id is not None:
        yield get_counter(states, ticket.counter_id).with_ticket(None)


def _numbered(states: States, line: Line, fact: TicketIssued, ticket: Ticket) -> Line:
    policy = policy_of(states, line.mall, line.service)
    if ticket.queue_id == ticket.line_id:
        line = within_cap(line.with_number(fact.number), fact, policy)
    # What was printed without a link is honoured, beyond the bound of the day, too.
    if fact.lane == PRIORITY and fact.occurred_at is None:
        line = line.with_priority(policy)
    return line


def _entered(states: States, ticket: Ticket, line: Line) -> Iterator[State]:
    """The ticket as it waits now, in this queue as it was before."""
    step = ticket.entered_step or line.step + 1
    yield ticket
    yield line.entered(step, ticket.lane, ticket.place_at, meant=ticket.is_meant)
    yield from _head_joined(states, ticket)
    yield Step(line.id, step, ticket.id, ticket.version)


def _head_joined(states: States, ticket: Ticket) -> Iterator[State]:
    if ticket.for_counter is not None:
        meant = states.get(MeantFor(ticket.for_counter))
        if isinstance(meant, MeantHead):
            yield MeantHead(meant.id, meant.standing.joined_by(ticket.place))
        return
    head = states.get(HeadOf(ticket.queue_id))
    if isinstance(head, QueueHead):
        yield head.joined_by(ticket.lane, ticket.place)


def _head_left(states: States, ticket: Ticket) -> Iterator[State]:
    if ticket.for_counter is not None:
        meant = states.get(MeantFor(ticket.for_counter))
        if isinstance(meant, MeantHead):
            yield MeantHead(meant.id, meant.standing.left_by(ticket.place))
        return
    head = states.get(HeadOf(ticket.queue_id))
    if isinstance(head, QueueHead):
        yield head.left_by(ticket.lane, ticket.place)
