"""A ticket: one place in a line, from issue over call and service to its end."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from contracts.ids import (
    AppointmentId,
    CounterCode,
    CounterId,
    DeviceId,
    LineId,
    PersonId,
    ServiceCode,
    TicketId,
)
from contracts.queue import TicketFinished, TicketIssued, TicketServed
from contracts.queue_tickets import TicketSkipped
from services.queue.domain.mall import prefix_of
from services.queue.domain.order import Place
from services.queue.domain.refusals import (
    AlreadyServed,
    NotCalledHere,
    NotServedYet,
    TicketFinishedAlready,
)
from services.queue.domain.waiting import WaitRange

NO_SHOW = "no_show"


class Status(StrEnum):
    """Where a ticket stands, in the order of its life."""

    WAITING = "waiting"
    CALLED = "called"
    SERVED = "served"
    HELD = "held"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in a line. Fields stand as the columns do.

    `line_id` and `number` are where it was numbered; `queue_id`, `service` and `lane` where it
    waits, or waited last. `counter_id` is the counter that has it; a finished one keeps its last.
    """

    id: TicketId
    version: int
    line_id: LineId
    service: ServiceCode
    number: int
    lane: str
    status: Status
    issued_at: datetime
    appointment_id: AppointmentId | None
    counter_id: CounterId | None
    queue_id: LineId
    label: str
    place_at: datetime
    first_place_at: datetime
    entered_step: int = 0
    lane_reason: str | None = None
    person_id: PersonId | None = None
    for_counter: CounterId | None = None
    device_id: DeviceId | None = None
    occurred_at: datetime | None = None
    calls: int = 0
    skips: int = 0
    called_at: datetime | None = None
    held_until: datetime | None = None
    low_s: int | None = None
    high_s: int | None = None
    near_told: bool = False
    outcome: str | None = None

    @classmethod
    def issued(cls, fact: TicketIssued, at: datetime) -> "Ticket":
        """The ticket that this fact begins; one that tells no place stands where it came."""
        place_at = fact.place_at or at
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
            None,
            fact.queue_id or fact.line_id,
            label_of(fact),
            place_at,
            place_at,
            fact.step or 0,
            fact.lane_reason,
            fact.person_id,
            None,
            fact.device_id,
            fact.occurred_at,
            low_s=fact.wait_low_s,
            high_s=fact.wait_high_s,
        )

    @property
    def place(self) -> Place:
        """Where it stands in its lane."""
        return Place(self.place_at, self.id)

    @property
    def told(self) -> WaitRange | None:
        """The wait that was foreseen, for the first call and from the place of the beginning."""
        if self.calls or self.place_at != self.first_place_at or self.occurred_at is not None:
            return None
        return WaitRange.told(self.low_s, self.high_s)

    @property
    def is_meant(self) -> bool:
        """Whether it waits for one counter only."""
        return self.for_counter is not None

    def after_call(self, counter_id: CounterId, at: datetime) -> "Ticket":
        """Called from the queue to a counter."""
        return replace(
            self,
            version=self.version + 1,
            status=Status.CALLED,
            counter_id=counter_id,
            for_counter=None,
            calls=1,
            called_at=at,
        )

    def after_finish(self, fact: TicketFinished) -> "Ticket":
        """Over; it keeps the counter where it ended."""
        return replace(self, version=self.version + 1, status=Status.FINISHED, outcome=fact.outcome)

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

    def back_in_line(self, counter: CounterCode, step: int, reason: str) -> TicketSkipped:
        """It waits again where it stood, since nobody but the office is to blame."""
        return TicketSkipped(
            ticket_id=self.id,
            line_id=self.line_id,
            label=self.label,
            queue_id=self.queue_id,
            counter=counter,
            times=self.skips,
            place_at=self.place_at,
            step=step,
            reason=reason,
        )

    def after_skip(self, fact: TicketSkipped) -> "Ticket":
        """Waiting again, at the place that the fact says."""
        return replace(
            self,
            version=self.version + 1,
            status=Status.WAITING,
            counter_id=None,
            place_at=fact.place_at,
            entered_step=fact.step,
            calls=0,
            skips=fact.times,
            called_at=None,
        )

    def after_dispute(self) -> "Ticket":
        """A person has to look: nothing else changes."""
        return replace(self, version=self.version + 1)

    def after_serve(self) -> "Ticket":
        """Service has begun."""
        return replace(self, version=self.version + 1, status=Status.SERVED)

    def _must_be_at(self, counter_id: CounterId) -> None:
        if self.counter_id != counter_id:
            raise NotCalledHere
        if self.status is Status.FINISHED:
            raise TicketFinishedAlready


def label_of(fact: TicketIssued) -> str:
    """What paper, board and voice call the ticket."""
    return fact.label or f"{prefix_of(fact.service)}-{fact.number:03d}"
