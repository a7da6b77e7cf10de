"""The load of P10: what is mixed, what is counted, and what spoils a leg."""

import asyncio
from collections.abc import Sequence

from bench.pipeline import NEW_IN, Load
from bench.sides import Done, TurnedAway
from contracts.agencies import ActivityReported
from contracts.ids import ApplicationId, ReportId


class Side:
    """A pipeline that shows everything at once; `full` after so many reports."""

    servers: Sequence[int] = ()

    def __init__(self, full: int = 1_000_000) -> None:
        self.known: set[ApplicationId] = set()
        self.left = full
        self.taken = 0

    async def begin(self) -> None:
        self.taken = 0

    async def submit(self) -> ApplicationId:
        await asyncio.sleep(0)
        self.known.add(new := ApplicationId.new())
        self.taken += 1
        return new

    async def report(self, application: ApplicationId) -> ActivityReported:
        await asyncio.sleep(0.001)
        assert application in self.known
        self.left -= 1
        if self.left < 0:
            raise TurnedAway
        self.taken += 1
        report_id = ReportId.new()
        return ActivityReported(report_id=report_id, application_id=application, activity="a")

    async def shown(self) -> int:
        return self.taken

    async def faults(self, done: Done) -> list[str]:
        return [*done.turned_away(), *(["lost"] if self.taken != done.count else [])]


async def test_new_applications_and_reports_on_known_ones_are_mixed_and_all_counted() -> None:
    side = Side()
    load = Load(side)
    await load.prime()
    before = len(side.known)
    leg = await load.leg(0.2)
    assert leg.faults == ()
    assert leg.operations == side.taken > NEW_IN
    # Callers number what they begin, so that at most one round of them may be under way.
    assert 0 < len(side.known) - before <= leg.operations // NEW_IN + 32


async def test_what_is_turned_away_is_not_counted_and_spoils_the_leg() -> None:
    side = Side(full=3)
    load = Load(side)
    await load.prime()
    leg = await load.leg(0.1)
    assert leg.operations == side.taken
    assert "turned away" in " ".join(leg.faults)
