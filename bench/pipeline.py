"""P10: the whole pipeline, from a command over HTTP to its line in the read model.

Beside it the same pipeline written the ordinary way (`bench.naive`). Both get the same load from
the same callers over HTTP: closed, new applications and reports on known ones mixed. The clock runs
until the last command stands in the read model, so what is only accepted counts for nothing.
"""

import asyncio
import itertools
import random
import time
from contextlib import AsyncExitStack

import uvloop

from bench import sides
from bench.ground import Platform, Settings, platform
from bench.method import Leg, Stopwatch, alternate
from bench.results import Row, judged, median_figure, ratio_at_least
from bench.sides import Done, Side, TurnedAway
from contracts.ids import ApplicationId

IDS = ("P10",)
CALLERS = 32
NEW_IN = 5
"""One command in so many is a new application."""
_KNOWN = 200
_SETTLE_SECONDS = 180.0
_LOOK_SECONDS = 0.1


def run(settings: Settings) -> list[Row]:
    """One row."""
    with platform(settings, again=False, services=("tracking",)) as running:
        return uvloop.run(_measured(running))


async def _measured(running: Platform) -> list[Row]:
    settings = running.settings
    seconds = settings.pipeline_seconds / settings.repetitions
    async with AsyncExitStack() as opened:
        ours = Load(await opened.enter_async_context(sides.ours(running)))
        naive = Load(await opened.enter_async_context(sides.naive(running)))
        settings.tell(f"P10: {CALLERS} callers over HTTP, legs of {seconds:.0f} s and the rest")
        await ours.prime()
        await naive.prime()
        pairs = await alternate(
            lambda: ours.leg(seconds),
            lambda: naive.leg(seconds),
            settings.repetitions,
            settings.tell,
        )
    settings.tell(f"  {pairs.told()}; faults: {'; '.join(pairs.faults) or 'none'}")
    what = f"commands over HTTP until they are read, against the ordinary way{pairs.suffix}"
    figure = median_figure(pairs)
    return [judged("P10", what, figure, ratio_at_least(15), checked=not pairs.faults)]


class Load:
    """Callers of one side, and the applications that they know."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._known: list[ApplicationId] = []
        self._lots = random.Random(7)  # noqa: S311 - no secret

    async def prime(self) -> None:
        """The first applications; returns when they are shown, so that everything is awake."""
        await self._side.begin()
        self._known = [await self._side.submit() for _ in range(_KNOWN)]
        if not await self._shown(_KNOWN):
            raise RuntimeError("the pipeline shows nothing: look into the logs of its home")

    async def leg(self, seconds: float) -> Leg:
        """As much as can be for so long, and the wait until all of it is shown."""
        await self._side.begin()
        watch = Stopwatch(*self._side.servers)
        done = await self._feed(time.perf_counter() + seconds)
        all_shown = await self._shown(done.count)
        leg = watch.leg(done.count)
        found = [] if all_shown else ["not everything was shown in time"]
        return leg.with_faults([*found, *await self._side.faults(done)])

    async def _feed(self, ends_at: float) -> Done:
        done = Done()
        numbers = itertools.count()

        async def call() -> None:
            while time.perf_counter() < ends_at:
                try:
                    if next(numbers) % NEW_IN == 0:
                        new = await self._side.submit()
                        done.applications.append(new)
                        self._known.append(new)
                    else:
                        known = self._lots.choice(self._known)
                        done.reports.append(await self._side.report(known))
                except TurnedAway:
                    done.refused += 1

        await asyncio.gather(*(call() for _ in range(CALLERS)))
        return done

    async def _shown(self, wanted: int) -> bool:
        ends_at = time.monotonic() + _SETTLE_SECONDS
        while await self._side.shown() < wanted:
            if time.monotonic() > ends_at:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        return True
