"""The settings of tracking."""

from typing import Self

from pydantic import Field, model_validator

from chassis.codes import KeyFile
from chassis.settings import Seconds, ServiceSettings
from services.tracking.domain.code import Codes


class TrackingSettings(ServiceSettings):
    """What every service needs, and the secret behind the tracking codes."""

    code_key_file: KeyFile = Field(
        description="File with the secret, 32 bytes or more, behind the tracking codes."
    )

    stream_retry_min_seconds: Seconds = Field(
        1.0, description="Least pause before a live stream that was cut comes back."
    )
    stream_retry_max_seconds: Seconds = Field(
        15.0, description="Longest such pause; each stream is told one between the two, by chance."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.stream_retry_min_seconds > self.stream_retry_max_seconds:
            raise ValueError("the longest LOKET_STREAM_RETRY_… must not be less than the least")
        return self

    def codes(self) -> Codes:
        """Makes and recognises tracking codes. Another secret would make all printed codes void."""
        return Codes(self.code_key_file.read_bytes())
