"""A notification: owed once for each cause, recipient and channel, then sent or given up."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from contracts.base import Fact
from contracts.ids import ApplicationId, EventId, NotificationId, PersonId
from contracts.notify import NotificationFailed, NotificationQueued, NotificationSent

MAX_ATTEMPTS = 3
EMAIL = "email"

Stage = Literal["queued", "sent", "failed"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who once left an address; whether it can still be read."""

    id: PersonId
    is_reachable: bool


@dataclass(frozen=True, slots=True)
class Applicant:
    """Whom an application belongs to, as far as notify was told."""

    id: ApplicationId
    recipient_id: PersonId


@dataclass(frozen=True, slots=True)
class About:
    """What a message is about: an application, or the appointment or entry with this id."""

    application_id: ApplicationId | None
    other_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """One message to one recipient. `attempts` counts those up to its end, 0 before."""

    id: NotificationId
    version: int
    application_id: ApplicationId | None
    recipient_id: PersonId
    cause_id: EventId
    template: str
    channel: str
    queued_at: datetime
    state: Stage = "queued"
    attempts: int = 0
    settled_at: datetime | None = None
    about_id: UUID | None = None

    def sent(self, attempt: int) -> list[Fact]:
        """The provider took it. What has ended stays as it is: a late answer changes nothing."""
        if self.state != "queued":
            return []
        return [
            NotificationSent(
                notification_id=self.id, application_id=self.application_id, attempt=attempt
            )
        ]

    def given_up(self, attempts: int, reason: str) -> list[Fact]:
        """It will not be tried again."""
        if self.state != "queued":
            return []
        return [
            NotificationFailed(
                notification_id=self.id,
                application_id=self.application_id,
                attempts=attempts,
                reason=reason,
            )
        ]


def owed(
    about: About, recipient_id: PersonId, cause_id: EventId, template: str
) -> NotificationQueued:
    """The message that is owed because of this cause; always the same one for the same cause."""
    return NotificationQueued(
        notification_id=NotificationId.of(str(cause_id), str(recipient_id), EMAIL),
        application_id=about.application_id,
        about_id=about.other_id,
        recipient_id=recipient_id,
        cause_id=cause_id,
        template=template,
        channel=EMAIL,
    )


def evolve(
    states: Mapping[Hashable, Any], fact: Fact, at: datetime
) -> Iterable[Notification | Applicant]:
    """What a fact of notify changes. The first message also tells whose the application is."""
    match fact:
        case NotificationQueued():
            yield Notification(
                fact.notification_id,
                1,
                fact.application_id,
                fact.recipient_id,
                fact.cause_id,
                fact.template,
                fact.channel,
                at,
                about_id=fact.about_id,
            )
            if fact.application_id is not None:
                yield Applicant(fact.application_id, fact.recipient_id)
        case NotificationSent():
            yield _ended(states[fact.notification_id], "sent", fact.attempt, at)
        case NotificationFailed():
            yield _ended(states[fact.notification_id], "failed", fact.attempts, at)
        case _:
            raise TypeError(f"{fact.wire_type()} is no fact of notify")


def _ended(before: Notification, state: Stage, attempts: int, at: datetime) -> Notification:
    if before.state != "queued":
        raise ValueError("a notification ends once")
    return replace(
        before, version=before.version + 1, state=state, attempts=attempts, settled_at=at
    )
