"""What booking needs to know about its surroundings, and the codes it derives from a secret."""

import base64
import hashlib
import hmac
from pathlib import Path

from pydantic import Field, field_validator

from chassis.settings import ServiceSettings
from contracts.ids import Id, ServiceDayId, WaitId
from services.booking.domain import draw

_KEY_BYTES_MIN = 32
# The key may serve other purposes elsewhere; what is derived from it must never be the same.
_PURPOSE = b"loket booking code v1\x00"
_CODE_LENGTH = 20
_DIGEST_PURPOSE = b"loket booking digest v1\x00"
_DIGEST_BYTES = 16


class BookingSettings(ServiceSettings):
    """The settings of every service, and the key behind the booking codes."""

    code_key_file: Path = Field(
        description="File with the secret of at least 32 bytes from which booking codes derive."
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


class BookingCodes:
    """The secret of each appointment, derived from its id: 100 bits, kept nowhere.

    The same appointment always has the same code, so a repeated request gets it again.
    """

    purpose = _PURPOSE

    def __init__(self, key_file: Path) -> None:
        self._key = key_file.read_bytes()

    def code_of(self, appointment_id: Id) -> str:
        """The code in groups of five that a person can copy, such as `7KQ2M-…`."""
        digest = hmac.digest(self._key, self.purpose + appointment_id.bytes, hashlib.sha256)
        text = base64.b32encode(digest).decode()[:_CODE_LENGTH]
        return "-".join(text[start : start + 5] for start in range(0, _CODE_LENGTH, 5))

    def fits(self, appointment_id: Id, code: str) -> bool:
        """Whether this is the code; small letters and missing hyphens do not matter."""
        given = code.replace("-", "").replace(" ", "").upper()
        wanted = self.code_of(appointment_id).replace("-", "")
        return hmac.compare_digest(given.encode(), wanted.encode())


class Digests:
    """Who asks, as claims count it: digests with the key, so that nobody without it can search.

    Sixteen digits can be tried out; a digest of them without a key would be no secret.
    """

    def __init__(self, key_file: Path) -> None:
        self._key = key_file.read_bytes()

    def identity(self, nik: str) -> str:
        """Of a NIK."""
        return self._of(b"identity", nik)

    def device(self, name: str) -> str:
        """Of what a device calls itself."""
        return self._of(b"device", name)

    def network(self, address: str) -> str:
        """Of an address; claims mix the day into it, so that no address is followed over days."""
        return self._of(b"network", address)

    def _of(self, kind: bytes, text: str) -> str:
        message = _DIGEST_PURPOSE + kind + b"\x00" + text.encode()
        return hmac.digest(self._key, message, hashlib.sha256)[:_DIGEST_BYTES].hex()


class WaitCodes(BookingCodes):
    """The same for entries of wait lists and draws."""

    purpose = b"loket wait code v1\x00"


class Seeds:
    """The secret behind the draw of each day, derived like the codes and kept nowhere."""

    def __init__(self, key_file: Path) -> None:
        self._key = key_file.read_bytes()

    def of(self, day_id: ServiceDayId) -> bytes:
        """The seed of a day: for the draw itself, and nobody before it."""
        return draw.seed_of(self._key, day_id)

    def rank(self, day_id: ServiceDayId, wait_id: WaitId) -> int:
        """The place that an entry will have in the draw of that day."""
        return draw.rank_of(self.of(day_id), wait_id)

    def is_announced(self, day_id: ServiceDayId, seed_digest: str) -> bool:
        """Whether the key is still the one of the announcement."""
        return draw.is_seed_of(self.of(day_id), seed_digest)


class VisitCodes(BookingCodes):
    """The same for visits."""

    purpose = b"loket visit code v1\x00"
