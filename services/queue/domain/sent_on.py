"""A ticket is sent on: to wait in another queue at its old place, or straight to a free counter."""

from dataclasses import dataclass
from datetime import datetime

from contracts.base import Code
from contracts.ids import CounterCode, MallId, ServiceCode, TicketId
from contracts.queue_tickets import TicketTransferred
from services.queue.domain.counter import Counter
from services.queue.domain.line import Line
from services.queue.domain.order import GOING_ON
from services.queue.domain.policy import Policy
from services.queue.domain.ticket import Move, Ticket
from services.queue.domain.ticket_refusals import ServiceElsewhere, TransferNowhere

_NOW = "now"


@dataclass(frozen=True, slots=True)
class SentOn:
    """Asks for a ticket and for the queue of today to which it is sent."""

    ticket_id: TicketId
    mall: MallId
    to_service: ServiceCode | None
    to_counter: CounterCode | None
    at: datetime


def service_meant(
    wanted: ServiceCode | None, ticket_service: ServiceCode, to_counter: Counter | None
) -> ServiceCode:
    """For which service the ticket waits next. Raises TransferNowhere when that is not clear.

    A counter that is named alone goes on with the same service, if it has that, or with its only
    one.
    """
    if wanted is not None:
        return wanted
    services = to_counter.services if to_counter is not None else ()
    if ticket_service in services:
        return ticket_service
    if len(services) != 1:
        raise TransferNowhere
    return services[0]


def send_on(  # noqa: PLR0913 - what a fact says
    ticket: Ticket,
    counter: Counter,
    line: Line,
    policy: Policy,
    reason: Code,
    at: datetime,
    to_counter: Counter | None = None,
) -> TicketTransferred:
    """To wait in this line, for one counter only where that is named.

    Raises CounterClosedNow, ServiceElsewhere and what `must_be_at` does.
    """
    ticket.must_be_at(counter.id, Move.TRANSFER)
    if to_counter is not None:
        to_counter.must_be_open()
        if line.service not in to_counter.services:
            raise ServiceElsewhere(counter=to_counter.code, service=line.service)
    now = policy.terms.transfer.place == _NOW
    return TicketTransferred(
        ticket_id=ticket.id,
        line_id=ticket.line_id,
        label=ticket.label,
        from_counter=counter.code,
        queue_id=line.id,
        mall=line.mall,
        service=line.service,
        lane=GOING_ON,
        place_at=line.place_for(at) if now else ticket.first_place_at,
        handed_over=False,
        reason=reason,
        step=line.step + 1,
        to_counter=to_counter.code if to_counter is not None else None,
    )


def hand_over(
    ticket: Ticket, counter: Counter, to_counter: Counter, reason: Code
) -> TicketTransferred:
    """Straight to another counter that is free, with no wait.

    Raises TransferNowhere, CounterClosedNow, CounterBusy, CounterPausedNow and what `must_be_at`
    does.
    """
    ticket.must_be_at(counter.id, Move.HAND_OVER)
    if to_counter.id == counter.id:
        raise TransferNowhere
    to_counter.must_call()
    return TicketTransferred(
        ticket_id=ticket.id,
        line_id=ticket.line_id,
        label=ticket.label,
        from_counter=counter.code,
        queue_id=ticket.queue_id,
        mall=counter.mall,
        service=ticket.service,
        lane=ticket.lane,
        place_at=ticket.place_at,
        handed_over=True,
        reason=reason,
        to_counter=to_counter.code,
    )
