"""What happens to a ticket at a counter: called, served, finished."""

from collections.abc import Hashable, Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel

from contracts.base import Answer, Command, Refused
from contracts.ids import CounterCode, CounterId, CounterSessionId, MallId, ServiceCode, TicketId
from services.queue.commands.counters import NOT_YOURS
from services.queue.domain import refusals as rules
from services.queue.domain.counter_refusals import CounterPausedNow
from services.queue.domain.line import NextFor
from services.queue.domain.ticket_refusals import RecallFirst

Outcome = Literal["served", "no_show"]


class CallNextTicket(Command):
    """A counter is free: whoever waits longest for one of its services may come."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.CounterUnknown,
        rules.NotYours,
        rules.MallUnknown,
        rules.CounterClosedNow,
        rules.CounterBusy,
        CounterPausedNow,
        *NOT_YOURS,
    )

    counter_id: CounterId
    staff_mall: MallId
    session_id: CounterSessionId | None = None

    def needs(self) -> Sequence[Hashable]:
        """The counter, and the head of each of its lines."""
        return (self.counter_id, NextFor(self.counter_id, self.at, self.key))


class CalledTicket(BaseModel):
    """The ticket that was called."""

    ticket_id: TicketId
    label: str
    service: ServiceCode
    number: int
    counter: CounterCode


class Called(Answer):
    """Who comes next; nobody waits when `ticket` is null."""

    ticket: CalledTicket | None


class ServeTicket(Command):
    """The holder stands at the counter that called."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.TicketUnknown,
        rules.CounterUnknown,
        rules.NotYours,
        rules.CounterClosedNow,
        *NOT_YOURS,
        rules.NotCalledHere,
        rules.AlreadyServed,
        rules.TicketFinishedAlready,
    )

    ticket_id: TicketId
    counter_id: CounterId
    staff_mall: MallId
    session_id: CounterSessionId | None = None

    def needs(self) -> Sequence[Hashable]:
        """The ticket and the counter."""
        return (self.ticket_id, self.counter_id)


class FinishTicket(Command):
    """The counter that called is done: the holder was `served`, or a `no_show`."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        *ServeTicket.refusals,
        rules.NotServedYet,
        RecallFirst,
    )

    ticket_id: TicketId
    counter_id: CounterId
    outcome: Outcome
    staff_mall: MallId
    session_id: CounterSessionId | None = None

    def needs(self) -> Sequence[Hashable]:
        """The ticket and the counter."""
        return (self.ticket_id, self.counter_id)


class TicketChanged(Answer):
    """Where the ticket stands now."""

    ticket_id: TicketId
    status: Literal["served", "finished"]
