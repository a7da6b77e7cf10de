"""What booking needs to know about its surroundings, and the codes it derives from a secret."""

import hashlib
import hmac
from pathlib import Path

from pydantic import Field

from chassis.codes import DerivedCodes, KeyFile
from chassis.settings import ServiceSettings
from contracts.ids import ServiceDayId, WaitId
from services.booking.domain import draw

_DIGEST_PURPOSE = b"loket booking digest v1\x00"
_DIGEST_BYTES = 16


class BookingSettings(ServiceSettings):
    """The settings of every service, and the key behind the booking codes."""

    code_key_file: KeyFile = Field(
        description="File with the secret of at least 32 bytes from which booking codes derive."
    )


class BookingCodes(DerivedCodes):
    """The secret of each appointment.

    The same appointment always has the same code, so a repeated request gets it again.
    """

    purpose = b"loket booking code v1\x00"


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


class WaitCodes(DerivedCodes):
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


class VisitCodes(DerivedCodes):
    """The same for visits."""

    purpose = b"loket visit code v1\x00"
