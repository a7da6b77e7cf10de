"""Facts of notify: a message that is owed to somebody, and what became of it.

Addresses and texts stay inside the service.
"""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import Code, Fact
from contracts.ids import ApplicationId, EventId, NotificationId, PersonId


class _OfNotification(Fact):
    """What the facts about one notification share.

    Keyed by application where the notification is about one, else by the notification itself.
    """

    aggregate = "notification"
    identity = "notification_id"
    keyed_by = "application_id"
    topic = "notify.notifications.v1"

    notification_id: NotificationId
    application_id: ApplicationId | None = None


class NotificationQueued(_OfNotification):
    """A message is owed because of the fact `cause_id`.

    `template` names the text, `channel` the way. Where no application is meant, `about_id` is the
    appointment or the entry of a wait list that the message is about.
    """

    type = "notify.notification_queued"

    recipient_id: PersonId
    cause_id: EventId
    template: Code
    channel: Code
    about_id: UUID | None = None


class NotificationSent(_OfNotification):
    """The provider took the message at the given attempt (1, 2, 3)."""

    type = "notify.notification_sent"

    attempt: Annotated[int, Field(ge=1, le=3)]


class NotificationFailed(_OfNotification):
    """The message was given up after `attempts` attempts, for `reason`."""

    type = "notify.notification_failed"

    attempts: Annotated[int, Field(ge=0, le=3)]
    reason: Code
