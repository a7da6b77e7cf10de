"""The settings of tracking."""

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from chassis.settings import Seconds, ServiceSettings
from services.tracking.domain.code import Codes

_SECRET_BYTES_MIN = 32


class TrackingSettings(ServiceSettings):
    """What every service needs, and the secret behind the tracking codes."""

    code_key_file: Path = Field(
        description="File with the secret, 32 bytes or more, behind the tracking codes."
    )

    stream_retry_min_seconds: Seconds = Field(
        1.0, description="Least pause before a live stream that was cut comes back."
    )
    stream_retry_max_seconds: Seconds = Field(
        15.0, description="Longest such pause; each stream is told one between the two, by chance."
    )

    @field_validator("code_key_file")
    @classmethod
    def _holds_a_secret(cls, path: Path) -> Path:
        try:
            size = path.stat().st_size
        except OSError:
            raise ValueError("cannot be read") from None
        if size < _SECRET_BYTES_MIN:
            raise ValueError(f"holds fewer than {_SECRET_BYTES_MIN} bytes")
        return path

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.stream_retry_min_seconds > self.stream_retry_max_seconds:
            raise ValueError("the longest LOKET_STREAM_RETRY_… must not be less than the least")
        return self

    def codes(self) -> Codes:
        """Makes and recognises tracking codes. Another secret would make all printed codes void."""
        return Codes(self.code_key_file.read_bytes())
