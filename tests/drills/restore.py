"""`python -m tests.drills.restore`: lose PostgreSQL's data for once, restore them, measure both.

It starts a platform of its own, and stops it. A morning is played, a backup is made during a
second one, a third one follows; then the data directory is deleted. This is done twice: with a
backup alone, and with one that followed the databases until they were gone. A line for each tells
how many facts there were, how many are back, how many are lost, and how long it took from the loss
until `loket verify` agreed; the last line is of the second. Exit status 1 when less came back than
the backup held, when one that followed lost anything, or when the platform does not agree with
itself.
"""

import asyncio
import logging
import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local import stack
from local.postgres import Postgres
from simulator.platform import Platform
from tests.journeys import own
from tests.journeys.cli import Ended, loket
from tests.journeys.own import morning, own_home, start


@dataclass(frozen=True)
class Outcome:
    """What a drill found; `backed_up` are the facts that were there when the backup began."""

    events: int
    backed_up: int
    restored: int
    seconds: float
    followed: bool

    @property
    def is_good(self) -> bool:
        """Whether everything came back that should."""
        return (self.events if self.followed else self.backed_up) <= self.restored

    @property
    def line(self) -> str:
        """The line for whoever compares runs."""
        which = "drill-restore" if self.followed else "with a backup alone"
        return (
            f"{which}: events={self.events} restored={self.restored} "
            f"lost={max(0, self.events - self.restored)} rto={self.seconds:.1f} s"
        )


class DrillFailed(Exception):
    """A step of the drill did not end well."""


def main() -> int:
    """Run the drill in a home of its own, which is deleted afterwards."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that is gone is no news
    outcomes = []
    for followed in (False, True):
        with own_home("loket-drill-") as home:
            try:
                outcome = asyncio.run(drill(home, followed=followed))
            except DrillFailed as problem:
                sys.stderr.write(f"{problem}\n")
                return 1
        tell(outcome.line)
        outcomes.append(outcome)
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


async def drill(home: Path, *, followed: bool) -> Outcome:
    """Lose and restore. Raises DrillFailed when a command fails."""
    platform = await start(home)
    backup = home / "backup"
    await morning(platform)
    tell("a morning is over, the backup begins while the next one is played")
    playing = asyncio.create_task(morning(platform))
    if followed:
        async with own.followed(home, backup):
            events = await work_on(home, platform, playing)
    else:
        await command(home, "backup", str(backup))
        events = await work_on(home, platform, playing)
    began = time.monotonic()
    shutil.rmtree(Postgres(home / "postgres").data)
    tell("PostgreSQL's data are gone")
    restored = await command(home, "restore", str(backup))
    tell("what was kept is in its place")
    await start(home)
    await command(home, "reconcile", "--repair")
    await command(home, "verify")
    seconds = time.monotonic() - began
    backed_up: Mapping[str, int] = restored.json()["facts"]
    return Outcome(events, sum(backed_up.values()), await facts(home), seconds, followed)


async def work_on(home: Path, platform: Platform, playing: "asyncio.Task[None]") -> int:
    """Go on until the platform is stopped; the facts until then."""
    await playing
    await morning(platform)
    events = await facts(home)
    stack.down(home)
    return events


async def facts(home: Path) -> int:
    """The facts in all event logs, when Kafka holds just these."""
    found = await command(home, "reconcile")
    return sum(one["facts"] for one in found.json())


async def command(home: Path, *words: str) -> Ended:
    """Run a verb of `loket`. Raises DrillFailed when it does."""
    ended = await loket({**os.environ, "LOKET_HOME": str(home)}, *words, "--json")
    if ended.code != 0:
        raise DrillFailed(f"`loket {words[0]}` failed:\n{ended.err}{ended.out}")
    return ended


def tell(what: str) -> None:
    """A line about how far the drill is."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
