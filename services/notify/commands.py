"""What notify can be asked to decide. None of it carries an address.

Recipients are not decided here: they are personal data, kept by `channels.recipients`.
"""

from collections.abc import Hashable, Sequence
from typing import Annotated

from pydantic import Field

from contracts.base import Answer, Code, Command
from contracts.ids import ApplicationId, EventId, NotificationId, PersonId

_Attempts = Annotated[int, Field(ge=0, le=3)]


class QueueNotification(Command):
    """Tell the applicant about the fact `cause_id`.

    `recipient_id` is known from the submission; later facts name the application only.
    """

    application_id: ApplicationId
    cause_id: EventId
    template: Code
    recipient_id: PersonId | None = None

    def needs(self) -> Sequence[Hashable]:
        """Whose application it is, whether that person can be reached, what the cause led to."""
        known = [] if self.recipient_id is None else [self.recipient_id]
        return [self.application_id, self.cause_id, *known]


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
