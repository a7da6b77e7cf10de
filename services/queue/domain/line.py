"""A line: everybody who waits for one service in one mall on one day, in the order of numbers."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

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
from contracts.queue import TicketCalled, TicketIssued

WALK_IN = "reguler"
BY_APPOINTMENT = "janji"
_LINES_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class LineOfTheDay:
    """Asks for the line of a service on the day that `at` is in the mall's zone."""

    mall: MallId
    service: ServiceCode
    at: datetime


@dataclass(frozen=True, slots=True)
class NextFor:
    """Asks for the next ticket of each line that a counter may call from.

    `call` keeps two calls of one counter apart, since each needs a ticket of its own.
    """

    counter_id: CounterId
    at: datetime
    call: str


@dataclass(frozen=True, slots=True)
class HeadOf:
    """The key of a line's head."""

    line_id: LineId


@dataclass(frozen=True, slots=True)
class LineHead:
    """The first waiting tickets of a line, as many as the group may call. Never saved."""

    id: HeadOf
    tickets: tuple[TicketId, ...] = ()

    def followed_by(self, ticket_id: TicketId) -> "LineHead":
        """One more waits at the end."""
        return replace(self, tickets=(*self.tickets, ticket_id))

    def without(self, ticket_id: TicketId) -> "LineHead":
        """One was called."""
        return replace(self, tickets=tuple(one for one in self.tickets if one != ticket_id))


@dataclass(frozen=True, slots=True)
class Line:
    """A line and its counts, so that nobody has to count the tickets."""

    id: LineId
    mall: MallId
    service: ServiceCode
    service_date: date
    last_number: int = 0
    waiting: int = 0
    called_number: int | None = None
    called_to: CounterCode | None = None

    @classmethod
    def begun(cls, mall: MallId, service: ServiceCode, service_date: date) -> "Line":
        """The line before its first ticket."""
        return cls(line_id_of(mall, service, service_date), mall, service, service_date)

    def issue(self, ticket_id: TicketId) -> TicketIssued:
        """A walk-in gets the next number."""
        return TicketIssued(
            ticket_id=ticket_id,
            line_id=self.id,
            mall=self.mall,
            service=self.service,
            service_date=self.service_date,
            number=self.last_number + 1,
            lane=WALK_IN,
        )

    def admit(
        self, ticket_id: TicketId, appointment_id: AppointmentId, person_id: PersonId
    ) -> TicketIssued:
        """An appointment gets the next number, like everybody."""
        place = self.issue(ticket_id)
        known = {"lane": BY_APPOINTMENT, "appointment_id": appointment_id, "person_id": person_id}
        return place.model_copy(update=known)

    def with_one_more(self, fact: TicketIssued) -> "Line":
        """After a ticket was issued."""
        return Line(
            self.id,
            self.mall,
            self.service,
            self.service_date,
            fact.number,
            self.waiting + 1,
            self.called_number,
            self.called_to,
        )

    def with_called(self, fact: TicketCalled) -> "Line":
        """After a ticket was called."""
        return replace(
            self, waiting=self.waiting - 1, called_number=fact.number, called_to=fact.counter
        )


@lru_cache(maxsize=_LINES_REMEMBERED)
def line_id_of(mall: MallId, service: ServiceCode, service_date: date) -> LineId:
    """The id that the line of this service and day always has."""
    return LineId.of(mall, service, service_date.isoformat())
