"""`python -m bench.stages`: processor time of the tracking service per report, stage by stage.

The load is closed (a few reports on their way at any time), so that the size of groups and batches
is that of a calm day and does not depend on how busy the machine is.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import simulator.platform as client
from bench import profiled, reports, sampling, verdicts
from bench.ground import Platform, Settings, platform
from bench.reports import Door, Load, Sent
from bench.sampling import Profile, Stack
from local import paths

TOGETHER = 8
_HEAD = "SELECT position FROM timeline_head"
# The innermost frame whose module or name begins so decides; the first line that fits wins.
STAGES: tuple[tuple[str, str], ...] = (
    ("chassis.sse", "live stream"),
    ("services.tracking.stream", "live stream"),
    ("chassis.relay", "relay"),
    ("aiokafka.producer", "relay: client library"),
    ("chassis.dispatch:Dispatcher._commit", "decide and commit (HTTP)"),
    ("chassis.subscription:react", "decide (Kafka)"),
    ("services.tracking.projection", "read model: fold and save"),
    ("chassis.subscription:project", "read model: fold and save"),
    ("chassis.batch", "consumers: read, inbox, position"),
    ("chassis.consume", "consumers: read, inbox, position"),
    ("faststream", "consumers: client libraries"),
    ("aiokafka", "consumers: client libraries"),
    ("chassis.edge", "HTTP"),
    ("chassis.http", "HTTP"),
    ("uvicorn", "HTTP"),
    ("sqlalchemy", "pool of connections"),
)
OTHER = "event loop and rest"


def main(arguments: Sequence[str] | None = None) -> int:
    """Profile both doors and print where the time went."""
    parser = argparse.ArgumentParser(prog="python -m bench.stages", description=__doc__)
    parser.add_argument("--home", type=Path, default=paths.REPOSITORY / ".loket" / "bench")
    parser.add_argument("--reports", type=int, default=3000, help="over each door")
    chosen = parser.parse_args(arguments)
    console = Console()
    settings = Settings(chosen.home.resolve(), console.print)
    with platform(settings, services=("tracking",), module="bench.profiled") as running:
        for door in ("http", "kafka"):
            profile = asyncio.run(_profile(running, door, chosen.reports))
            show(door, profile, chosen.reports, console)
    return 0


async def _profile(running: Platform, door: Door, count: int) -> Profile:
    state = running.state
    connection = await running.connect("tracking")
    try:
        async with client.Calls(client.Platform(state.urls, state.bootstrap, state.home)) as calls:
            known, agencies = await reports.applications(calls), reports.agencies()
            await _send(Load(door, 200, 1, known, agencies), calls, connection)
            await _written(running)
            sent = await _send(Load(door, count, 1, known, agencies), calls, connection)
            profile = await _written(running)
        found = await verdicts.faults(connection, sent, in_order=door == "kafka")
    finally:
        await connection.close()
    running.settings.tell(f"{door}: {'; '.join(found) or 'none lost, doubled or out of order'}")
    return profile


async def _send(load: Load, calls: client.Calls, connection: Any) -> Sent:
    """A few at a time, each few once those before stand in the read model."""
    sent = Sent(datetime.now(UTC))
    async with reports.opened(load, calls, sent) as report:
        for first in range(0, load.count, TOGETHER):
            wanted = await connection.fetchval(_HEAD)
            few = range(first, min(first + TOGETHER, load.count))
            await asyncio.gather(
                *(report(number, datetime.now(UTC), time.perf_counter()) for number in few)
            )
            async with asyncio.timeout(30):
                while await connection.fetchval(_HEAD) < wanted + len(few):  # noqa: ASYNC110 - another process moves it
                    await asyncio.sleep(0.002)
    return sent


async def _written(running: Platform) -> Profile:
    """What the sampler has counted since it was last asked."""
    file = profiled.file_of(running.state.home)
    file.unlink(missing_ok=True)
    os.kill(running.pid("tracking"), signal.SIGUSR1)
    async with asyncio.timeout(10):
        while not file.exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    return sampling.read(file)


def stage_of(stack: Stack) -> str:
    """The stage that a stack belongs to, looked for from the inside out."""
    for frame in stack:
        for beginning, stage in STAGES:
            if frame.startswith(beginning):
                return stage
    return OTHER


def by_stage(profile: Profile) -> Counter[str]:
    """Samples per stage."""
    found: Counter[str] = Counter()
    for stack, count in profile.stacks:
        found[stage_of(stack)] += count
    return found


def show(door: Door, profile: Profile, count: int, console: Console) -> None:
    """Two tables: stages, and the functions that took most themselves."""
    each = profile.cpu / count * 1e6 / max(1, profile.samples)
    for title, counted in (("stage", by_stage(profile)), ("own time", profile.own())):
        table = Table(title, "us per report", title=f"{door}: {profile.cpu / count * 1e6:.0f} us")
        for name, samples in counted.most_common(20):
            table.add_row(name, f"{samples * each:.0f}")
        console.print(table)


if __name__ == "__main__":
    sys.exit(main())
