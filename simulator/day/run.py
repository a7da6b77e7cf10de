"""`loket day`: a platform of its own for one day, progress while it plays, then what came of it."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chassis import clock
from local import clients, stack
from simulator.day import picture, visits
from simulator.day.desks import Desks
from simulator.day.kiosk import Kiosk
from simulator.day.link import Link
from simulator.day.report import Report, reported, show
from simulator.day.script import Script, written_for
from simulator.day.stage import Stage
from simulator.day.visitors import Visitors
from simulator.malls import officer_of
from simulator.platform import Calls, Platform, find

MONDAY = date(2026, 3, 2)
"""A working day of the calendar of 2026."""
VISITS = 350


@dataclass(frozen=True)
class Options:
    """Which day is played, and the home in which the platform lives and the picture lies."""

    home: Path
    day: date = MONDAY
    seed: int = 1
    visits: int = VISITS


def main(options: Options, console: Console) -> Report:
    """Start, play, stop. Raises StackError, or Answered when something is refused unexpectedly."""
    script = written_for(options.day)
    with _platform(options.home, script.eve) as platform:
        report = asyncio.run(_play(options, script, platform, console))
    file = options.home / f"day-{options.day}-{options.seed}.svg"
    title = f"{script.name}, {options.day:%A %d %B %Y}, seed {options.seed}"
    served = report.stage.outcome.served
    drawn = picture.draw(title, script.opening.opens_at, script.hours, served, script.troubles)
    file.write_text(drawn, encoding="utf-8")
    show(report, console)
    console.print(f"The picture is in {file}")
    return report


@contextlib.contextmanager
def _platform(home: Path, begins_at: datetime) -> Iterator[Platform]:
    """One with empty data whose services follow the day's clock; stopped at the end."""
    home.mkdir(parents=True, exist_ok=True)
    stack.down(home)
    clock.set_file(_clock_of(home), begins_at)
    os.environ.update(LOKET_CLOCK_FILE=str(_clock_of(home)), LOKET_DUE_SECONDS="0.1")
    stack.up(stack.options_from(home), fresh=True)
    try:
        yield find(home)
    finally:
        stack.down(home)


def _clock_of(home: Path) -> Path:
    return home / "clock"


async def _play(options: Options, script: Script, platform: Platform, console: Console) -> Report:
    for shift in script.shifts:
        officer = officer_of(script.mall, shift.counter)
        clients.register_client(platform.home, officer, ["officer"], mall=script.mall)
    drawn = visits.draw_visits(options.seed, options.visits, script.opening)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    async with Calls(platform) as calls:
        with Progress(*columns, console=console, transient=True) as progress:
            bar = progress.add_task("", total=len(drawn))

            def told(at: datetime, words: str) -> None:
                progress.update(bar, description=f"{at:%H.%M}  {words:<56}")

            stage = Stage(calls, script, options.seed, _clock_of(options.home), told)
            desks, kiosk = Desks(stage), Kiosk(stage)
            visitors = Visitors(stage, kiosk, drawn, desks.wake, lambda: progress.advance(bar))
            link = Link(stage, kiosk, desks, platform.home)
            stage.set(script.eve)
            await visitors.book()
            stage.at(script.opening.opens_at, kiosk.begin)
            link.plan()
            desks.plan()
            visitors.plan()
            await stage.play()
        return await reported(stage, len(drawn))
