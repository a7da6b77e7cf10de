"""A counter: held by one officer, with one called ticket at a time; opened, paused and closed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.base import Code
from contracts.ids import (
    Actor,
    CounterCode,
    CounterId,
    CounterSessionId,
    MallId,
    ServiceCode,
    TicketId,
)
from contracts.queue import CounterClosed, CounterOpened, QueueSeen, TicketCalled
from contracts.queue_day import (
    CounterChangeDecided,
    CounterChangeRequested,
    CounterPaused,
    CounterResumed,
    CounterTakenOver,
)
from services.queue.domain.counter_refusals import (
    ApprovalPending,
    CounterHasOfficer,
    CounterNotPaused,
    CounterPausedNow,
    NothingAsked,
    NotYourCounter,
    OwnRequest,
    SessionReplaced,
)
from services.queue.domain.duty import BY_OFFICER, CLOSE, PAUSE, WITHDRAWN
from services.queue.domain.refusals import CounterAlreadyOpen, CounterBusy, CounterClosedNow
from services.queue.domain.ticket import Ticket
from services.queue.domain.turns import Queue


@dataclass(frozen=True, slots=True)
class Asked:
    """What the officer of a counter has asked for, and somebody else must decide."""

    wants: Code
    reason: Code
    by: Actor
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter that was opened at least once. `ticket_id` is the ticket that it has called.

    One that was opened before officers were kept has none: whoever works in its mall acts there.
    """

    id: CounterId
    version: int
    mall: MallId
    code: CounterCode
    services: tuple[ServiceCode, ...]
    is_open: bool = True
    ticket_id: TicketId | None = None
    officer: Actor | None = None
    session_id: CounterSessionId | None = None
    paused_reason: Code | None = None
    paused_until: datetime | None = None
    asked: Asked | None = None

    def with_ticket(self, ticket_id: TicketId | None) -> "Counter":
        """After a call or a finish, which are facts of the ticket: the version stays."""
        return replace(self, ticket_id=ticket_id)

    def must_be_served_by(self, actor: Actor, session_id: CounterSessionId | None) -> None:
        """Raises CounterClosedNow, NotYourCounter or SessionReplaced."""
        self.must_be_open()
        if self.officer is not None and actor != self.officer:
            raise NotYourCounter(counter=self.code)
        if session_id is not None and session_id != self.session_id:
            raise SessionReplaced(counter=self.code)

    def must_be_open(self) -> None:
        """Raises CounterClosedNow."""
        if not self.is_open:
            raise CounterClosedNow(counter=self.code)

    def must_be_free(self) -> None:
        """Raises CounterClosedNow or CounterBusy."""
        self.must_be_open()
        if self.ticket_id is not None:
            raise CounterBusy(ticket_id=str(self.ticket_id))

    def must_call(self) -> None:
        """Raises CounterClosedNow, CounterBusy or CounterPausedNow."""
        self.must_be_free()
        if self.paused_reason is not None:
            raise CounterPausedNow(counter=self.code)

    def close(self, reason: Code) -> CounterClosed:
        """End of service here. Raises CounterClosedNow or CounterBusy."""
        self.must_be_free()
        return CounterClosed(counter_id=self.id, mall=self.mall, reason=reason)

    def take_over(self, session_id: CounterSessionId) -> CounterTakenOver:
        """Its officer goes on at another screen."""
        return CounterTakenOver(
            counter_id=self.id, mall=self.mall, counter=self.code, session_id=session_id
        )

    def pause(self, reason: Code, until: datetime | None) -> CounterPaused:
        """Call nobody for a while. Raises CounterPausedNow or ApprovalPending."""
        if self.paused_reason is not None:
            raise CounterPausedNow(counter=self.code)
        if self.asked is not None:
            raise ApprovalPending(counter=self.code)
        return self._paused(reason, until)

    def resume(self, reason: Code = BY_OFFICER) -> CounterResumed:
        """Call again. Raises CounterNotPaused."""
        if self.paused_reason is None:
            raise CounterNotPaused(counter=self.code)
        return CounterResumed(counter_id=self.id, mall=self.mall, counter=self.code, reason=reason)

    def ask(self, asked: Asked) -> CounterChangeRequested:
        """Ask for what needs consent. Raises ApprovalPending or CounterPausedNow."""
        if self.asked is not None:
            raise ApprovalPending(counter=self.code)
        if asked.wants == PAUSE and self.paused_reason is not None:
            raise CounterPausedNow(counter=self.code)
        return CounterChangeRequested(
            counter_id=self.id,
            mall=self.mall,
            counter=self.code,
            officer=asked.by,
            wants=asked.wants,
            reason=asked.reason,
            until=asked.until,
        )

    def withdraw(self) -> CounterChangeDecided:
        """The officer no longer wants it. Raises NothingAsked."""
        return self._decided(self._must_have_asked(), WITHDRAWN, approved=False)

    def refuse(self, by: Actor, reason: Code | None) -> CounterChangeDecided:
        """Somebody else says no. Raises NothingAsked or OwnRequest."""
        return self._decided(self._asked_of(by), reason, approved=False)

    def approve(
        self, by: Actor, reason: Code | None
    ) -> tuple[CounterChangeDecided, CounterClosed | CounterPaused]:
        """Somebody else says yes, and so it is. Raises NothingAsked, OwnRequest or CounterBusy."""
        asked = self._asked_of(by)
        decided = self._decided(asked, reason, approved=True)
        if asked.wants == CLOSE:
            return decided, self.close(asked.reason)
        return decided, self._paused(asked.reason, asked.until)

    def call(
        self,
        ticket: Ticket,
        queues: Sequence[Queue],
        at: datetime,
        reason: Code | None = None,
        before: int | None = None,
    ) -> TicketCalled:
        """Call this ticket here: because it is next, or for another reason.

        `queues` are those of this counter with the ticket's own among them: what the call says of
        them lets anybody find out again why it was this ticket's turn. Out of order, the rule would
        have called so many `before`. Raises CounterClosedNow,
        CounterBusy or CounterPausedNow.
        """
        self.must_call()
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
            before=before,
            others=others or None,
        )

    def _paused(self, reason: Code, until: datetime | None) -> CounterPaused:
        return CounterPaused(
            counter_id=self.id, mall=self.mall, counter=self.code, reason=reason, until=until
        )

    def _decided(
        self, asked: Asked, reason: Code | None, *, approved: bool
    ) -> CounterChangeDecided:
        return CounterChangeDecided(
            counter_id=self.id,
            mall=self.mall,
            counter=self.code,
            wants=asked.wants,
            approved=approved,
            reason=reason,
        )

    def _asked_of(self, by: Actor) -> Asked:
        asked = self._must_have_asked()
        if asked.by == by:
            raise OwnRequest(counter=self.code)
        return asked

    def _must_have_asked(self) -> Asked:
        if self.asked is None:
            raise NothingAsked(counter=self.code)
        return self.asked


def opened_counter(  # noqa: PLR0913 - what a fact says
    known: Counter | None,
    mall: MallId,
    code: CounterCode,
    services: tuple[ServiceCode, ...],
    officer: Actor,
    session_id: CounterSessionId,
) -> CounterOpened:
    """Begin to serve at a counter. Raises CounterAlreadyOpen or CounterHasOfficer."""
    if known is not None and known.is_open:
        if known.officer in {None, officer}:
            raise CounterAlreadyOpen(counter=code)
        raise CounterHasOfficer(counter=code)
    return CounterOpened(
        counter_id=counter_id_of(mall, code),
        mall=mall,
        counter=code,
        services=services,
        session_id=session_id,
        officer=officer,
    )


def counter_id_of(mall: MallId, code: CounterCode) -> CounterId:
    """The id that this counter of the mall always has."""
    return CounterId.of(mall, code)
