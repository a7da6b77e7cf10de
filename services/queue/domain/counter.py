"""A counter: opened and closed by officers, with one called ticket at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from contracts.base import Code
from contracts.ids import (
    CounterCode,
    CounterId,
    CounterSessionId,
    MallId,
    ServiceCode,
    TicketId,
)
from contracts.queue import CounterClosed, CounterOpened, QueueSeen, TicketCalled
from services.queue.domain.refusals import CounterAlreadyOpen, CounterBusy, CounterClosedNow
from services.queue.domain.ticket import Ticket
from services.queue.domain.turns import Queue


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
    officer: str | None = None
    session_id: CounterSessionId | None = None
    paused_reason: str | None = None
    paused_until: datetime | None = None
    asked: Mapping[str, Any] | None = None

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

    def call(
        self, ticket: Ticket, queues: Sequence[Queue], at: datetime, reason: Code | None = None
    ) -> TicketCalled:
        """Call this ticket here: because it is next, or for another reason.

        `queues` are those of this counter with the ticket's own among them: what the call says of
        them lets anybody find out again why it was this ticket's turn. Raises CounterClosedNow or
        CounterBusy.
        """
        self.must_be_free()
        (own,) = (queue for queue in queues if queue.line.id == ticket.queue_id)
        others = tuple(
            QueueSeen(queue_id=queue.line.id, step=queue.line.step)
            for queue in queues
            if queue is not own
        )
        return TicketCalled(
            ticket_id=ticket.id,
            line_id=ticket.line_id,
            mall=self.mall,
            service=ticket.service,
            number=ticket.number,
            counter=self.code,
            queue_id=ticket.queue_id,
            label=ticket.label,
            lane=ticket.lane,
            policy=own.policy.code,
            policy_version=own.policy.version,
            turn=own.line.turn_under(own.policy),
            step=own.line.step + 1,
            waited_s=max(int((at - ticket.place_at).total_seconds()), 0),
            reason=reason,
            others=others or None,
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
