"""The check of the whole ledger, one row at a time, believing nothing that can be computed.

Two walks: along the numbers (contents, hashes, digest, checkpoints) and along each chain (links).
"""

import json
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from contracts.envelope import parse_time
from services.ledger.domain.chain import (
    NOTHING,
    Entry,
    Record,
    Running,
    entry_hash,
    next_digest,
)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One difference. `seq` is the first entry that is not right, None where no number is left.

    `chain` is None when what is missing could have belonged to any.
    """

    seq: int | None
    chain: str | None
    what: str


@dataclass(frozen=True, slots=True, order=True)
class Checkpoint:
    """A size and the digest that the ledger had at that size, as it was published."""

    size: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """What a chain is checked by. `length` and `head` are what the ledger says of the chain."""

    seq: int
    chain: str
    position: int
    previous_hash: bytes
    hash: bytes
    length: int | None
    head: bytes | None


@dataclass
class Whole:
    """The walk along the numbers. Ends with the first flaw."""

    checkpoints: list[Checkpoint]
    size: int = 0
    digest: bytes = NOTHING
    flaw: Flaw | None = None

    @classmethod
    def against(cls, checkpoints: Iterable[Checkpoint]) -> "Whole":
        """A walk that has to come past these checkpoints."""
        whole = cls(sorted(checkpoints))
        whole._compare_checkpoints(None)
        return whole

    def take(self, entry: Entry) -> None:
        """The next entry, by `seq`."""
        if entry.seq != self.size + 1:
            self.flaw = Flaw(self.size + 1, None, "entry_missing")
            return
        chain = entry.record.key
        self.size = entry.seq
        self.digest = next_digest(self.digest, entry.hash)
        if what := _wrong_in(entry):
            self.flaw = Flaw(entry.seq, chain, what)
        elif self.digest != entry.digest:
            self.flaw = Flaw(entry.seq, chain, "digest_differs")
        else:
            self._compare_checkpoints(chain)

    def end(self, running: Running) -> None:
        """Compare with what the ledger says about itself, and with checkpoints beyond the end."""
        if self.flaw is not None:
            return
        last = max([running.size, *(checkpoint.size for checkpoint in self.checkpoints)])
        if last > self.size:
            self.flaw = Flaw(self.size + 1, None, "entry_missing")
        elif running.size < self.size:
            self.flaw = Flaw(running.size + 1, None, "entry_not_counted")
        elif running.digest != self.digest:
            self.flaw = Flaw(self.size, None, "digest_differs")

    def _compare_checkpoints(self, chain: str | None) -> None:
        first = bisect_right(self.checkpoints, Checkpoint(self.size, b""))
        for checkpoint in self.checkpoints[first:]:
            if checkpoint.size != self.size:
                break
            if checkpoint.digest != self.digest:
                self.flaw = Flaw(self.size, chain, "checkpoint_differs")


@dataclass
class Links:
    """The walk along the chains, by chain and position. Keeps the flaw with the lowest number."""

    chains: int = 0
    flaw: Flaw | None = None
    holed: set[str] = field(default_factory=set)
    """Chains that lack entries; no more than two are remembered."""
    _last: Link | None = None

    def take(self, link: Link) -> None:
        """The next link."""
        before = self._last
        if before is None or before.chain != link.chain:
            self._close()
            self.chains += 1
            position, head = 0, NOTHING
        else:
            position, head = before.position, before.hash
        if link.position != position + 1:
            self._hole(Flaw(link.seq, link.chain, "predecessor_missing"))
        elif link.previous_hash != head:
            self._note(Flaw(link.seq, link.chain, "link_broken"))
        self._last = link

    def end(self, empty: Iterable[str]) -> None:
        """After the last link; `empty` are chains that should have entries and have none."""
        self._close()
        for chain in empty:
            self._hole(Flaw(None, chain, "chain_missing"))

    def _close(self) -> None:
        last = self._last
        if last is None:
            return
        if last.length is None:
            self._note(Flaw(last.seq, last.chain, "chain_not_counted"))
        elif last.length > last.position:
            self._hole(Flaw(None, last.chain, "successor_missing"))
        elif (last.length, last.head) != (last.position, last.hash):
            self._note(Flaw(last.seq, last.chain, "head_differs"))

    def _hole(self, flaw: Flaw) -> None:
        if len(self.holed) < 2 and flaw.chain is not None:  # noqa: PLR2004 - one, or more than one
            self.holed.add(flaw.chain)
        self._note(flaw)

    def _note(self, flaw: Flaw) -> None:
        if self.flaw is None or _place(flaw) < _place(self.flaw):
            self.flaw = flaw


@dataclass(frozen=True)
class Report:
    """What a check found: `flaws` holds the first of each walk, the lowest number first."""

    size: int
    chains: int
    digest: str
    checkpoints: int
    flaws: tuple[Flaw, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing differs."""
        return not self.flaws


def report(whole: Whole, links: Links) -> Report:
    """Both walks together, so that a missing entry gets its number and its chain where possible."""
    by_number, by_chain = whole.flaw, links.flaw
    if by_number is not None and by_number.chain is None and len(links.holed) == 1:
        by_number = Flaw(by_number.seq, min(links.holed), by_number.what)
    if by_number is None and by_chain is not None and by_chain.seq is None:
        # All numbers that there are fit together, so what is missing was the next.
        by_chain = Flaw(whole.size + 1, by_chain.chain, by_chain.what)
    flaws = [flaw for flaw in (by_number, by_chain) if flaw is not None]
    ordered = tuple(sorted(flaws, key=_place))
    return Report(whole.size, links.chains, whole.digest.hex(), len(whole.checkpoints), ordered)


def _place(flaw: Flaw) -> tuple[bool, int]:
    return flaw.seq is None, flaw.seq or 0


def _wrong_in(entry: Entry) -> str | None:
    record = entry.record
    if record.hash() != entry.record_hash:
        return "content_differs"
    own = entry_hash(entry.previous_hash, record.key, entry.position, entry.record_hash)
    if own != entry.hash:
        return "hash_differs"
    return None if _columns_agree(record) else "columns_differ"


def _columns_agree(record: Record) -> bool:
    try:
        attributes = dict(json.loads(record.headers))
        recorded = attributes.get("ce_recordedtime")
        recorded_at = None if recorded is None else parse_time(recorded)
        event_id = UUID(attributes["ce_id"])
        type_ = attributes["ce_type"]
    except (KeyError, TypeError, ValueError):
        return False  # a forger may have put anything there
    return (event_id, type_, recorded_at) == (record.event_id, record.type, record.recorded_at)
