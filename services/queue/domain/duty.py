"""What an officer may do alone, and for what somebody else must agree: pauses and early ends."""

from datetime import datetime, timedelta

from contracts.base import Code
from contracts.queue_entries import PauseRule
from services.queue.domain.counter_refusals import (
    ApprovalNeeded,
    PauseReasonUnknown,
    UntilIsPast,
)

CLOSE, PAUSE = "close", "pause"
WITHDRAWN, TAKEN_OVER, RELEASED = "withdrawn", "taken_over", "released"
OFFICER_GONE = "officer_gone"
BY_OFFICER, PAUSE_OVER = "by_officer", "pause_over"


def end_of_free_pause(
    rule: PauseRule, reason: Code, at: datetime, until: datetime | None
) -> datetime:
    """When a pause ends that needs nobody's consent.

    Raises PauseReasonUnknown, UntilIsPast, or ApprovalNeeded when it is too long or not free.
    """
    must_be_askable(rule, reason, at, until)
    minutes = next((one.minutes for one in rule.free if one.reason == reason), None)
    if minutes is None:
        raise ApprovalNeeded(reason=reason)
    latest = at + timedelta(minutes=minutes)
    if until is not None and until > latest:
        raise ApprovalNeeded(reason=reason)
    return until or latest


def must_be_askable(rule: PauseRule, reason: Code, at: datetime, until: datetime | None) -> None:
    """A pause for this reason may be asked for. Raises PauseReasonUnknown or UntilIsPast."""
    if reason not in rule.approval and not any(one.reason == reason for one in rule.free):
        raise PauseReasonUnknown(reason=reason)
    if until is not None and until <= at:
        raise UntilIsPast
