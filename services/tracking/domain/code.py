"""Tracking codes: how they look, how one follows from an id and a secret, and what is stored.

Twelve characters of Crockford's base 32 (60 bits) and a check character against typing errors.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from contracts.ids import ApplicationId

_LENGTH = 12
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECKS = _ALPHABET + "*~$=U"
# What people read for what was printed.
_READ = str.maketrans("OIL", "011", "- ")


@dataclass(frozen=True, slots=True)
class Codes:
    """Makes and recognises codes. Without the secret nobody can do either."""

    secret: bytes = field(repr=False)

    def code_of(self, application_id: ApplicationId) -> str:
        """The code of an application: always the same, and not to be guessed from its id."""
        number = int.from_bytes(self._keyed(b"code", application_id.bytes)[:8], "big") >> 4
        characters = "".join(
            _ALPHABET[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5)
        )
        return characters + _CHECKS[number % len(_CHECKS)]

    def digest(self, text: str) -> bytes:
        """What is stored of a code. A text that is no code has a digest, too, that nobody owns."""
        return self._keyed(b"stored", normalised(text).encode())

    def belongs(self, text: str, application_id: ApplicationId) -> bool:
        """Whether this is the code of that application; takes as long for any answer."""
        return hmac.compare_digest(self.digest(text), self.digest(self.code_of(application_id)))

    def _keyed(self, purpose: bytes, message: bytes) -> bytes:
        return hmac.digest(self.secret, purpose + b"\x1f" + message, hashlib.sha256)


def normalised(text: str) -> str:
    """A code as it was printed, whatever a person made of its case, hyphens, zeros and ones."""
    return text.upper().translate(_READ)
