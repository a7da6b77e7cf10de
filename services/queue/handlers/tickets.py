"""Tickets are issued: to walk-ins, and to appointments that have checked in."""

from contracts.base import Decision
from contracts.queue import TicketIssued
from services.queue.commands.tickets import AdmitAppointment, IssuedTicket, IssueTicket
from services.queue.domain.mall import must_be_own
from services.queue.domain.refusals import AlreadyInLine
from services.queue.domain.states import States, find_ticket, get_mall, line_of
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


def _issued(fact: TicketIssued) -> Decision:
    label = label_of(fact.service, fact.number)
    return Decision([fact], IssuedTicket(ticket_id=fact.ticket_id, label=label, number=fact.number))
