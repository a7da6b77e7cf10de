"""A mail server on a real socket that keeps what it is given, and can be away or refuse."""

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """Listens on a port of the system's choice, and on the same one after each restart."""

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[Envelope] = []
        self.refusal: str | None = None
        self.silent_for: set[str] = set()
        """Whose mails are accepted by no answer at all: neither yes nor no."""
        self.waiting = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        make = lambda: SMTP(self, hostname="sink.test", loop=loop)  # noqa: E731 - one line
        self._server = await loop.create_server(make, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the name that aiosmtpd calls
        if not self.silent_for.isdisjoint(envelope.rcpt_tos):
            self.waiting += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.waiting -= 1
        if self.refusal is not None:
            return self.refusal.format(*envelope.rcpt_tos)
        self.mails.append(envelope)
        return "250 kept"

    def messages(self) -> list[EmailMessage]:
        """The mails, parsed."""
        return [
            message_from_bytes(cast("bytes", mail.content), policy=default) for mail in self.mails
        ]
