"""The settings of notify."""

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from chassis.settings import Count, Port, Seconds, ServiceSettings

_KEY_BYTES = 32


class NotifySettings(ServiceSettings):
    """Where mail goes, how attempts are paced, and the key that protects the addresses."""

    key_file: Path = Field(
        description="File with exactly 32 random bytes: the key that wraps the recipients' keys."
    )
    smtp_host: str | None = Field(
        None, description="Mail server; unset: messages are only reported in the log."
    )
    smtp_port: Port | None = Field(None, description="Port of the mail server.")
    mail_from: str = Field(
        "loket@loket.invalid",
        pattern=r"^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,190}$",
        description="Sender of the mails; its domain also names us to the mail server.",
    )
    smtp_seconds: Seconds = Field(
        10.0, description="Seconds that the mail server has for each step of the dialogue."
    )
    attempt_seconds: Seconds = Field(30.0, description="Seconds that a whole attempt may take.")
    attempts_at_once: Count = Field(
        8, description="Most attempts at once: so many slow mail servers hold up nobody else."
    )
    lease_seconds: Seconds = Field(
        60.0, description="Seconds until an attempt without a result counts as failed."
    )
    retry_seconds: Seconds = Field(
        300.0, description="Pause before the second attempt; twelve times that before the third."
    )

    @field_validator("key_file")
    @classmethod
    def _holds_a_key(cls, path: Path) -> Path:
        try:
            size = path.stat().st_size
        except OSError:
            raise ValueError("cannot be read") from None
        if size != _KEY_BYTES:
            raise ValueError(f"must hold exactly {_KEY_BYTES} bytes")
        return path

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.smtp_host is None) != (self.smtp_port is None):
            raise ValueError("LOKET_SMTP_HOST and LOKET_SMTP_PORT: set both or none")
        if self.attempt_seconds >= self.lease_seconds:
            raise ValueError("LOKET_LEASE_SECONDS must be more than LOKET_ATTEMPT_SECONDS")
        return self
