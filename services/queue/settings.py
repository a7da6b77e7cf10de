"""What queue needs to know about its surroundings, and the codes it derives from a secret."""

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from chassis.settings import Seconds, ServiceSettings
from contracts.ids import SurveyId, TicketId

_KEY_BYTES_MIN = 32
# The key may serve other purposes elsewhere; what is derived from it must never be the same.
_PURPOSE = b"loket ticket code v1\x00"
_SURVEY = b"loket ticket survey v1\x00"
_CODE_LENGTH = 20


class QueueSettings(ServiceSettings):
    """The settings of every service, the key behind the codes on slips, and those of boards."""

    code_key_file: Path = Field(
        description="File with the secret of at least 32 bytes from which codes of tickets derive."
    )

    board_kept_hours: Annotated[int, Field(ge=1, le=24 * 31)] = Field(
        48, description="How long boards that were away find what was shown since, in hours."
    )
    stream_retry_min_seconds: Seconds = Field(
        1.0, description="Least pause before a live stream that was cut comes back."
    )
    stream_retry_max_seconds: Seconds = Field(
        15.0, description="Longest such pause; each stream is told one between the two, by chance."
    )

    @field_validator("code_key_file")
    @classmethod
    def _holds_a_key(cls, file: Path) -> Path:
        try:
            length = len(file.read_bytes())
        except OSError as problem:
            raise ValueError(f"cannot be read ({problem.strerror})") from None
        if length < _KEY_BYTES_MIN:
            raise ValueError(f"holds fewer than {_KEY_BYTES_MIN} bytes")
        return file

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.stream_retry_min_seconds > self.stream_retry_max_seconds:
            raise ValueError("the longest LOKET_STREAM_RETRY_… must not be less than the least")
        return self


class TicketCodes:
    """The secret of each ticket, derived from its id: 100 bits, printed on the slip, kept nowhere.

    Boards and officers see tickets, only the holder has the slip: so the code tells who asks.
    """

    def __init__(self, key_file: Path) -> None:
        self._key = key_file.read_bytes()

    def code_of(self, ticket_id: TicketId) -> str:
        """The code in groups of five that a person can copy, such as `7KQ2M-…`."""
        digest = hmac.digest(self._key, _PURPOSE + ticket_id.bytes, hashlib.sha256)
        text = base64.b32encode(digest).decode()[:_CODE_LENGTH]
        return "-".join(text[start : start + 5] for start in range(0, _CODE_LENGTH, 5))

    def survey_id_of(self, ticket_id: TicketId) -> SurveyId:
        """The id of this ticket's survey: one, and without the key no way back to the ticket."""
        digest = hmac.digest(self._key, _SURVEY + ticket_id.bytes, hashlib.sha256)
        return SurveyId.numbered(int.from_bytes(digest[:16], "big"))

    def fits(self, ticket_id: TicketId, code: str) -> bool:
        """Whether this is the code; small letters and missing hyphens do not matter."""
        given = code.replace("-", "").replace(" ", "").upper()
        wanted = self.code_of(ticket_id).replace("-", "")
        return hmac.compare_digest(given.encode(), wanted.encode())
