"""What may be wanted of a ticket that does not go straight: again, aside, back, behind, on."""

from collections.abc import Hashable, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import Answer, Code, Command, Refused
from contracts.ids import CounterCode, CounterId, CounterSessionId, MallId, ServiceCode, TicketId
from services.queue.commands.calls import ServeTicket
from services.queue.commands.counters import NOT_YOURS
from services.queue.domain import refusals as rules
from services.queue.domain import ticket_refusals as moves
from services.queue.domain.counter import counter_id_of
from services.queue.domain.counter_refusals import CounterPausedNow
from services.queue.domain.line import NextFor, TicketInItsQueue
from services.queue.domain.order import AheadOf, Behind
from services.queue.domain.sent_on import SentOn

Minutes = Annotated[int, Field(ge=1, le=1440)]
_CALLS = (rules.CounterBusy, CounterPausedNow)


class _OfTicket(Command):
    """An officer at the counter wants something of a ticket."""

    ticket_id: TicketId
    counter_id: CounterId
    staff_mall: MallId
    session_id: CounterSessionId | None = None

    def needs(self) -> Sequence[Hashable]:
        """The ticket and the counter."""
        return (self.ticket_id, self.counter_id)


class RecallTicket(_OfTicket):
    """The holder did not come yet: call once more."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*ServeTicket.refusals, moves.RecalledTooSoon)


class HoldTicket(_OfTicket):
    """The holder steps aside for so many minutes; the counter goes on."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        *ServeTicket.refusals,
        moves.HoldReasonUnknown,
        moves.HoldTooLong,
    )

    reason: Code
    minutes: Minutes


class ResumeTicket(_OfTicket):
    """The holder is back: at this counter, if it is free."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.TicketUnknown,
        rules.CounterUnknown,
        rules.NotYours,
        rules.CounterClosedNow,
        *NOT_YOURS,
        *_CALLS,
        moves.NotHeld,
        moves.ServiceElsewhere,
        rules.TicketFinishedAlready,
    )

    def needs(self) -> Sequence[Hashable]:
        """The ticket with its queue, which knows its mall, and the counter."""
        return (TicketInItsQueue(self.ticket_id), self.counter_id)


class SkipTicket(_OfTicket):
    """The holder did not come: others first."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*ServeTicket.refusals, moves.SkippedTooOften)

    def needs(self) -> Sequence[Hashable]:
        """The ticket, its queue as far as it is put back, and the counter."""
        return (TicketInItsQueue(self.ticket_id), Behind(self.ticket_id), self.counter_id)


class TransferTicket(_OfTicket):
    """The holder goes on: to another service, to another counter, or to both.

    With `hand_over` straight to a counter that is free; else to wait there.
    """

    refusals: ClassVar[Sequence[type[Refused]]] = (
        *ServeTicket.refusals,
        *_CALLS,
        rules.MallUnknown,
        rules.ServiceUnknown,
        moves.TransferNowhere,
        moves.ServiceElsewhere,
    )

    to_service: ServiceCode | None = None
    to_counter: CounterCode | None = None
    hand_over: bool = False
    reason: Code

    def needs(self) -> Sequence[Hashable]:
        """The ticket, both counters, and the queue to which it goes."""
        target = SentOn(self.ticket_id, self.staff_mall, self.to_service, self.to_counter, self.at)
        counters = [self.counter_id]
        if self.to_counter is not None:
            counters.append(counter_id_of(self.staff_mall, self.to_counter))
        return (TicketInItsQueue(self.ticket_id), target, self.staff_mall, *counters)


class CallTicket(_OfTicket):
    """Call this ticket and not the next one, for a reason that is published."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.TicketUnknown,
        rules.CounterUnknown,
        rules.NotYours,
        rules.MallUnknown,
        rules.CounterClosedNow,
        *NOT_YOURS,
        *_CALLS,
        moves.NotWaiting,
        moves.ServiceElsewhere,
        moves.OverrideReasonUnknown,
        moves.InItsTurn,
        rules.TicketFinishedAlready,
    )

    reason: Code

    def needs(self) -> Sequence[Hashable]:
        """What calling next needs, and the ticket with those who stand before it."""
        return (
            self.counter_id,
            NextFor(self.counter_id, self.at, self.key),
            TicketInItsQueue(self.ticket_id),
            AheadOf(self.ticket_id),
        )


class ReturnTicket(Command):
    """Who stepped aside waits in the line again."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.TicketUnknown,
        rules.NotYours,
        moves.NotHeld,
        rules.TicketFinishedAlready,
    )

    ticket_id: TicketId
    staff_mall: MallId

    def needs(self) -> Sequence[Hashable]:
        """The ticket in its queue, and the mall with its policies."""
        return (TicketInItsQueue(self.ticket_id), self.staff_mall)


class LetInFirst(Command):
    """Who waits goes over to the priority lane, for a reason that the policy has."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.TicketUnknown,
        rules.NotYours,
        moves.NotWaiting,
        moves.AlreadyPriority,
        rules.PriorityReasonMissing,
        rules.PriorityReasonUnknown,
        rules.PriorityUsedUp,
        rules.TicketFinishedAlready,
    )

    ticket_id: TicketId
    staff_mall: MallId
    reason: Code | None = None

    def needs(self) -> Sequence[Hashable]:
        """The ticket in its queue, and the mall with its policies."""
        return (TicketInItsQueue(self.ticket_id), self.staff_mall)


class LeaveQueue(Command):
    """The holder goes home and gives the place up."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.TicketUnknown,
        moves.NotWaiting,
        rules.TicketFinishedAlready,
    )

    ticket_id: TicketId

    def needs(self) -> Sequence[Hashable]:
        """The ticket in its queue."""
        return (TicketInItsQueue(self.ticket_id),)


class TicketMoved(Answer):
    """Where the ticket stands now: at which counter, or since which step of its queue.

    `calls` counts the calls to this counter, `skips` how often it was put back.
    """

    ticket_id: TicketId
    label: str
    status: str
    service: ServiceCode
    lane: str
    counter: CounterCode | None = None
    step: int | None = None
    calls: int = 0
    skips: int = 0
