"""The ways to reach a person: where addresses are kept, what is written, how it leaves the house.

Nothing outside this package sees an address.
"""

from services.notify.channels.console import Console
from services.notify.channels.email import Email
from services.notify.channels.message import Channel
from services.notify.channels.recipients import Recipients
from services.notify.channels.sealing import Sealer
from services.notify.settings import NotifySettings

__all__ = ["Channel", "Recipients", "channel_of", "sealer_of"]


def channel_of(settings: NotifySettings) -> Channel:
    """Real mail where a server is set, else the log."""
    if settings.smtp_host is None or settings.smtp_port is None:
        return Console()
    return Email(
        settings.smtp_host,
        settings.smtp_port,
        sender=settings.mail_from,
        step_seconds=settings.smtp_seconds,
    )


def sealer_of(settings: NotifySettings) -> Sealer:
    """What seals and opens addresses with the key of this deployment."""
    return Sealer(settings.key_file.read_bytes())
