"""One function per command: state in, facts and answer out."""

from collections.abc import Hashable, Mapping
from typing import Any

from contracts.base import Decision, Fact
from services.notify.commands import (
    NotificationAnswer,
    QueueNotification,
    RecordFailure,
    RecordSent,
)
from services.notify.domain import notification
from services.notify.domain.notification import Applicant, Notification, Recipient

States = Mapping[Hashable, Any]
_NOTHING = Decision((), NotificationAnswer(notification_id=None))


def queue_notification(command: QueueNotification, states: States) -> Decision:
    """Nobody to tell is no error: not every applicant leaves an address."""
    recipient = _recipient(command, states)
    if recipient is None or not recipient.is_reachable:
        return _NOTHING
    about = notification.About(command.application_id, command.about_id)
    fact = notification.owed(about, recipient.id, command.cause_id, command.template)
    facts = [] if fact.notification_id in states else [fact]
    return Decision(facts, NotificationAnswer(notification_id=fact.notification_id))


def record_sent(command: RecordSent, states: States) -> Decision:
    """The provider took it."""
    found: Notification | None = states.get(command.notification_id)
    return _NOTHING if found is None else _changed(found, found.sent(command.attempt))


def record_failure(command: RecordFailure, states: States) -> Decision:
    """It is given up."""
    found: Notification | None = states.get(command.notification_id)
    if found is None:
        return _NOTHING
    return _changed(found, found.given_up(command.attempts, command.reason))


def _recipient(command: QueueNotification, states: States) -> Recipient | None:
    recipient_id = command.recipient_id
    if recipient_id is None and command.application_id is not None:
        applicant: Applicant | None = states.get(command.application_id)
        recipient_id = None if applicant is None else applicant.recipient_id
    found: Recipient | None = None if recipient_id is None else states.get(recipient_id)
    return found


def _changed(found: Notification, facts: list[Fact]) -> Decision:
    return Decision(facts, NotificationAnswer(notification_id=found.id))
