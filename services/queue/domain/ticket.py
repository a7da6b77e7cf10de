"""A ticket: one place in a line, from issue over call and service to its end."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from contracts.ids import AppointmentId, CounterCode, CounterId, LineId, ServiceCode, TicketId
from contracts.queue import TicketFinished, TicketIssued, TicketServed
from services.queue.domain.refusals import (
    AlreadyServed,
    NotCalledHere,
    NotServedYet,
    TicketFinishedAlready,
)

NO_SHOW = "no_show"


class Status(StrEnum):
    """Where a ticket stands, in the order of its life."""

    WAITING = "waiting"
    CALLED = "called"
    SERVED = "served"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in a line. `counter_id` is the counter that called it."""

    id: TicketId
    version: int
    line_id: LineId
    service: ServiceCode
    number: int
    lane: str
    status: Status
    issued_at: datetime
    appointment_id: AppointmentId | None = None
    counter_id: CounterId | None = None

    @classmethod
    def issued(cls, fact: TicketIssued, at: datetime) -> "Ticket":
        """The ticket that this fact begins."""
        return cls(
            fact.ticket_id,
            1,
            fact.line_id,
            fact.service,
            fact.number,
            fact.lane,
            Status.WAITING,
            at,
            fact.appointment_id,
        )

    def serve(self, counter_id: CounterId, counter: CounterCode) -> TicketServed:
        """Service begins. Raises NotCalledHere, AlreadyServed or TicketFinishedAlready."""
        self._must_be_at(counter_id)
        if self.status is Status.SERVED:
            raise AlreadyServed
        return TicketServed(ticket_id=self.id, line_id=self.line_id, counter=counter)

    def finish(self, counter_id: CounterId, counter: CounterCode, outcome: str) -> TicketFinished:
        """The counter is done with it.

        Raises NotCalledHere, TicketFinishedAlready; NotServedYet or AlreadyServed when the outcome
        cannot be.
        """
        self._must_be_at(counter_id)
        if outcome == NO_SHOW and self.status is Status.SERVED:
            raise AlreadyServed
        if outcome != NO_SHOW and self.status is Status.CALLED:
            raise NotServedYet
        return TicketFinished(
            ticket_id=self.id, line_id=self.line_id, counter=counter, outcome=outcome
        )

    def moved_to(self, status: Status, counter_id: CounterId | None) -> "Ticket":
        """One fact later."""
        return replace(self, version=self.version + 1, status=status, counter_id=counter_id)

    def _must_be_at(self, counter_id: CounterId) -> None:
        if self.counter_id != counter_id:
            raise NotCalledHere
        if self.status is Status.FINISHED:
            raise TicketFinishedAlready


def label_of(service: ServiceCode, number: int) -> str:
    """What the paper, the board and the voice call a ticket, for example `KTP-007`."""
    return f"{service.partition('-')[2]}-{number:03d}"
