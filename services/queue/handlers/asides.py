"""Tickets that do not go straight: called again or out of order, held, skipped, sent on."""

from typing import Any

from contracts.base import Decision, Fact
from services.queue.commands.asides import (
    CallTicket,
    HoldTicket,
    LeaveQueue,
    LetInFirst,
    RecallTicket,
    ResumeTicket,
    ReturnTicket,
    SkipTicket,
    TicketMoved,
    TransferTicket,
)
from services.queue.domain import asides
from services.queue.domain.counter import counter_id_of
from services.queue.domain.finding import (
    States,
    ahead_of,
    get_counter,
    get_line,
    get_mall,
    get_ticket,
    head_of,
    meant_for,
    policy_of,
    queues_of,
)
from services.queue.domain.line import Line, line_id_of
from services.queue.domain.mall import must_be_own
from services.queue.domain.order import LANES, Waiting, count_before, lanes_with
from services.queue.domain.sent_on import hand_over, send_on, service_meant
from services.queue.domain.ticket import Move, Status, Ticket
from services.queue.domain.ticket_refusals import (
    InItsTurn,
    OverrideReasonUnknown,
    ServiceElsewhere,
    TransferNowhere,
)
from services.queue.domain.turns import Queue, next_among
from services.queue.handlers.at_counter import own_counter

_LEFT = "left"


def recall_ticket(command: RecallTicket, states: States) -> Decision:
    """Once more, after the time that the policy gives to come."""
    ticket, counter = get_ticket(states, command.ticket_id), own_counter(command, states)
    policy = policy_of(states, counter.mall, ticket.service)
    fact = asides.recall(ticket, counter, policy, command.at)
    return _moved(fact, ticket, ticket.status, counter=counter.code, calls=fact.times)


def hold_ticket(command: HoldTicket, states: States) -> Decision:
    """The counter is free; the ticket is nobody's for a while."""
    ticket, counter = get_ticket(states, command.ticket_id), own_counter(command, states)
    policy = policy_of(states, counter.mall, ticket.service)
    fact = asides.hold(ticket, counter, policy, command.reason, command.minutes, command.at)
    return _moved(fact, ticket, Status.HELD)


def resume_ticket(command: ResumeTicket, states: States) -> Decision:
    """Called again, without another wait."""
    ticket, counter = get_ticket(states, command.ticket_id), own_counter(command, states)
    must_be_own(get_line(states, ticket.queue_id).mall, counter.mall)
    fact = asides.resume(ticket, counter)
    return _moved(fact, ticket, Status.CALLED, counter=counter.code, calls=1)


def return_ticket(command: ReturnTicket, states: States) -> Decision:
    """Back in its queue, among those who go on."""
    ticket, line = _own(states, command.ticket_id, command.staff_mall)
    policy = policy_of(states, line.mall, line.service)
    fact = asides.give_back(ticket, line, policy, command.at)
    return _moved(fact, ticket, Status.WAITING, lane=fact.lane, step=fact.step)


def skip_ticket(command: SkipTicket, states: States) -> Decision:
    """Others first, as many as the policy says."""
    ticket, counter = get_ticket(states, command.ticket_id), own_counter(command, states)
    ticket.must_be_at(counter.id, Move.SKIP)
    line = get_line(states, ticket.queue_id)
    policy = policy_of(states, line.mall, line.service)
    fact = asides.skip(ticket, counter, line, head_of(states, line.id), policy, command.at)
    return _moved(fact, ticket, Status.WAITING, step=fact.step, skips=fact.times)


def transfer_ticket(command: TransferTicket, states: States) -> Decision:
    """On to another queue at the old place, or straight to another counter."""
    ticket, counter = get_ticket(states, command.ticket_id), own_counter(command, states)
    target = None
    if command.to_counter is not None:
        target = get_counter(states, counter_id_of(counter.mall, command.to_counter))
    if command.hand_over:
        if target is None:
            raise TransferNowhere
        fact = hand_over(ticket, counter, target, command.reason)
        return _moved(fact, ticket, ticket.status, counter=target.code)
    mall = get_mall(states, counter.mall)
    ticket.must_be_at(counter.id, Move.TRANSFER)
    service = service_meant(command.to_service, ticket.service, target)
    mall.must_offer(service)
    line = get_line(states, line_id_of(mall.id, service, mall.date_of(command.at)))
    policy = mall.policy_for(service)
    fact = send_on(ticket, counter, line, policy, command.reason, command.at, target)
    return _moved(
        fact, ticket, Status.WAITING, service=fact.service, lane=fact.lane, step=fact.step
    )


def call_ticket(command: CallTicket, states: States) -> Decision:
    """Out of order, and published as such."""
    ticket, counter = get_ticket(states, command.ticket_id), own_counter(command, states)
    ticket.must_allow(Move.CALL)
    counter.must_call()
    mall = get_mall(states, counter.mall)
    queues = list(queues_of(states, counter, mall.date_of(command.at)))
    own = next((queue for queue in queues if queue.line.id == ticket.queue_id), None)
    if own is None:
        raise ServiceElsewhere(counter=counter.code, service=ticket.service)
    reasons = own.policy.terms.override_reasons
    if command.reason not in reasons:
        raise OverrideReasonUnknown(reason=command.reason, reasons=", ".join(reasons))
    meant = meant_for(states, counter.id).first
    following = meant.ticket_id if meant else next_among(queues, mall.default_policy.terms.across)
    if ticket.id == following:
        raise InItsTurn
    before = None if ticket.is_meant else _count_before(states, ticket, own)
    fact = counter.call(ticket, queues, command.at, command.reason, before)
    return _moved(fact, ticket, Status.CALLED, counter=counter.code, step=fact.step, calls=1)


def let_in_first(command: LetInFirst, states: States) -> Decision:
    """Into the priority lane, at the place that the ticket has."""
    ticket, line = _own(states, command.ticket_id, command.staff_mall)
    policy = policy_of(states, line.mall, line.service)
    fact = asides.let_in_first(ticket, line, policy, command.reason)
    return _moved(fact, ticket, Status.WAITING, lane=fact.lane, step=fact.step)


def leave_queue(command: LeaveQueue, states: States) -> Decision:
    """The place is free; nobody is called to it."""
    ticket = get_ticket(states, command.ticket_id)
    fact = asides.lapse(ticket, get_line(states, ticket.queue_id), _LEFT)
    return _moved(fact, ticket, Status.FINISHED, step=fact.step)


def _own(states: States, ticket_id: Any, staff_mall: Any) -> tuple[Ticket, Line]:
    ticket = get_ticket(states, ticket_id)
    line = get_line(states, ticket.queue_id)
    must_be_own(line.mall, staff_mall)
    return ticket, line


def _count_before(states: States, ticket: Ticket, own: Queue) -> int:
    """How many the rule would have called sooner.

    Of lanes with the same turns, who stands before; of others all, as far as their turns come.
    """
    ring, standing = own.policy.ring, ahead_of(states, ticket)
    shared = lanes_with(ring, ticket.lane)
    waiting = {
        lane: (standing if lane in shared else own.line.waiting).of([lane]) for lane in LANES
    }
    return count_before(ring, own.line.turn_under(own.policy), Waiting(**waiting), ticket.lane)


def _moved(fact: Fact, ticket: Ticket, status: Status, **said: Any) -> Decision:
    answer: dict[str, Any] = {
        "ticket_id": ticket.id,
        "label": ticket.label,
        "status": status.value,
        "service": ticket.service,
        "lane": ticket.lane,
        "calls": 0,
        "skips": ticket.skips,
    }
    return Decision([fact], TicketMoved(**{**answer, **said}))
