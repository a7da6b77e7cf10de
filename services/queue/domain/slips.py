"""What a counter did without a link: whoever handed it a slip was served, and it is told later.

The paper is the lock: one slip cannot be at two counters. Telling it records what happened. Where
it cannot have been so, by what has been written down since, a person has to look: never does it
become a second call.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from contracts.base import Code, Fact
from contracts.ids import LineId, TicketId
from contracts.queue import TicketCalled, TicketFinished, TicketServed
from contracts.queue_tickets import TicketDisputed
from services.queue.domain.counter import Counter
from services.queue.domain.finding import find_ticket, get_line, policy_of
from services.queue.domain.ticket import Status, Ticket

OFFLINE = "luring"
Outcome = Literal["merged", "known", "disputed", "unknown"]


class Service(NamedTuple):
    """One slip that a counter took, and what it did."""

    ticket_id: TicketId
    called_at: datetime
    ended_at: datetime
    outcome: Code


class Told(NamedTuple):
    """What becomes of one slip."""

    ticket_id: TicketId
    label: str | None
    outcome: Outcome


@dataclass
class Telling:
    """One telling of a counter. Steps of queues are counted on: no fact is true before all."""

    states: Mapping[Hashable, Any]
    counter: Counter
    at: datetime

    def __post_init__(self) -> None:
        self._steps: dict[LineId, int] = {}

    def tell(self, service: Service) -> tuple[Told, list[Fact]]:
        """What becomes of a slip, and the facts that say so."""
        ticket = find_ticket(self.states, service.ticket_id)
        if ticket is None or get_line(self.states, ticket.queue_id).mall != self.counter.mall:
            return Told(service.ticket_id, None, "unknown"), []
        if ticket.status is Status.FINISHED and ticket.counter_id == self.counter.id:
            return Told(ticket.id, ticket.label, "known"), []
        if self._is_own(ticket):
            return Told(ticket.id, ticket.label, "merged"), list(self._ended(ticket, service))
        if ticket.status is Status.WAITING and ticket.service in self.counter.services:
            facts = [self._called(ticket, service), *self._ended(ticket, service)]
            return Told(ticket.id, ticket.label, "merged"), facts
        return Told(ticket.id, ticket.label, "disputed"), [self._disputed(ticket, service)]

    def _is_own(self, ticket: Ticket) -> bool:
        at_a_counter = ticket.status in {Status.CALLED, Status.SERVED}
        return at_a_counter and ticket.counter_id == self.counter.id

    def _called(self, ticket: Ticket, service: Service) -> TicketCalled:
        line = get_line(self.states, ticket.queue_id)
        policy = policy_of(self.states, line.mall, line.service)
        step = self._steps.get(line.id, line.step) + 1
        self._steps[line.id] = step
        called_at = self._when(service.called_at, ticket)
        return TicketCalled(
            ticket_id=ticket.id,
            line_id=ticket.line_id,
            mall=self.counter.mall,
            service=ticket.service,
            number=ticket.number,
            counter=self.counter.code,
            queue_id=line.id,
            label=ticket.label,
            lane=ticket.lane,
            policy=policy.code,
            policy_version=policy.version,
            step=step,
            waited_s=max(int((called_at - ticket.place_at).total_seconds()), 0),
            reason=OFFLINE,
            occurred_at=called_at,
        )

    def _ended(self, ticket: Ticket, service: Service) -> Iterator[Fact]:
        common = {
            "ticket_id": ticket.id,
            "line_id": ticket.line_id,
            "counter": self.counter.code,
        }
        is_served = ticket.status is Status.SERVED
        if service.outcome == "served" and not is_served:
            yield TicketServed(**common, occurred_at=self._when(service.called_at, ticket))
        outcome = "served" if is_served else service.outcome
        ended_at = self._when(service.ended_at, ticket)
        yield TicketFinished(**common, outcome=outcome, occurred_at=ended_at, reason=OFFLINE)

    def _disputed(self, ticket: Ticket, service: Service) -> TicketDisputed:
        return TicketDisputed(
            ticket_id=ticket.id,
            line_id=ticket.line_id,
            label=ticket.label,
            claim=service.outcome,
            found=ticket.status,
            occurred_at=self._when(service.ended_at, ticket),
            counter=self.counter.code,
        )

    def _when(self, said: datetime, ticket: Ticket) -> datetime:
        """As far as one can believe the clock of a console: after the issue, and not to come."""
        return min(max(said, min(ticket.issued_at, ticket.place_at)), self.at)
