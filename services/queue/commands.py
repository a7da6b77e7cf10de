"""What one may want from queue, what one is answered, and which rules may refuse it."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import ClassVar, Literal

from pydantic import BaseModel

from contracts.base import Answer, Code, Command, Refused
from contracts.ids import (
    AppointmentId,
    CounterCode,
    CounterId,
    MallId,
    PersonId,
    ServiceCode,
    TicketId,
)
from services.queue.domain import refusals as rules
from services.queue.domain.counter import counter_id_of
from services.queue.domain.line import LineOfTheDay, NextFor, line_id_of

Outcome = Literal["served", "no_show"]


class IssueTicket(Command):
    """A walk-in wants a place in the line of today."""

    minted: ClassVar[frozenset[str]] = frozenset({"ticket_id"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.NotYours,
        rules.MallUnknown,
        rules.ServiceUnknown,
    )

    ticket_id: TicketId
    mall: MallId
    service: ServiceCode
    staff_mall: MallId

    def needs(self) -> Sequence[Hashable]:
        """The mall and its line of today."""
        return (self.mall, LineOfTheDay(self.mall, self.service, self.at))


class AdmitAppointment(Command):
    """A checked-in appointment joins the line of its day, behind whoever is there."""

    ticket_id: TicketId
    appointment_id: AppointmentId
    person_id: PersonId
    mall: MallId
    service: ServiceCode
    service_date: date

    def needs(self) -> Sequence[Hashable]:
        """The line, and the ticket in case it was issued before."""
        return (self.ticket_id, line_id_of(self.mall, self.service, self.service_date))


class IssuedTicket(Answer):
    """The place in the line; `label` is what the board will show."""

    ticket_id: TicketId
    label: str
    number: int


class OpenCounter(Command):
    """An officer begins to serve at a counter of the own mall."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.MallUnknown,
        rules.CounterUnknown,
        rules.CounterAlreadyOpen,
    )

    mall: MallId
    counter: CounterCode

    def needs(self) -> Sequence[Hashable]:
        """The mall and the counter."""
        return (self.mall, counter_id_of(self.mall, self.counter))


class CloseCounter(Command):
    """An officer ends service at a counter of the own mall."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.CounterUnknown,
        rules.CounterClosedNow,
        rules.CounterBusy,
    )

    mall: MallId
    counter: CounterCode
    reason: Code

    def needs(self) -> Sequence[Hashable]:
        """The counter."""
        return (counter_id_of(self.mall, self.counter),)


class CounterState(Answer):
    """The counter as it is now."""

    counter_id: CounterId
    counter: CounterCode
    services: tuple[ServiceCode, ...]
    is_open: bool


class CallNextTicket(Command):
    """A counter is free: whoever waits longest for one of its services may come."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.CounterUnknown,
        rules.NotYours,
        rules.MallUnknown,
        rules.CounterClosedNow,
        rules.CounterBusy,
    )

    counter_id: CounterId
    staff_mall: MallId

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
        rules.NotCalledHere,
        rules.AlreadyServed,
        rules.TicketFinishedAlready,
    )

    ticket_id: TicketId
    counter_id: CounterId
    staff_mall: MallId

    def needs(self) -> Sequence[Hashable]:
        """The ticket and the counter."""
        return (self.ticket_id, self.counter_id)


class FinishTicket(Command):
    """The counter that called is done: the holder was `served`, or a `no_show`."""

    refusals: ClassVar[Sequence[type[Refused]]] = (*ServeTicket.refusals, rules.NotServedYet)

    ticket_id: TicketId
    counter_id: CounterId
    outcome: Outcome
    staff_mall: MallId

    def needs(self) -> Sequence[Hashable]:
        """The ticket and the counter."""
        return (self.ticket_id, self.counter_id)


class TicketChanged(Answer):
    """Where the ticket stands now."""

    ticket_id: TicketId
    status: Literal["served", "finished"]
