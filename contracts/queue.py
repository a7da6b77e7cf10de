"""Facts of the queue: counters that open and close, and tickets from issue to finish."""

from datetime import date

from contracts.base import Code, Count, Fact
from contracts.ids import (
    AppointmentId,
    CounterCode,
    CounterId,
    LineId,
    MallId,
    PersonId,
    ServiceCode,
    TicketId,
)


class CounterOpened(Fact):
    """An officer serves at this counter from now on, for these services."""

    type = "queue.counter_opened"
    aggregate = "counter"
    identity = "counter_id"
    topic = "queue.counters.v1"

    counter_id: CounterId
    mall: MallId
    counter: CounterCode
    services: tuple[ServiceCode, ...]


class CounterClosed(Fact):
    """Nobody serves at this counter any more. `reason` is a code such as `end_of_day`."""

    type = "queue.counter_closed"
    aggregate = "counter"
    identity = "counter_id"
    topic = "queue.counters.v1"

    counter_id: CounterId
    mall: MallId
    reason: Code


class TicketIssued(Fact):
    """A place at the end of a line.

    `number` counts 1, 2, 3 ... within the line, without gap or repeat. `lane` is how the ticket
    came about: `reguler` for a walk-in, `janji` for a checked-in appointment.
    """

    type = "queue.ticket_issued"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    mall: MallId
    service: ServiceCode
    service_date: date
    number: Count
    lane: Code
    appointment_id: AppointmentId | None = None
    person_id: PersonId | None = None


class TicketCalled(Fact):
    """The ticket's holder is asked to come to the counter."""

    type = "queue.ticket_called"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    mall: MallId
    service: ServiceCode
    number: Count
    counter: CounterCode


class TicketServed(Fact):
    """The holder stands at the counter and service has begun."""

    type = "queue.ticket_served"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    counter: CounterCode


class TicketFinished(Fact):
    """Service at the counter is over. `outcome` is a code such as `served` or `no_show`."""

    type = "queue.ticket_finished"
    aggregate = "ticket"
    identity = "ticket_id"
    topic = "queue.tickets.v1"

    ticket_id: TicketId
    line_id: LineId
    counter: CounterCode
    outcome: Code
