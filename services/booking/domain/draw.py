"""The order that a lottery gives: recomputable by anybody once the seed is known, by nobody before.

The seed of a day is derived from the service's secret, so it is kept nowhere and is the same after
every restart. Its digest stands in the announcement, before the first entry; the draw reveals the
seed itself. Places go by rank, and who gets none is on the waiting list in the same order.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import TypeVar
from uuid import UUID

Entry = TypeVar("Entry", bound=UUID)

SEED_BYTES = 32
RANKS = 1 << 63
"""Ranks lie below this, so that one fits into a signed number of 64 bits."""
_SEED = b"loket release v1\x00"
_RANK = b"loket draw v1\x00"


def seed_of(secret: bytes, day_id: UUID) -> bytes:
    """The seed of this day's release; `secret` is the one that codes derive from, too."""
    return hmac.digest(secret, _SEED + day_id.bytes, hashlib.sha256)


def digest_of(seed: bytes) -> str:
    """What is published of a seed before it may be known: its SHA-256, in hexadecimal digits."""
    return hashlib.sha256(seed).hexdigest()


def is_seed_of(seed: bytes, digest: str) -> bool:
    """Whether this is the seed whose digest was announced."""
    return hmac.compare_digest(digest_of(seed).encode(), digest.encode())


def rank_of(seed: bytes, entry_id: UUID) -> int:
    """Where an entry stands, 0 to `RANKS` - 1; a lower one comes first.

    The first 63 bits of an HMAC-SHA256 of the entry's id: without the seed it is chance.
    """
    digest = hmac.digest(seed, _RANK + entry_id.bytes, hashlib.sha256)
    return int.from_bytes(digest[:8], "big") >> 1


def in_order(seed: bytes, entries: Iterable[Entry]) -> Sequence[Entry]:
    """The entries as they were drawn: by rank, and by id should two ever be equal."""
    return sorted(entries, key=lambda entry: (rank_of(seed, entry), entry.bytes))


def entries_digest(entries: Iterable[UUID]) -> str:
    """One digest over all entries of a draw, whatever their order: none can be added afterwards."""
    found = hashlib.sha256()
    for entry in sorted(entry.bytes for entry in entries):
        found.update(entry)
    return found.hexdigest()
