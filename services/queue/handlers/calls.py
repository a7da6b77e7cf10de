"""Tickets are called, served and finished at counters."""

from contracts.base import Decision
from services.queue.commands.calls import (
    Called,
    CalledTicket,
    CallNextTicket,
    FinishTicket,
    ServeTicket,
    TicketChanged,
)
from services.queue.domain.asides import must_have_called
from services.queue.domain.finding import (
    States,
    get_mall,
    get_ticket,
    meant_for,
    policy_of,
    queues_of,
)
from services.queue.domain.ticket import NO_SHOW
from services.queue.domain.turns import next_among
from services.queue.handlers.at_counter import own_counter


def call_next_ticket(command: CallNextTicket, states: States) -> Decision:
    """Whoever waits longest for the services of the counter."""
    counter = own_counter(command, states)
    counter.must_call()
    mall = get_mall(states, counter.mall)
    queues = list(queues_of(states, counter, mall.date_of(command.at)))
    meant = meant_for(states, counter.id).first
    # Who waits for this counter only waits for nobody else.
    next_one = meant.ticket_id if meant else next_among(queues, mall.default_policy.terms.across)
    if next_one is None:
        return Decision([], Called(ticket=None))
    ticket = get_ticket(states, next_one)
    fact = counter.call(ticket, queues, command.at)
    called = CalledTicket(
        ticket_id=ticket.id,
        label=ticket.label,
        service=ticket.service,
        number=ticket.number,
        counter=counter.code,
    )
    return Decision([fact], Called(ticket=called))


def serve_ticket(command: ServeTicket, states: States) -> Decision:
    """Service begins at the counter that called."""
    ticket = get_ticket(states, command.ticket_id)
    counter = own_counter(command, states)
    fact = ticket.serve(counter.id, counter.code)
    return Decision([fact], TicketChanged(ticket_id=ticket.id, status="served"))


def finish_ticket(command: FinishTicket, states: States) -> Decision:
    """The counter is free again."""
    ticket = get_ticket(states, command.ticket_id)
    counter = own_counter(command, states)
    fact = ticket.finish(counter.id, counter.code, command.outcome)
    if command.outcome == NO_SHOW:
        must_have_called(ticket, policy_of(states, counter.mall, ticket.service))
    return Decision([fact], TicketChanged(ticket_id=ticket.id, status="finished"))
