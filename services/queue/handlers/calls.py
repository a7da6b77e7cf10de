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
from services.queue.domain.mall import must_be_own
from services.queue.domain.states import States, firsts_of, get_counter, get_mall, get_ticket
from services.queue.domain.ticket import label_of


def call_next_ticket(command: CallNextTicket, states: States) -> Decision:
    """Whoever waits longest for the services of the counter."""
    counter = get_counter(states, command.counter_id)
    must_be_own(counter.mall, command.staff_mall)
    today = get_mall(states, counter.mall).date_of(command.at)
    fact = counter.call(firsts_of(states, counter, today))
    if fact is None:
        return Decision([], Called(ticket=None))
    called = CalledTicket(
        ticket_id=fact.ticket_id,
        label=label_of(fact.service, fact.number),
        service=fact.service,
        number=fact.number,
        counter=fact.counter,
    )
    return Decision([fact], Called(ticket=called))


def serve_ticket(command: ServeTicket, states: States) -> Decision:
    """Service begins at the counter that called."""
    ticket = get_ticket(states, command.ticket_id)
    counter = get_counter(states, command.counter_id)
    must_be_own(counter.mall, command.staff_mall)
    fact = ticket.serve(counter.id, counter.code)
    return Decision([fact], TicketChanged(ticket_id=ticket.id, status="served"))


def finish_ticket(command: FinishTicket, states: States) -> Decision:
    """The counter is free again."""
    ticket = get_ticket(states, command.ticket_id)
    counter = get_counter(states, command.counter_id)
    must_be_own(counter.mall, command.staff_mall)
    fact = ticket.finish(counter.id, counter.code, command.outcome)
    return Decision([fact], TicketChanged(ticket_id=ticket.id, status="finished"))
