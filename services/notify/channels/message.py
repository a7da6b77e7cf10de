"""What a channel takes, and how it says that it could not deliver."""

from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol

from pydantic import Field

from contracts.ids import NotificationId

Language = Literal["id", "en"]

# Visible ASCII only and one @: no line end, no comma and no bracket can reach a mail header.
EmailAddress = Annotated[
    str,
    Field(
        min_length=3,
        max_length=254,
        pattern=(
            r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
            r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
            r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$"
        ),
        description="An e-mail address, for example `siti@example.org`.",
    ),
]
"""An address as people may register it."""


@dataclass(frozen=True, slots=True)
class Message:
    """A text for one person. Its printed form leaves the address out."""

    notification_id: NotificationId
    address: str = field(repr=False)
    language: Language
    subject: str
    text: str


class ChannelFailed(Exception):
    """The message was not taken. `reason` is a stable code; nothing else of it may be shown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Channel(Protocol):
    """One way to reach a person."""

    async def send(self, message: Message) -> None:
        """Hand the message over. Raises ChannelFailed."""
