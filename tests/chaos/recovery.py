"""When a fault was over: bookkeeping of strikes, heals and recoveries.

Each fault counts from its own heal, a kill from the kill, to the first moment at which the whole
system is seen to be level again. A neighbour that is still at work makes it longer, never shorter.
"""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.chaos.history import Lines, wall
from tests.chaos.schedule import Fault

SLOWEST_ALLOWED = 30.0


@dataclass
class Struck:
    """A fault that was injected. All times are monotonic seconds."""

    fault: Fault
    at: float
    wall: str
    counted_from: float | None = None
    """The kill, the signal to end, or the heal: from here on nothing more was done to it."""
    healed_at: float | None = None
    """Only looks from here on can prove that it is over."""
    recovered_at: float | None = None
    reached: bool = True
    """False for a fail-point that was not passed while it was armed."""
    note: str = ""

    @property
    def seconds(self) -> float | None:
        """How long recovery took; None while it lasts."""
        if self.recovered_at is None or self.counted_from is None:
            return None
        return self.recovered_at - self.counted_from


@dataclass
class Book:
    """All faults of a run."""

    lines: Lines
    now: Callable[[], float] = time.monotonic
    faults: list[Struck] = field(default_factory=list)

    def strike(self, fault: Fault) -> Struck:
        """A fault begins to work."""
        struck = Struck(fault, self.now(), wall())
        self.faults.append(struck)
        return struck

    def count(self, struck: Struck) -> None:
        """The blow itself has fallen: its recovery counts from here, though it may do harm yet."""
        struck.counted_from = self.now()

    def heal(self, struck: Struck) -> None:
        """A fault no longer works; what it has left behind must recover by itself."""
        struck.healed_at = self.now()
        if struck.counted_from is None:
            struck.counted_from = struck.healed_at

    @property
    def open(self) -> list[Struck]:
        """Those that have not recovered yet."""
        return [one for one in self.faults if one.recovered_at is None]

    def healthy(self, since: float) -> None:
        """Everything worked in a look that began at `since`."""
        for one in self.open:
            if one.healed_at is not None and one.healed_at <= since:
                one.recovered_at = self.now()
                self._write(one)

    def close(self) -> None:
        """Write down what never recovered."""
        for one in self.open:
            self._write(one)
        self.lines.close()

    @property
    def last_heal(self) -> float | None:
        """When the last of those healed that have not recovered yet; None when there is none."""
        healed = [one.healed_at for one in self.open if one.healed_at is not None]
        return max(healed, default=None)

    @property
    def struck(self) -> int:
        """How many faults really struck."""
        return sum(one.reached for one in self.faults)

    @property
    def slowest(self) -> float:
        """The slowest recovery in seconds; infinite when one never came."""
        return float("inf") if self.open else self.slowest_so_far

    @property
    def slowest_so_far(self) -> float:
        """The same without those that have not recovered yet."""
        return max((one.seconds or 0.0 for one in self.faults), default=0.0)

    def _write(self, one: Struck) -> None:
        self.lines.write(
            {
                "at": _ns(one.at),
                "wall": one.wall,
                "kind": one.fault.kind,
                "target": one.fault.target,
                "seconds": one.fault.seconds,
                "counted_from": _ns(one.counted_from),
                "healed_at": _ns(one.healed_at),
                "recovered_at": _ns(one.recovered_at),
                "reached": one.reached,
                "note": one.note,
            }
        )


def _ns(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1e9)


@dataclass(frozen=True)
class Row:
    """The recoveries of one kind of fault."""

    kind: str
    times: int
    fastest: float
    median: float
    slowest: float


def table(faults: Iterable[Struck]) -> list[Row]:
    """One row per kind, by name."""
    by_kind: dict[str, list[float]] = {}
    for one in faults:
        if one.reached:
            seconds = float("inf") if one.seconds is None else one.seconds
            by_kind.setdefault(one.fault.kind, []).append(seconds)
    return [
        Row(kind, len(found), min(found), statistics.median(found), max(found))
        for kind, found in sorted(by_kind.items())
    ]
