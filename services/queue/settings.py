"""What queue needs to know about its surroundings, and the codes it derives from a secret."""

import hashlib
import hmac
from typing import Annotated, Self

from pydantic import Field, model_validator

from chassis.codes import DerivedCodes, KeyFile
from chassis.settings import Seconds, ServiceSettings
from contracts.ids import SurveyId, TicketId

_SURVEY = b"loket ticket survey v1\x00"


class QueueSettings(ServiceSettings):
    """The settings of every service, the key behind the codes on slips, and those of boards."""

    code_key_file: KeyFile = Field(
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

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.stream_retry_min_seconds > self.stream_retry_max_seconds:
            raise ValueError("the longest LOKET_STREAM_RETRY_… must not be less than the least")
        return self


class TicketCodes(DerivedCodes):
    """The secret of each ticket, printed on the slip.

    Boards and officers see tickets, only the holder has the slip: so the code tells who asks.
    """

    purpose = b"loket ticket code v1\x00"

    def survey_id_of(self, ticket_id: TicketId) -> SurveyId:
        """The id of this ticket's survey: one, and without the key no way back to the ticket."""
        digest = hmac.digest(self._key, _SURVEY + ticket_id.bytes, hashlib.sha256)
        return SurveyId.numbered(int.from_bytes(digest[:16], "big"))
