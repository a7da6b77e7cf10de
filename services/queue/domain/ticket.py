"""A ticket: one place in a line, from issue over call and service to its end."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from contracts.base import Refused
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
from services.queue.domain.ticket_refusals import NotHeld, NotWaiting
from services.queue.domain.waiting import WaitRange

NO_SHOW = "no_show"


class Status(StrEnum):
    """Where a ticket stands, in the order of its life."""

    WAITING = "waiting"
    CALLED = "called"
    SERVED = "served"
    HELD = "held"
    FINISHED = "finished"


class Move(StrEnum):
    """What may happen to a ticket; each names the rule that it falls under."""

    CALL = "call"
    RECALL = "recall"
    SERVE = "serve"
    NO_SHOW = "no_show"
    FINISH = "finish"
    SKIP = "skip"
    HOLD = "hold"
    RESUME = "resume"
    RETURN = "return"
    TRANSFER = "transfer"
    HAND_OVER = "hand_over"
    RECLASSIFY = "reclassify"
    LAPSE = "lapse"


# Everything that may happen, and where it leads. What is not here is refused.
ALLOWED: Mapping[tuple[Status, Move], Status] = {
    (Status.WAITING, Move.CALL): Status.CALLED,
    (Status.WAITING, Move.RECLASSIFY): Status.WAITING,
    (Status.WAITING, Move.LAPSE): Status.FINISHED,
    (Status.CALLED, Move.RECALL): Status.CALLED,
    (Status.CALLED, Move.SERVE): Status.SERVED,
    (Status.CALLED, Move.NO_SHOW): Status.FINISHED,
    (Status.CALLED, Move.SKIP): Status.WAITING,
    (Status.CALLED, Move.HOLD): Status.HELD,
    (Status.CALLED, Move.TRANSFER): Status.WAITING,
    (Status.CALLED, Move.HAND_OVER): Status.CALLED,
    (Status.SERVED, Move.FINISH): Status.FINISHED,
    (Status.SERVED, Move.HOLD): Status.HELD,
    (Status.SERVED, Move.TRANSFER): Status.WAITING,
    (Status.SERVED, Move.HAND_OVER): Status.SERVED,
    (Status.HELD, Move.RESUME): Status.CALLED,
    (Status.HELD, Move.RETURN): Status.WAITING,
    (Status.HELD, Move.LAPSE): Status.FINISHED,
}
_WHILE_WAITING = frozenset({Move.CALL, Move.RECLASSIFY, Move.LAPSE})
_WHILE_HELD = frozenset({Move.RESUME, Move.RETURN})


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

    def after(self, status: Status, **changes: Any) -> "Ticket":
        """One fact later."""
        return replace(self, version=self.version + 1, status=status, **changes)

    def must_allow(self, move: Move) -> None:
        """Raises the refusal that says why not: TicketFinishedAlready before all others."""
        if (self.status, move) not in ALLOWED:
            raise self._why_not(move)

    def must_be_at(self, counter_id: CounterId, move: Move) -> None:
        """The same for what the counter does that has it. Raises NotCalledHere before all others.

        Then TicketFinishedAlready, AlreadyServed or NotServedYet.
        """
        if self.counter_id != counter_id:
            raise NotCalledHere
        self.must_allow(move)

    def serve(self, counter_id: CounterId, counter: CounterCode) -> TicketServed:
        """Service begins. Raises what `must_be_at` does."""
        self.must_be_at(counter_id, Move.SERVE)
        return TicketServed(ticket_id=self.id, line_id=self.line_id, counter=counter)

    def finish(self, counter_id: CounterId, counter: CounterCode, outcome: str) -> TicketFinished:
        """The counter is done with it. Raises what `must_be_at` does."""
        self.must_be_at(counter_id, Move.NO_SHOW if outcome == NO_SHOW else Move.FINISH)
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

    def _why_not(self, move: Move) -> Refused:
        if self.status is Status.FINISHED:
            return TicketFinishedAlready()
        if move in _WHILE_WAITING:
            return NotWaiting()
        if move in _WHILE_HELD:
            return NotHeld()
        if self.status is Status.SERVED:
            return AlreadyServed()
        return NotServedYet() if self.status is Status.CALLED else NotCalledHere()


def label_of(fact: TicketIssued) -> str:
    """What paper, board and voice call the ticket."""
    return fact.label or f"{prefix_of(fact.service)}-{fact.number:03d}"
