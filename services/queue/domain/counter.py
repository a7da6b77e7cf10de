"""A counter: opened and closed by officers, with one called ticket at a time."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from contracts.base import Code
from contracts.ids import CounterCode, CounterId, MallId, ServiceCode, TicketId
from contracts.queue import CounterClosed, CounterOpened, TicketCalled
from services.queue.domain.refusals import CounterAlreadyOpen, CounterBusy, CounterClosedNow
from services.queue.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter that was opened at least once. `ticket_id` is the ticket that it has called."""

    id: CounterId
    version: int
    mall: MallId
    code: CounterCode
    services: tuple[ServiceCode, ...]
    is_open: bool = True
    ticket_id: TicketId | None = None

    def after_opening(self, fact: CounterOpened) -> "Counter":
        """Open again, perhaps for other services than the last time."""
        return replace(self, version=self.version + 1, services=fact.services, is_open=True)

    def after_closing(self) -> "Counter":
        """Nobody serves here."""
        return replace(self, version=self.version + 1, is_open=False)

    def with_ticket(self, ticket_id: TicketId | None) -> "Counter":
        """After a call or a finish, which are facts of the ticket: the version stays."""
        return replace(self, ticket_id=ticket_id)

    def close(self, reason: Code) -> CounterClosed:
        """End of service here. Raises CounterClosedNow or CounterBusy."""
        self.must_be_free()
        return CounterClosed(counter_id=self.id, mall=self.mall, reason=reason)

    def call(self, firsts: Iterable[Ticket]) -> TicketCalled | None:
        """Call whoever waits longest among the first of each line; None when nobody waits.

        Raises CounterClosedNow or CounterBusy.
        """
        self.must_be_free()
        chosen = min(firsts, key=_by_time_of_entering, default=None)
        if chosen is None:
            return None
        return TicketCalled(
            ticket_id=chosen.id,
            line_id=chosen.line_id,
            mall=self.mall,
            service=chosen.service,
            number=chosen.number,
            counter=self.code,
        )

    def must_be_free(self) -> None:
        """Raises CounterClosedNow or CounterBusy."""
        if not self.is_open:
            raise CounterClosedNow(counter=self.code)
        if self.ticket_id is not None:
            raise CounterBusy(ticket_id=str(self.ticket_id))


def opened_counter(
    known: Counter | None, mall: MallId, code: CounterCode, services: tuple[ServiceCode, ...]
) -> CounterOpened:
    """Begin to serve at a counter. Raises CounterAlreadyOpen."""
    if known is not None and known.is_open:
        raise CounterAlreadyOpen(counter=code)
    return CounterOpened(
        counter_id=counter_id_of(mall, code), mall=mall, counter=code, services=services
    )


def counter_id_of(mall: MallId, code: CounterCode) -> CounterId:
    """The id that this counter of the mall always has."""
    return CounterId.of(mall, code)


def _by_time_of_entering(ticket: Ticket) -> tuple[float, int, str]:
    # Two lines may have let somebody in at the same instant; then the order is at least fixed.
    return ticket.issued_at.timestamp(), ticket.number, str(ticket.line_id)
