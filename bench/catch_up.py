"""P26: how long the read model needs to be level again after it stood still under half the load.

It stands still because somebody else holds the row that it must change with every batch: service,
relay, Kafka and consumers go on, time out, and try again, as they do when a database hangs.
"""

import asyncio
import statistics
import time
from typing import Any

import simulator.platform as client
from bench import asking, reports, verdicts
from bench.asking import DROPPED_SECONDS, Answers, Door
from bench.ground import Platform
from bench.method import UNQUIET, calibrate, has_moved
from bench.results import Figure, Row, judged, ratio_at_most
from contracts.tracking import ActivityRecorded

IDS = ("P26",)
SHARE = 0.5
OUTAGE_SHARE = 1.5
"""The outage is so many times as long as a load on the platform: 30 s by default."""
PATIENCE = 5
"""Not level after so many outages' time: it never will be."""
_LEVEL_SECONDS = 0.5
_LOOK_SECONDS = 0.1
_HOLD = "SELECT FROM timeline_head FOR UPDATE"
_HEAD = "SELECT position FROM timeline_head"
_BEHIND = f"""
SELECT (SELECT count(*) FROM event_log WHERE type = '{ActivityRecorded.wire_type()}' AND time >= $1)
     - (SELECT count(*) FROM timeline WHERE type = '{ActivityRecorded.wire_type()}' AND time >= $1)
"""  # noqa: S608 - names of our own contracts


async def run(platform: Platform) -> list[Row]:
    """One row: seconds until level, against the seconds of the outage."""
    state, settings = platform.state, platform.settings
    watching, holding = [await platform.connect("tracking") for _ in range(2)]
    try:
        where = client.Platform(state.urls, state.bootstrap, state.home)
        async with client.Calls(where) as calls:
            known = await reports.applications(calls)
            async with asking.opened(calls, known, reports.agencies()) as door:
                bench = _Outages(platform, door, watching, holding)
                rate = SHARE * await bench.maximum()
                settings.tell(f"P26: {bench.seconds:.0f} s of outage at {rate:,.0f} reports/s")
                calibrations, needed = [calibrate()], list[float]()
                for _ in range(settings.repetitions):
                    needed.append(await bench.outage(rate))
                    calibrations.append(calibrate())
                    settings.tell(f"  level again after {needed[-1]:.1f} s")
    finally:
        await asyncio.gather(watching.close(), holding.close())
    settings.tell(f"  faults: {'; '.join(bench.faults) or 'none'}")
    disturbed = UNQUIET if has_moved(calibrations) else ""
    what = f"until the read model is level after an outage under half the load{disturbed}"
    figure = Figure(statistics.median(needed), "s", bench.seconds)
    return [judged("P26", what, figure, ratio_at_most(0.3), checked=not bench.faults)]


class _Outages:
    """Holds the read model still and lets it go; `faults` is what was wrong in any of it."""

    def __init__(self, platform: Platform, door: Door, watching: Any, holding: Any) -> None:
        self.seconds = OUTAGE_SHARE * platform.settings.load_seconds
        self.faults: list[str] = []
        self._platform = platform
        self._door = door
        self._watching = watching
        self._holding = holding

    async def maximum(self) -> float:
        """What the service accepts per second when all goes well."""
        answers = Answers()
        seconds, pid = self._platform.settings.load_seconds / 2, self._platform.now("tracking")
        leg = await asking.stretch(
            lambda stop: asking.closed(self._door, answers, stop), answers, seconds, pid
        )
        await self._judge(answers)
        return leg.rate

    async def outage(self, rate: float) -> float:
        """Seconds from the end of one outage until the read model is level, the load going on."""
        answers, stop = Answers(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(asking.on_time(self._door, answers, rate, stop))
            try:
                await asyncio.sleep(DROPPED_SECONDS)
                await self._hold_still()
                needed = await self._level(answers, rate)
            finally:
                stop.set()
        await self._judge(answers)
        if answers.turned_away:
            self.faults.append(f"{answers.turned_away} reports turned away at half the load")
        return needed

    async def _hold_still(self) -> None:
        async with self._holding.transaction():
            await self._holding.execute(_HOLD)
            before = await self._watching.fetchval(_HEAD)
            await asyncio.sleep(self.seconds)
            if await self._watching.fetchval(_HEAD) != before:
                self.faults.append("the read model moved during its outage")

    async def _level(self, answers: Answers, rate: float) -> float:
        """Level is: not further behind than the load of half a second."""
        began = time.perf_counter()
        while (needed := time.perf_counter() - began) < PATIENCE * self.seconds:
            if await self._watching.fetchval(_BEHIND, answers.began) <= rate * _LEVEL_SECONDS:
                return needed
            await asyncio.sleep(_LOOK_SECONDS)
        self.faults.append(f"not level after {needed:.0f} s")
        return needed

    async def _judge(self, answers: Answers) -> None:
        """In the end the read model has every report that was accepted, once, in order."""
        await verdicts.settled(self._watching, answers.sent())
        found = await verdicts.acknowledged_kept(self._watching, answers.sent())
        self.faults += [*answers.faults(), *found]
