"""When a fault was over: bookkeeping of strikes, heals and recoveries.

A recovery is counted from the moment at which nothing else was broken any more, so that a fault
does not answer for its neighbours.
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
    healed_at: float | None = None
    clear_at: float | None = None
    """From here on neither this nor any other fault was at work."""
    recovered_at: float | None = None
    reached: bool = True
    """False for a fail-point that was not passed while it was armed."""
    note: str = ""

    @property
    def seconds(self) -> float | None:
        """How long recovery took; None while it lasts."""
        if self.recovered_at is None or self.clear_at is None:
            return None
        return self.recovered_at - self.clear_at


@dataclass
class Book:
    """All faults of a run."""

    lines: Lines
    now: Callable[[], float] = time.monotonic
    faults: list[Struck] = field(default_factory=list)

    def strike(self, fault: Fault) -> Struck:
        """A fault begins to work."""
        struck = Struck(fault, self.now(), wall())
        for one in self.faults:
            if one.recovered_at is None:
                one.clear_at = None
        self.faults.append(struck)
        return struck

    def heal(self, struck: Struck) -> None:
        """A fault no longer works; what it has left behind must recover by itself."""
        struck.healed_at = self.now()
        if all(one.healed_at is not None for one in self.faults):
            for one in self.faults:
                if one.recovered_at is None:
                    one.clear_at = struck.healed_at

    @property
    def open(self) -> list[Struck]:
        """Those that have not recovered yet."""
        return [one for one in self.faults if one.recovered_at is None]

    def healthy(self, since: float) -> None:
        """Everything worked in a look that began at `since`."""
        for one in self.open:
            if one.clear_at is not None and one.clear_at <= since:
                one.recovered_at = self.now()
                self._write(one)

    def close(self) -> None:
        """Write down what never recovered."""
        for one in self.open:
            self._write(one)
        self.lines.close()

    @property
    def count(self) -> int:
        """How many faults really struck."""
        return sum(one.reached for one in self.faults)

    @property
    def slowest(self) -> float:
        """The slowest recovery in seconds; infinite when one never came."""
        if self.open:
            return float("inf")
        return max((one.seconds or 0.0 for one in self.faults), default=0.0)

    def _write(self, one: Struck) -> None:
        self.lines.write(
            {
                "at": _ns(one.at),
                "wall": one.wall,
                "kind": one.fault.kind,
                "target": one.fault.target,
                "seconds": one.fault.seconds,
                "healed_at": _ns(one.healed_at),
                "clear_at": _ns(one.clear_at),
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
