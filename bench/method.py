"""How this folder measures: quiet or not, percentiles, pairs that alternate, processor time."""

import gc
import math
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import psutil

MOVED = 0.15
"""A run whose calibration moved by more than this share was disturbed by something else."""
UNQUIET = ", machine not quiet"
"""Stands behind the name of a figure from such a run."""
_LOOPS = 2_000_000


def calibrate() -> float:
    """Millions of iterations per second of a fixed loop: how much of a core we get just now."""
    began = time.perf_counter()
    for _ in range(_LOOPS):
        pass
    return _LOOPS / (time.perf_counter() - began) / 1e6


def has_moved(calibrations: Sequence[float]) -> bool:
    """Whether the machine was another one at the end than at the beginning."""
    return max(calibrations) - min(calibrations) > MOVED * max(calibrations)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@dataclass(frozen=True, slots=True)
class Leg:
    """One measured stretch: operations, seconds, and processor seconds of client and server."""

    operations: int
    seconds: float
    client_cpu: float
    server_cpu: float
    faults: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Operations per second."""
        return self.operations / self.seconds

    def with_faults(self, faults: Sequence[str]) -> "Leg":
        """The same stretch with what a check has found afterwards."""
        return replace(self, faults=tuple(faults))

    @property
    def cpu_us(self) -> tuple[float, float]:
        """Microseconds of processor time per operation: client, server."""
        per = 1e6 / self.operations
        return self.client_cpu * per, self.server_cpu * per


@dataclass(frozen=True, slots=True)
class Pairs:
    """Legs of ours and of the reference, taken in turns."""

    ours: tuple[Leg, ...]
    reference: tuple[Leg, ...]
    calibrations: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """Our rate over the rate of the reference, pair by pair."""
        return [a.rate / b.rate for a, b in zip(self.ours, self.reference, strict=True)]

    @property
    def ratio(self) -> float:
        """The middle one."""
        return statistics.median(self.ratios)

    @property
    def faults(self) -> list[str]:
        """Everything that was wrong in any leg."""
        return [fault for leg in (*self.ours, *self.reference) for fault in leg.faults]

    @property
    def suffix(self) -> str:
        """What is added to the name of a figure that was disturbed."""
        return UNQUIET if has_moved(self.calibrations) else ""

    def told(self) -> str:
        """One line for people: rates, span of the ratios, processor time per operation."""
        spread = f"{min(self.ratios):.2f}-{max(self.ratios):.2f}"
        ours, reference = _cpu(self.ours), _cpu(self.reference)
        return (
            f"{median_rate(self.ours):,.0f}/s against {median_rate(self.reference):,.0f}/s, "
            f"ratio {self.ratio:.2f} ({spread}), client/server us {ours} against {reference}"
        )


def median_rate(legs: Sequence[Leg]) -> float:
    """The middle rate of some legs."""
    return statistics.median(leg.rate for leg in legs)


def _cpu(legs: Sequence[Leg]) -> str:
    client = statistics.median(leg.cpu_us[0] for leg in legs)
    server = statistics.median(leg.cpu_us[1] for leg in legs)
    return f"{client:.0f}/{server:.0f}"


async def alternate(
    ours: Callable[[], Awaitable[Leg]],
    reference: Callable[[], Awaitable[Leg]],
    repetitions: int,
    advance: Callable[[str], None],
) -> Pairs:
    """Take both in turns, so that what disturbs one disturbs the other."""
    a: list[Leg] = []
    b: list[Leg] = []
    calibrations = [calibrate()]
    for number in range(1, repetitions + 1):
        a.append(await ours())
        b.append(await reference())
        calibrations.append(calibrate())
        advance(f"pair {number}/{repetitions}: {a[-1].rate:,.0f}/s against {b[-1].rate:,.0f}/s")
    return Pairs(tuple(a), tuple(b), tuple(calibrations))


class Stopwatch:
    """Wall and processor time of a stretch; `servers` are process ids whose trees are counted."""

    def __init__(self, *servers: int) -> None:
        self._servers = servers
        gc.collect()
        self._server = sum(map(cpu_of_tree, servers))
        self._client = time.process_time()
        self._began = time.perf_counter()

    def leg(self, operations: int) -> Leg:
        """What was measured since this watch was made."""
        seconds = time.perf_counter() - self._began
        client = time.process_time() - self._client
        server = sum(map(cpu_of_tree, self._servers)) - self._server
        return Leg(operations, seconds, client, server)


def cpu_of_tree(pid: int) -> float:
    """Processor seconds of a process, of its living children, and of those it has buried."""
    total = 0.0
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if process.pid == pid:
            total += times.children_user + times.children_system
    return total
