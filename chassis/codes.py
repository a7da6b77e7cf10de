"""Codes that belong to things: derived from an id and a key, handed out and kept nowhere."""

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from contracts.ids import Id

_KEY_BYTES_MIN = 32
_LENGTH, _GROUP = 20, 5


def _holds_a_key(file: Path) -> Path:
    try:
        length = len(file.read_bytes())
    except OSError as problem:
        raise ValueError(f"cannot be read ({problem.strerror})") from None
    if length < _KEY_BYTES_MIN:
        raise ValueError(f"holds fewer than {_KEY_BYTES_MIN} bytes")
    return file


KeyFile = Annotated[Path, AfterValidator(_holds_a_key)]
"""A setting that names a file with a secret of at least 32 bytes; a service does not start else."""


class DerivedCodes:
    """The secret of each thing of a kind: 100 bits, always the same for the same thing.

    The key may serve other purposes elsewhere; `purpose` keeps what is derived from it apart.
    """

    purpose: ClassVar[bytes]

    def __init__(self, key_file: Path) -> None:
        self._key = key_file.read_bytes()

    def code_of(self, id_: Id) -> str:
        """The code in groups of five that a person can copy, such as `7KQ2M-…`."""
        digest = hmac.digest(self._key, self.purpose + id_.bytes, hashlib.sha256)
        text = base64.b32encode(digest).decode()[:_LENGTH]
        return "-".join(text[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))

    def fits(self, id_: Id, code: str) -> bool:
        """Whether this is the code; small letters and missing hyphens do not matter."""
        given = code.replace("-", "").replace(" ", "").upper()
        wanted = self.code_of(id_).replace("-", "")
        return hmac.compare_digest(given.encode(), wanted.encode())
