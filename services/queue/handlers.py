"""What queue decides: tickets issued, called, served and finished; counters opened and closed."""

from contracts.base import Decision
from contracts.queue import TicketIssued
from services.queue.commands import (
    AdmitAppointment,
    Called,
    CalledTicket,
    CallNextTicket,
    CloseCounter,
    CounterState,
    FinishTicket,
    IssuedTicket,
    IssueTicket,
    OpenCounter,
    ServeTicket,
    TicketChanged,
)
from services.queue.domain.counter import counter_id_of, opened_counter
from services.queue.domain.mall import must_be_own
from services.queue.domain.refusals import AlreadyInLine
from services.queue.domain.states import (
    States,
    find_counter,
    find_ticket,
    firsts_of,
    get_counter,
    get_mall,
    get_ticket,
    line_of,
)
from services.queue.domain.ticket import label_of


def issue_ticket(command: IssueTicket, states: States) -> Decision:
    """A place at the end of the line of today."""
    must_be_own(command.mall, command.staff_mall)
    mall = get_mall(states, command.mall)
    mall.must_offer(command.service)
    line = line_of(states, mall.id, command.service, mall.date_of(command.at))
    return _issued(line.issue(command.ticket_id))


def admit_appointment(command: AdmitAppointment, states: States) -> Decision:
    """The same for a checked-in appointment, whatever the catalogue says by now."""
    if find_ticket(states, command.ticket_id) is not None:
        raise AlreadyInLine(ticket_id=str(command.ticket_id))
    line = line_of(states, command.mall, command.service, command.service_date)
    return _issued(line.admit(command.ticket_id, command.appointment_id, command.person_id))


def open_counter(command: OpenCounter, states: States) -> Decision:
    """The counter calls from the lines that the catalogue gives it."""
    services = get_mall(states, command.mall).services_at(command.counter)
    known = find_counter(states, counter_id_of(command.mall, command.counter))
    fact = opened_counter(known, command.mall, command.counter, services)
    answer = CounterState(
        counter_id=fact.counter_id, counter=fact.counter, services=fact.services, is_open=True
    )
    return Decision([fact], answer)


def close_counter(command: CloseCounter, states: States) -> Decision:
    """The counter calls nobody any more."""
    counter = get_counter(states, counter_id_of(command.mall, command.counter))
    answer = CounterState(
        counter_id=counter.id, counter=counter.code, services=counter.services, is_open=False
    )
    return Decision([counter.close(command.reason)], answer)


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


def _issued(fact: TicketIssued) -> Decision:
    label = label_of(fact.service, fact.number)
    return Decision([fact], IssuedTicket(ticket_id=fact.ticket_id, label=label, number=fact.number))
