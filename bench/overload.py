"""P25: what the service still does when twice as much is asked of it as it can do.

The reference is its own maximum over HTTP, taken in turns with the overload.
"""

from datetime import timedelta
from typing import Any

import simulator.platform as client
from bench import asking, reports, subscribers, verdicts
from bench.asking import DROPPED_SECONDS, Answers, Door
from bench.ground import Platform
from bench.method import Leg, alternate, percentile
from bench.read_model import shown_after
from bench.results import Figure, Row, at_most, judged, median_figure, ratio_at_least

IDS = ("P25",)
TIMES = 2.0
ENOUGH = 0.9
"""Whoever asks for less than this share of the overload has not got the processor for it."""
_CONNECTIONS = 5_000


async def run(platform: Platform) -> list[Row]:
    """The useful work, and how late the read model was meanwhile."""
    state, settings = platform.state, platform.settings
    subscribers.make_room(_CONNECTIONS, platform.now("tracking"))
    connection = await platform.connect("tracking")
    try:
        where = client.Platform(state.urls, state.bootstrap, state.home)
        async with client.Calls(where) as calls:
            known = await reports.applications(calls)
            async with asking.opened(calls, known, reports.agencies()) as door:
                return await _rows(_Overload(platform, connection, door), settings.repetitions)
    finally:
        await connection.close()


async def _rows(bench: "_Overload", repetitions: int) -> list[Row]:
    tell = bench.platform.settings.tell
    first = await bench.maximum()
    bench.rate = TIMES * first.rate
    tell(f"P25: {bench.rate:,.0f} reports/s are asked for, {first.rate:,.0f}/s are possible")
    late, usual = bench.late, bench.usual
    usual.clear()
    pairs = await alternate(bench.overloaded, bench.maximum, repetitions, tell)
    tell(f"  {pairs.told()}, {bench.turned_away:,} turned away")
    tell(f"  faults: {'; '.join(pairs.faults) or 'none'}")
    right = not pairs.faults
    lag = Figure(percentile(late, 0.99), "ms", percentile(usual, 0.99))
    work = f"reports accepted at twice the own maximum over HTTP, against it{pairs.suffix}"
    wait = f"event to read model, p99, at twice the own maximum{pairs.suffix}"
    return [
        judged("P25.work", work, median_figure(pairs), ratio_at_least(0.9), checked=right),
        judged("P25.lag", wait, lag, at_most(2000, "ms"), checked=right),
    ]


class _Overload:
    """Both loads; `late` and `usual` are the milliseconds from fact to read model under them."""

    def __init__(self, platform: Platform, connection: Any, door: Door) -> None:
        self.platform = platform
        self.rate = 0.0
        self.turned_away = 0
        self.late: list[float] = []
        self.usual: list[float] = []
        self._connection = connection
        self._door = door
        self._pid = platform.now("tracking")
        self._seconds = platform.settings.load_seconds / 2

    async def maximum(self) -> Leg:
        """As many as it takes."""
        answers = Answers()
        leg = await asking.stretch(
            lambda stop: asking.closed(self._door, answers, stop), answers, self._seconds, self._pid
        )
        return leg.with_faults(await self._faults(answers, self.usual))

    async def overloaded(self) -> Leg:
        """Twice as many."""
        answers = Answers()
        leg = await asking.stretch(
            lambda stop: asking.on_time(self._door, answers, self.rate, stop),
            answers,
            self._seconds,
            self._pid,
        )
        self.turned_away += answers.turned_away
        found = await self._faults(answers, self.late)
        asked = answers.asked / (DROPPED_SECONDS + self._seconds)
        self.platform.settings.tell(f"  asked {asked:,.0f}/s, {answers.turned_away:,} turned away")
        if asked < ENOUGH * self.rate:
            found.append(f"only {asked:,.0f}/s could be asked for")
        return leg.with_faults(found)

    async def _faults(self, answers: Answers, waits: list[float]) -> list[str]:
        """Nothing that was acknowledged is lost, doubled or out of order, however busy it was."""
        await verdicts.settled(self._connection, answers.sent())
        since = answers.began + timedelta(seconds=DROPPED_SECONDS)
        waits += await shown_after(self._connection, since)
        found = await verdicts.acknowledged_kept(self._connection, answers.sent())
        return [*answers.faults(), *found]
