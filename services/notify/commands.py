"""What notify can be asked to decide. None of it carries an address.

Recipients are not decided here: they are personal data, kept by `channels.recipients`.
"""

from collections.abc import Hashable, Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import Answer, Code, Command
from contracts.ids import ApplicationId, EventId, NotificationId, PersonId

_Attempts = Annotated[int, Field(ge=0, le=3)]


class QueueNotification(Command):
    """Tell somebody about the fact `cause_id`.

    Of an application, `recipient_id` is known from the submission; later facts name the application
    only. Where it is about something else, that is `about_id`, and the fact names the person.
    """

    application_id: ApplicationId | None = None
    cause_id: EventId
    template: Code
    recipient_id: PersonId | None = None
    about_id: UUID | None = None

    def needs(self) -> Sequence[Hashable]:
        """Whose application it is, whether that person can be reached, what the cause led to."""
        known = (self.application_id, self.recipient_id)
        return [self.cause_id, *(one for one in known if one is not None)]


class RecordSent(Command):
    """The provider took the message at this attempt."""

    notification_id: NotificationId
    attempt: Annotated[int, Field(ge=1, le=3)]

    def needs(self) -> Sequence[Hashable]:
        """The notification."""
        return [self.notification_id]


class RecordFailure(Command):
    """The message is given up after so many attempts."""

    notification_id: NotificationId
    attempts: _Attempts
    reason: Code

    def needs(self) -> Sequence[Hashable]:
        """The notification."""
        return [self.notification_id]


class NotificationAnswer(Answer):
    """The notification that was queued or changed, if any was."""

    notification_id: NotificationId | None
