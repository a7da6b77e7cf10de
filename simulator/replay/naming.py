"""From the words of a log to agencies and idempotency keys: the same at every run."""

import hashlib
import re
import unicodedata
from collections.abc import Container

from contracts.ids import AgencyId
from simulator.logs.rows import Row
from simulator.replay.options import ReplayOptions

_MAX = AgencyId.max_length
_DIGEST = 6


class Agencies:
    """Gives each group of a log a code of its own that no other agency has.

    A code begins with the name of the log, so that no log can speak for a real agency.
    """

    def __init__(self, log: str, taken: Container[str]) -> None:
        self._log = log
        self._taken = taken
        self._codes: dict[str, AgencyId] = {}

    def of(self, row: Row) -> tuple[AgencyId, str, bool]:
        """Code and name of the agency that did this, and whether it is new here."""
        name = row.group or row.role or row.resource or self._log
        known = self._codes.get(name)
        if known is not None:
            return known, name, False
        code = self._code(name)
        self._codes[name] = code
        return code, name, True

    def _code(self, name: str) -> AgencyId:
        log, own = slug(self._log) or "log", slug(name)
        text = log if name == self._log else "-".join(part for part in (log, own) if part)
        is_taken = text in self._taken or text in self._codes.values()
        if is_taken or not own or len(text) > _MAX:
            digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
            text = f"{text[: _MAX - _DIGEST - 1].strip('-')}-{digest}"
        return AgencyId(text)


def slug(text: str) -> str:
    """The text in small letters, digits and single hyphens, beginning with a letter."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    found = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return f"log-{found}" if found[:1].isdigit() else found


def identity_of(options: ReplayOptions, log: str, digest: str) -> str:
    """What is equal for every run of the same replay, and for no other.

    It has everything that decides which reports there are: the content of the file, and how it is
    read. The doors are not among it: a report is the same through either.
    """
    chosen = (
        log,
        digest,
        *options.columns.names().values(),
        options.delimiter or "",
        str(options.limit),
    )
    return hashlib.sha256("\x1f".join(chosen).encode()).hexdigest()[:32]


def key_of(identity: str, case: str) -> str:
    """The idempotency key of a case's application. The name of the case cannot be read from it."""
    digest = hashlib.sha256(f"{identity}\x1f{case}".encode()).hexdigest()
    return f"replay-{digest[:40]}"
