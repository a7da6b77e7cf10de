"""The settings of tracking."""

from pathlib import Path

from pydantic import Field, field_validator

from chassis.settings import ServiceSettings
from services.tracking.domain.code import Codes

_SECRET_BYTES_MIN = 32


class TrackingSettings(ServiceSettings):
    """What every service needs, and the secret behind the tracking codes."""

    code_key_file: Path = Field(
        description="File with the secret, 32 bytes or more, behind the tracking codes."
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

    def codes(self) -> Codes:
        """Makes and recognises tracking codes. Another secret would make all printed codes void."""
        return Codes(self.code_key_file.read_bytes())
