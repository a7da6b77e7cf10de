"""I5b: draws and wait lists, recomputed from their facts by a second implementation of the rule."""

import hashlib
import hmac
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from checker.evidence import Check, Evidence, Fact

_RANK = b"loket draw v1\x00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Place = tuple[int, int, bytes]


@dataclass
class _Day:
    """Who waits for a day, each with the place where he stands; None before the draw."""

    digest: str | None = None
    seed: bytes | None = None
    waits: dict[str, Place | None] = field(default_factory=dict)

    def rank(self, id_: str) -> Place:
        """The place of an entry of the draw."""
        found = hmac.digest(self.seed or b"", _RANK + UUID(id_).bytes, hashlib.sha256)
        return 0, int.from_bytes(found[:8], "big") >> 1, UUID(id_).bytes


@dataclass
class _Lists:
    check: Check
    days: dict[str, _Day] = field(default_factory=lambda: defaultdict(_Day))

    def take(self, fact: Fact) -> None:
        """One fact of a day or an entry later."""
        name = fact.type.removeprefix("booking.").partition(".")[0]
        if name == "day_announced":
            self.days[fact.aggregate_id].digest = fact.data.get("seed_digest")
        elif name in {"lottery_drawn", "seed_revealed"}:
            self._reveal(name, fact)
        elif name.startswith("wait_"):
            self.check.examined += 1
            self._wait(name, fact, self.days[str(fact.data["day_id"])])

    def _reveal(self, name: str, fact: Fact) -> None:
        self.check.examined += 1
        day, seed = self.days[fact.aggregate_id], bytes.fromhex(fact.data["seed"])
        if hashlib.sha256(seed).hexdigest() != day.digest:
            self.check.blame("illegal", f"day {fact.aggregate_id}: not the seed that was announced")
        day.seed = seed
        if name != "lottery_drawn":
            return
        entries = [id_ for id_, place in day.waits.items() if place is None]
        digest = hashlib.sha256(b"".join(sorted(UUID(id_).bytes for id_ in entries))).hexdigest()
        if (len(entries), digest) != (int(fact.data["entries"]), fact.data["entries_digest"]):
            self.check.blame("illegal", f"day {fact.aggregate_id}: not its entries were drawn")
        day.waits.update({id_: day.rank(id_) for id_ in entries})

    def _wait(self, name: str, fact: Fact, day: _Day) -> None:
        id_ = fact.aggregate_id
        behind = (1, (fact.time - _EPOCH) // timedelta(microseconds=1), UUID(id_).bytes)
        if name == "wait_joined":
            day.waits[id_] = None if fact.data["kind"] == "lottery" else behind
        elif name == "wait_passed":
            day.waits[id_] = behind
        elif name == "wait_left":
            day.waits.pop(id_, None)
        elif name == "wait_offered":
            self._offered(id_, day, str(fact.data["day_id"]))

    def _offered(self, id_: str, day: _Day, day_id: str) -> None:
        places = {one: place for one, place in day.waits.items() if place is not None}
        if len(places) < len(day.waits):
            self.check.blame("illegal", f"day {day_id}: an offer before the draw")
        elif places and min(places, key=lambda one: places[one]) != id_:
            self.check.blame("misordered", f"day {day_id}: {id_} was offered a place before others")
        day.waits.pop(id_, None)


def lists_are_in_order(evidence: Evidence) -> Check:
    """Seeds are those announced, ranks follow from them, and each offer went to the first."""
    lists = _Lists(Check("I5b", "draws cannot be chosen and lists are in order"))
    for fact in evidence.facts:
        if fact.type.startswith("booking."):
            lists.take(fact)
    return lists.check
