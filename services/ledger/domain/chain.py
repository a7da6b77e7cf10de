"""How a fact becomes an entry: its hash, its place in the chain of its key and in the whole.

The formats of the hashes are fixed for ever: whoever keeps entries can check them without us.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from json.encoder import encode_basestring_ascii
from typing import Final
from uuid import UUID

NOTHING: Final = bytes(32)
"""What stands before the first entry, in a chain and in the whole."""

# The attributes that belong to the fact. The trace does not: it may differ when a fact is resent.
_ATTRIBUTES = (
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_aggregateversion",
    "ce_actor",
    "ce_recordedtime",
    "ce_correlationid",
    "ce_causationid",
)
_RECORD = b"loket.ledger.record.v1"
_ENTRY = b"loket.ledger.entry.v1"


@dataclass(frozen=True, slots=True)
class ChainId:
    """The look-up key of a chain: the Kafka key of its facts."""

    key: str


@dataclass(frozen=True, slots=True)
class RunningId:
    """The look-up key of the one running state."""


@dataclass(frozen=True, slots=True)
class Record:
    """A fact as it stood on Kafka. `headers` is the canonical text of its attributes."""

    key: str
    topic: str
    event_id: UUID
    type: str
    recorded_at: datetime | None
    headers: str
    value: bytes

    def hash(self) -> bytes:
        """Stands for the whole content: key, topic, attributes and the exact bytes of the value."""
        return _hash(
            _RECORD, self.key.encode(), self.topic.encode(), self.headers.encode(), self.value
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A record with its place: `seq` in the whole from 1 on, `position` in its chain from 1 on.

    `digest` sums up the whole up to and including this entry.
    """

    seq: int
    position: int
    record: Record
    record_hash: bytes
    previous_hash: bytes
    hash: bytes
    digest: bytes

    @property
    def id(self) -> int:
        """The number of the entry."""
        return self.seq


@dataclass(frozen=True, slots=True)
class Chain:
    """The length of a chain and the hash of its last entry."""

    id: ChainId
    length: int = 0
    head: bytes = NOTHING


@dataclass(frozen=True, slots=True)
class Running:
    """How many entries there are, and the digest over all of them in their order."""

    size: int = 0
    digest: bytes = NOTHING

    @property
    def id(self) -> RunningId:
        """There is only one."""
        return RunningId()


def append(running: Running, chain: Chain, record: Record) -> tuple[Entry, Chain, Running]:
    """The entry of a record, and what chain and whole become by it."""
    position = chain.length + 1
    content = record.hash()
    own = entry_hash(chain.head, record.key, position, content)
    after = Running(running.size + 1, next_digest(running.digest, own))
    entry = Entry(after.size, position, record, content, chain.head, own, after.digest)
    return entry, Chain(chain.id, position, own), after


def entry_hash(previous_hash: bytes, key: str, position: int, record_hash: bytes) -> bytes:
    """Binds a content to its place in a chain."""
    return _hash(_ENTRY, previous_hash, key.encode(), position.to_bytes(8, "big"), record_hash)


def next_digest(digest: bytes, hash_: bytes) -> bytes:
    """Both have 32 bytes, so their concatenation can be read in one way only."""
    return sha256(digest + hash_).digest()


def canonical_headers(headers: Iterable[tuple[str, bytes]]) -> str:
    """The attributes of the fact as one text: JSON pairs in a fixed order, without spaces."""
    found = dict(headers)
    pairs = [
        f'["{name}",{encode_basestring_ascii(found[name].decode())}]'
        for name in _ATTRIBUTES
        if name in found
    ]
    return f"[{','.join(pairs)}]"


def _hash(*parts: bytes) -> bytes:
    # Each part is preceded by its length, so that no two lists of parts give the same bytes.
    return sha256(b"".join([len(part).to_bytes(8, "big") + part for part in parts])).digest()
