"""A ticket at its counter that does not go straight: called again, held, skipped, back in line."""

from datetime import datetime, timedelta

from contracts.queue_tickets import (
    TicketHeld,
    TicketLapsed,
    TicketRecalled,
    TicketReclassified,
    TicketResumed,
    TicketReturned,
    TicketSkipped,
)
from services.queue.domain.counter import Counter
from services.queue.domain.line import Line
from services.queue.domain.order import GOING_ON, PRIORITY, QueueHead, lanes_with
from services.queue.domain.policy import Policy
from services.queue.domain.ticket import Move, Status, Ticket
from services.queue.domain.ticket_refusals import (
    AlreadyPriority,
    HoldReasonUnknown,
    HoldTooLong,
    RecalledTooSoon,
    RecallFirst,
    ServiceElsewhere,
    SkippedTooOften,
)

_NEXT = timedelta(microseconds=1)
_NOW = "now"


def recall(ticket: Ticket, counter: Counter, policy: Policy, at: datetime) -> TicketRecalled:
    """Call somebody again who did not come. Raises RecalledTooSoon and what `must_be_at` does."""
    ticket.must_be_at(counter.id, Move.RECALL)
    least = policy.terms.recall.least_seconds
    passed = (at - ticket.called_at).total_seconds() if ticket.called_at else least
    if passed < least:
        raise RecalledTooSoon(wait_seconds=least - int(passed))
    return TicketRecalled(
        ticket_id=ticket.id,
        line_id=ticket.line_id,
        label=ticket.label,
        counter=counter.code,
        times=ticket.calls + 1,
    )


def must_have_called(ticket: Ticket, policy: Policy) -> None:
    """Whether so many calls were made that nobody coming means nobody there. Raises RecallFirst."""
    least = policy.terms.recall.least_calls_before_no_show
    if ticket.calls < least:
        raise RecallFirst(calls=ticket.calls, least=least)


def hold(  # noqa: PLR0913 - what a fact says
    ticket: Ticket, counter: Counter, policy: Policy, reason: str, minutes: int, at: datetime
) -> TicketHeld:
    """Let the holder step aside; the counter goes on.

    Raises HoldReasonUnknown, HoldTooLong and what `must_be_at` does.
    """
    ticket.must_be_at(counter.id, Move.HOLD)
    rule = policy.terms.hold
    if reason not in rule.reasons:
        raise HoldReasonUnknown(reason=reason, reasons=", ".join(rule.reasons))
    if minutes > rule.most_minutes:
        raise HoldTooLong(minutes=minutes, most=rule.most_minutes)
    return TicketHeld(
        ticket_id=ticket.id,
        line_id=ticket.line_id,
        label=ticket.label,
        counter=counter.code,
        reason=reason,
        until=at + timedelta(minutes=minutes),
    )


def resume(ticket: Ticket, counter: Counter) -> TicketResumed:
    """The holder is back at a counter of the service that is free.

    Raises NotHeld, ServiceElsewhere, CounterClosedNow, CounterBusy or CounterPausedNow.
    """
    ticket.must_allow(Move.RESUME)
    counter.must_call()
    if ticket.service not in counter.services:
        raise ServiceElsewhere(counter=counter.code, service=ticket.service)
    return TicketResumed(
        ticket_id=ticket.id, line_id=ticket.line_id, label=ticket.label, counter=counter.code
    )


def give_back(ticket: Ticket, line: Line, policy: Policy, at: datetime) -> TicketReturned:
    """Who stepped aside waits again, as somebody who goes on. Raises NotHeld."""
    ticket.must_allow(Move.RETURN)
    now = policy.terms.transfer.place == _NOW
    return TicketReturned(
        ticket_id=ticket.id,
        line_id=ticket.line_id,
        label=ticket.label,
        queue_id=line.id,
        lane=GOING_ON,
        place_at=line.place_for(at) if now else ticket.place_at,
        step=line.step + 1,
    )


def skip(  # noqa: PLR0913 - what a place depends on
    ticket: Ticket, counter: Counter, line: Line, head: QueueHead, policy: Policy, at: datetime
) -> TicketSkipped:
    """Who did not come waits again, behind so many others as the policy says, or behind all.

    Others are those who stand in lanes with which its own shares its turns. Raises SkippedTooOften
    and what `must_be_at` does.
    """
    ticket.must_be_at(counter.id, Move.SKIP)
    rule = policy.terms.skip
    if ticket.skips >= rule.most:
        raise SkippedTooOften(skips=ticket.skips)
    found = None
    if isinstance(rule.behind, int):
        found = head.nth(rule.behind, lanes_with(policy.ring, ticket.lane))
    place_at = line.place_for(at) if found is None else max(found.at + _NEXT, ticket.place_at)
    return TicketSkipped(
        ticket_id=ticket.id,
        line_id=ticket.line_id,
        label=ticket.label,
        queue_id=line.id,
        counter=counter.code,
        times=ticket.skips + 1,
        place_at=place_at,
        step=line.step + 1,
    )


def let_in_first(
    ticket: Ticket, line: Line, policy: Policy, reason: str | None
) -> TicketReclassified:
    """Who waits is let in before others from now on, at the place that he has.

    Raises NotWaiting, AlreadyPriority, PriorityReasonMissing, PriorityReasonUnknown or
    PriorityUsedUp.
    """
    ticket.must_allow(Move.RECLASSIFY)
    if ticket.lane == PRIORITY:
        raise AlreadyPriority
    return TicketReclassified(
        ticket_id=ticket.id,
        line_id=ticket.line_id,
        label=ticket.label,
        queue_id=line.id,
        lane=PRIORITY,
        lane_reason=policy.must_let_in_first(reason, line.priority_issued),
        place_at=ticket.place_at,
        step=line.step + 1,
    )


def lapse(ticket: Ticket, line: Line, outcome: str) -> TicketLapsed:
    """The end of a ticket that no counter has. Raises NotWaiting or TicketFinishedAlready."""
    ticket.must_allow(Move.LAPSE)
    waits = ticket.status is Status.WAITING
    return TicketLapsed(
        ticket_id=ticket.id,
        line_id=ticket.line_id,
        label=ticket.label,
        outcome=outcome,
        queue_id=line.id if waits else None,
        step=line.step + 1 if waits else None,
    )
