"""How addresses are sealed: AES-256-GCM under a key of their own, which a master key wraps.

Both are bound to the person, so that neither can be moved to another's row. Erasing a wrapped
key makes its address unreadable for ever, in every copy of the ciphertext.
"""

import base64
import hmac
import os
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contracts.ids import PersonId

_NONCE_BYTES = 12
_CODE_BYTES = 20


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphertext and the wrapped key that opens it; each begins with its nonce."""

    address: bytes
    wrapped_key: bytes


class Sealer:
    """Seals and opens, and makes what else needs the master key. One key per purpose."""

    def __init__(self, master: bytes) -> None:
        self._wrapping = AESGCM(_derived(master, "wrap"))
        self._code_key = _derived(master, "code")
        self._digest_key = _derived(master, "digest")

    def seal(self, person_id: PersonId, address: str) -> Sealed:
        """A fresh key each time, so that one address twice gives two ciphertexts."""
        key = AESGCM.generate_key(bit_length=256)
        return Sealed(
            _encrypt(AESGCM(key), address.encode(), b"address", person_id),
            _encrypt(self._wrapping, key, b"key", person_id),
        )

    def open(self, person_id: PersonId, sealed: Sealed) -> str | None:
        """The address, or None unless master key, person and bytes are those it was sealed with."""
        try:
            key = _decrypt(self._wrapping, sealed.wrapped_key, b"key", person_id)
            return _decrypt(AESGCM(key), sealed.address, b"address", person_id).decode()
        except InvalidTag:
            return None

    def code(self, person_id: PersonId) -> str:
        """The secret of a recipient: 160 bits, derived, so that it need not be stored."""
        digest = hmac.digest(self._code_key, person_id.bytes, sha256)
        return base64.b32encode(digest[:_CODE_BYTES]).decode()

    def is_code(self, person_id: PersonId, code: str) -> bool:
        """Whether it is the recipient's secret; takes equally long for every wrong one."""
        return hmac.compare_digest(self.code(person_id).encode(), code.encode())

    def digest(self, *parts: str) -> bytes:
        """Equal for equal parts; without the master key nobody can try guesses against it."""
        framed = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
        return hmac.digest(self._digest_key, framed, sha256)


def _derived(master: bytes, purpose: str) -> bytes:
    return hmac.digest(master, f"loket.notify.{purpose}.v1".encode(), sha256)


def _encrypt(cipher: AESGCM, plain: bytes, kind: bytes, person_id: PersonId) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, kind + person_id.bytes)


def _decrypt(cipher: AESGCM, sealed: bytes, kind: bytes, person_id: PersonId) -> bytes:
    return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], kind + person_id.bytes)
