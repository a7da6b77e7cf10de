"""P18.idle: what the services cost while nothing happens, with many malls beside few.

Malls cannot be taken back, so few come first. Windows of each are taken one after the other.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence

from bench.ground import Platform
from bench.method import UNQUIET, calibrate, cpu_of_tree, has_moved
from bench.results import Figure, Row, judged, ratio_at_most
from catalogue.publish import publish_entries
from contracts.ids import MallId
from local import credentials
from local.backends import offices
from local.plan import SERVICES

IDS = ("P18",)
MALLS = 514
_WAIT_SECONDS = 60.0
_REST_SECONDS = 3.0


async def run(platform: Platform) -> list[Row]:
    """One row: milliseconds of processor time per second, all five services together."""
    settings = platform.settings
    _, malls = offices()
    settings.tell(f"P18.idle: the services at rest with {len(malls)} malls, then with {MALLS} more")
    calibrations = [calibrate()]
    few = await _windows(platform)
    state = platform.state
    access = credentials.access(state.home, state.bootstrap, credentials.CATALOGUE)
    new = [
        malls[0].model_copy(update={"code": MallId(f"mpp-bench-{number}")})
        for number in range(MALLS)
    ]
    await publish_entries(access, new)
    faults = await _known(platform, len(malls) + MALLS)
    many = await _windows(platform)
    calibrations.append(calibrate())
    suffix = UNQUIET if has_moved(calibrations) else ""
    settings.tell(
        f"  {many:.1f} ms/s against {few:.1f} ms/s; faults: {'; '.join(faults) or 'none'}"
    )
    what = f"the five services at rest, per second, with {MALLS} more malls{suffix}"
    figure = Figure(many, "ms", few)
    return [judged("P18.idle", what, figure, ratio_at_most(1.1), checked=not faults)]


async def _windows(platform: Platform) -> float:
    """The middle of some windows, in milliseconds of processor time per second."""
    await asyncio.sleep(_REST_SECONDS)
    pids = [platform.now(service) for service in SERVICES]
    seconds = platform.settings.load_seconds / 5
    return statistics.median(
        [await _window(pids, seconds) for _ in range(platform.settings.repetitions)]
    )


async def _window(pids: Sequence[int], seconds: float) -> float:
    began, used = time.perf_counter(), sum(map(cpu_of_tree, pids))
    await asyncio.sleep(seconds)
    return (sum(map(cpu_of_tree, pids)) - used) / (time.perf_counter() - began) * 1e3


async def _known(platform: Platform, malls: int) -> list[str]:
    """Wait until those who keep malls have them all."""
    deadline = time.monotonic() + _WAIT_SECONDS
    left = ["booking", "queue"]
    while left and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        left = [service for service in left if await _count(platform, service) < malls]
    return [f"{service} does not know all malls" for service in left]


async def _count(platform: Platform, service: str) -> int:
    connection = await platform.connect(service)
    try:
        found: int = await connection.fetchval("SELECT count(*) FROM malls")
        return found
    finally:
        await connection.close()
