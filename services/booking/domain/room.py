"""The waiting room before a release: when each one's turn comes is arithmetic, and kept nowhere.

Whoever enters before the opening gets a turn at a moment of the spread behind it that only the seed
and the holder decide: neither speed nor the number of tries changes it. Whoever comes later stands
behind those, by arrival. What a person has in hand is a signed pass.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

HOLDER_BYTES = 16
_TURN = b"loket turn v1\x00"
_SIGN = b"loket room pass v1\x00"
_HOLDER = b"loket room holder v1\x00"
_SIGNATURE_BYTES = 16
_SAID_BYTES = 16 + HOLDER_BYTES + 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Room:
    """The room of one release: opens with it, and ends when the last turn has come."""

    opens_at: datetime
    spread_seconds: int

    @property
    def ends_at(self) -> datetime:
        """From then on nobody needs a pass."""
        return self.opens_at + timedelta(seconds=2 * self.spread_seconds)

    def turn_at(self, seed: bytes, holder: bytes, entered_at: datetime) -> datetime:
        """When whoever entered then may take a place."""
        if entered_at < self.opens_at:
            return self.opens_at + _share_of(self.spread_seconds, seed, holder)
        return min(entered_at + timedelta(seconds=self.spread_seconds), self.ends_at)


def _share_of(spread_seconds: int, seed: bytes, holder: bytes) -> timedelta:
    """Somewhere in the spread, in whole milliseconds, rounded down."""
    chance = int.from_bytes(hmac.digest(seed, _TURN + holder, hashlib.sha256)[:8], "big")
    return timedelta(milliseconds=milliseconds_of(spread_seconds, chance))


def milliseconds_of(spread_seconds: int, chance: int) -> int:
    """The part of the spread for a number from 0 to 2^64 - 1."""
    return spread_seconds * 1000 * chance >> 64


def holder_of(whose: bytes) -> bytes:
    """Whose turn it is: of the 16 bytes of a person's id, or of the digest of an identity.

    Anybody can compute it from the person's id, but nobody can choose it.
    """
    return hashlib.sha256(_HOLDER + whose).digest()[:HOLDER_BYTES]


@dataclass(frozen=True, slots=True)
class Pass:
    """Who entered which room when."""

    day_id: UUID
    holder: bytes
    entered_at: datetime

    def signed(self, secret: bytes) -> str:
        """The text that its holder keeps, for a header: nobody without the secret can make one."""
        micros = (self.entered_at - _EPOCH) // _MICROSECOND
        said = self.day_id.bytes + self.holder + micros.to_bytes(8, "big")
        return base64.urlsafe_b64encode(said + _signature(secret, said)).decode().rstrip("=")


def read_pass(secret: bytes, text: str) -> Pass | None:
    """The pass in this text; None for anything that we did not sign."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    said, signature = raw[:_SAID_BYTES], raw[_SAID_BYTES:]
    if not hmac.compare_digest(_signature(secret, said), signature):
        return None
    micros = int.from_bytes(said[-8:], "big")
    return Pass(UUID(bytes=said[:16]), said[16:-8], _EPOCH + micros * _MICROSECOND)


def _signature(secret: bytes, said: bytes) -> bytes:
    return hmac.digest(secret, _SIGN + said, hashlib.sha256)[:_SIGNATURE_BYTES]
