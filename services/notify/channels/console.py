"""The channel of those who have no mail server: the log says that there was a message."""

import structlog

from services.notify.channels.message import Message

_log = structlog.get_logger("notify.console")


class Console:
    """Always succeeds, and shows neither the address nor the text."""

    async def send(self, message: Message) -> None:
        """Say so."""
        _log.info(
            "message_written_to_nobody",
            notification_id=str(message.notification_id),
            language=message.language,
            subject=message.subject,
        )
