"""Mail over SMTP. What the server says back may repeat the address, so it goes nowhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

import aiosmtplib

from chassis.clock import now
from services.notify.channels.message import ChannelFailed, Message

_SENDER_NAME = "Loket"


@dataclass(frozen=True)
class Email:
    """Sends through one mail server; every step of the dialogue has `step_seconds`."""

    host: str
    port: int
    sender: str
    step_seconds: float

    async def send(self, message: Message) -> None:
        """Hand it to the mail server. Encrypted when the server offers it."""
        mail = self.compose(message)
        async with _told_in_codes():
            server = aiosmtplib.SMTP(
                hostname=self.host,
                port=self.port,
                local_hostname=self._domain,  # else the name of this machine is looked up
                timeout=self.step_seconds,
            )
            try:
                await server.connect()
                await server.sendmail(self.sender, [message.address], mail.as_bytes())
                # It has the mail now: whatever it says to the farewell changes nothing.
                with suppress(aiosmtplib.SMTPException, OSError):
                    await server.quit()
            finally:
                server.close()  # at once: who is cancelled must not wait for one that is silent

    def compose(self, message: Message) -> EmailMessage:
        """The mail. One notification has one Message-ID, so that a repeat can be recognised.

        Raises ChannelFailed for an address that would not stay one address in a header.
        """
        mail = EmailMessage(policy=SMTP_POLICY)
        try:
            mail["To"] = Address(addr_spec=message.address)
        except (MessageError, ValueError, IndexError):
            raise ChannelFailed("address_unusable") from None
        mail["From"] = Address(_SENDER_NAME, addr_spec=self.sender)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(now())
        mail["Message-ID"] = f"<{message.notification_id}@{self._domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        mail["Content-Language"] = message.language  # set_content takes away what was there before
        return mail

    @property
    def _domain(self) -> str:
        return self.sender.rpartition("@")[2]


@asynccontextmanager
async def _told_in_codes() -> AsyncIterator[None]:
    try:
        yield
    except aiosmtplib.SMTPTimeoutError:
        raise ChannelFailed("timed_out") from None
    except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError):
        raise ChannelFailed("unreachable") from None
    except aiosmtplib.SMTPException:
        raise ChannelFailed("refused_by_server") from None
