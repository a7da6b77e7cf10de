"""Tickets are issued: to walk-ins, and to appointments that have checked in."""

from contracts.base import Decision
from contracts.queue import TicketIssued
from services.queue.commands.tickets import AdmitAppointment, IssuedTicket, IssueTicket
from services.queue.domain.device import KIOSK, check_kiosk
from services.queue.domain.finding import (
    States,
    find_ticket,
    get_mall,
    line_of,
    policy_of,
    prefix_for,
)
from services.queue.domain.line import Wish
from services.queue.domain.mall import must_be_own
from services.queue.domain.numbers import must_give_numbers
from services.queue.domain.order import BY_APPOINTMENT, GOING_ON
from services.queue.domain.refusals import AlreadyInLine, LaneForOfficers
from services.queue.domain.ticket import label_of


def issue_ticket(command: IssueTicket, states: States) -> Decision:
    """A place at the end of its lane, in the line of today."""
    must_be_own(command.mall, command.staff_mall)
    mall = get_mall(states, command.mall)
    if command.actor.kind == KIOSK:
        check_kiosk(states, mall, command.actor, command.epoch)
    mall.must_offer(command.service)
    line = line_of(states, mall.id, command.service, mall.date_of(command.at))
    policy, prefix = mall.policy_for(command.service), mall.prefix_of(command.service)
    if command.lane == GOING_ON and command.actor.kind != "officer":
        raise LaneForOfficers
    must_give_numbers(line, mall, policy, command.at)
    wish = Wish(command.ticket_id, command.lane, command.reason)
    return _issued(line.issue(wish, command.at, policy, prefix))


def admit_appointment(command: AdmitAppointment, states: States) -> Decision:
    """The same for a checked-in appointment, whatever the catalogue says by now."""
    if find_ticket(states, command.ticket_id) is not None:
        raise AlreadyInLine(ticket_id=str(command.ticket_id))
    line = line_of(states, command.mall, command.service, command.service_date)
    wish = Wish(
        command.ticket_id,
        BY_APPOINTMENT,
        appointment_id=command.appointment_id,
        person_id=command.person_id,
    )
    policy = policy_of(states, command.mall, command.service)
    prefix = prefix_for(states, command.mall, command.service)
    return _issued(line.issue(wish, command.at, policy, prefix))


def _issued(fact: TicketIssued) -> Decision:
    answer = IssuedTicket(
        ticket_id=fact.ticket_id,
        label=label_of(fact),
        number=fact.number,
        lane=fact.lane,
        before=fact.before,
        wait_low_minutes=_minutes(fact.wait_low_s),
        wait_high_minutes=_minutes(fact.wait_high_s),
    )
    return Decision([fact], answer)


def _minutes(seconds: int | None) -> int | None:
    return None if seconds is None else seconds // 60
