"""How a rule finds the states that it needs among those that were read."""

from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from typing import Any

from contracts.ids import CounterId, LineId, MallId, ServiceCode, TicketId
from services.queue.domain.counter import Counter
from services.queue.domain.line import Line, line_id_of
from services.queue.domain.mall import Mall, prefix_of
from services.queue.domain.order import (
    Ahead,
    AheadOf,
    HeadOf,
    MeantFor,
    MeantHead,
    NotRead,
    QueueHead,
    Standing,
    Waiting,
)
from services.queue.domain.policy import BUILT_IN, Policy
from services.queue.domain.refusals import CounterUnknown, MallUnknown, TicketUnknown
from services.queue.domain.ticket import Ticket
from services.queue.domain.turns import Queue

States = Mapping[Hashable, Any]


def find_counter(states: States, counter_id: CounterId) -> Counter | None:
    """The counter, if it was ever opened."""
    found = states.get(counter_id)
    return found if isinstance(found, Counter) else None


def get_counter(states: States, counter_id: CounterId) -> Counter:
    """Raises CounterUnknown."""
    found = find_counter(states, counter_id)
    if found is None:
        raise CounterUnknown(counter_id=str(counter_id))
    return found


def get_mall(states: States, mall: MallId) -> Mall:
    """Raises MallUnknown."""
    found = states.get(mall)
    if not isinstance(found, Mall):
        raise MallUnknown(mall=mall)
    return found


def find_ticket(states: States, ticket_id: TicketId) -> Ticket | None:
    """The ticket, if there is one."""
    found = states.get(ticket_id)
    return found if isinstance(found, Ticket) else None


def get_ticket(states: States, ticket_id: TicketId) -> Ticket:
    """Raises TicketUnknown."""
    found = find_ticket(states, ticket_id)
    if found is None:
        raise TicketUnknown(ticket_id=str(ticket_id))
    return found


def line_of(states: States, mall: MallId, service: ServiceCode, service_date: date) -> Line:
    """The line of a service and day, which begins empty."""
    found = states.get(line_id_of(mall, service, service_date))
    return found if isinstance(found, Line) else Line.begun(mall, service, service_date)


def get_line(states: States, line_id: LineId) -> Line:
    """A line that is there. Raises NotRead."""
    found = states.get(line_id)
    if not isinstance(found, Line):
        raise NotRead
    return found


def policy_of(states: States, mall: MallId, service: ServiceCode) -> Policy:
    """How a line is run, also before the catalogue has named its mall."""
    found = states.get(mall)
    return found.policy_for(service) if isinstance(found, Mall) else BUILT_IN


def prefix_for(states: States, mall: MallId, service: ServiceCode) -> str:
    """What stands before the numbers of a line, also before the catalogue has named its mall."""
    found = states.get(mall)
    return found.prefix_of(service) if isinstance(found, Mall) else prefix_of(service)


def head_of(states: States, queue_id: LineId) -> QueueHead:
    """Who stands first in a queue. Raises NotRead."""
    found = states.get(HeadOf(queue_id))
    if not isinstance(found, QueueHead):
        raise NotRead
    return found


def ahead_of(states: States, ticket: Ticket) -> Waiting:
    """How many stand before a ticket in each lane. Raises NotRead when the queue has moved on."""
    found = states.get(AheadOf(ticket.id))
    if not isinstance(found, Ahead) or get_line(states, ticket.queue_id).step != found.step:
        raise NotRead
    return found.waiting


def meant_for(states: States, counter_id: CounterId) -> Standing:
    """Who waits for one counter only."""
    found = states.get(MeantFor(counter_id))
    return found.standing if isinstance(found, MeantHead) else Standing()


def queues_of(states: States, counter: Counter, service_date: date) -> Iterator[Queue]:
    """The queues that a counter may call from, as far as they have begun."""
    for service in counter.services:
        line = states.get(line_id_of(counter.mall, service, service_date))
        if isinstance(line, Line):
            yield Queue(line, policy_of(states, line.mall, service), head_of(states, line.id))
