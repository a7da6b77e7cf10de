"""`python -m bench [id ...]`: measure, show a table, keep `results/latest.json` and two pictures.

Exit status 1 when a figure is not backed by its check; a missed goal is no failure.
"""

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

import uvloop
from rich.console import Console

from bench import (
    audit,
    boards,
    catch_up,
    commands,
    growth,
    idle,
    overload,
    pipeline,
    plot,
    projector,
    read_model,
    rebuild,
    relay,
    release,
    results,
    spread,
    start,
    stream_memory,
    streams,
    table,
    telemetry_cost,
    tickets,
    waits,
)
from bench.ground import Settings, Tell, platform, servers
from bench.results import LATEST, Row, marked_quick
from chassis.collector import collect_rarely
from local import paths

ON_SERVERS = (
    commands,
    waits,
    relay,
    projector,
    tickets,
    rebuild,
    growth,  # its facts begin in the middle of their topic
    spread,  # last: it makes that topic anew
)
ON_PLATFORM = (
    read_model,  # first: it tells what every process holds since the start
    stream_memory,
    overload,
    catch_up,
    idle,  # last: its malls stay
)
ON_THEIR_OWN = (
    pipeline,
    release,
    telemetry_cost,
    audit,
    boards,
)
ALONE = (
    start,
    streams,
)
QUICK = "short and few: does everything work? No figure to quote, none kept in latest.json"
PAGE = paths.REPOSITORY / "docs" / "performance.md"
BENCHES = (*ON_SERVERS, *ON_THEIR_OWN, *ALONE, *ON_PLATFORM)
IDS = tuple(dict.fromkeys(each for one in BENCHES for each in one.IDS))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, or all of it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="id", help=f"some of {', '.join(IDS)}")
    parser.add_argument("--home", type=Path, default=paths.REPOSITORY / ".loket" / "bench")
    parser.add_argument("--repetitions", type=int, help="pairs of ours and reference; 5")
    parser.add_argument("--seconds", type=float, help="of each load on the platform; 20")
    parser.add_argument("--pipeline-seconds", type=float, help="of load in P10, together; 60")
    parser.add_argument("--results", type=Path, help="the file to keep rows in; latest.json")
    parser.add_argument("--quick", action="store_true", help=QUICK)
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.ids) - set(IDS))
    if unknown:
        parser.error(f"no such id: {', '.join(unknown)}; there are {', '.join(IDS)}")
    console = Console()
    began = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.0f} s[/dim]  {text}", highlight=False)

    settings = settings_of(chosen, tell)
    file = chosen.results or (settings.home / "quick.json" if chosen.quick else LATEST)
    if chosen.quick and file.resolve() == LATEST:
        parser.error(f"quick figures are not kept in {LATEST.name}")
    rows = measure(settings, set(chosen.ids or IDS))
    rows = [marked_quick(row) for row in rows] if chosen.quick else rows
    keep(rows, file)
    table.show(rows, console, table.QUICK if chosen.quick else table.FULL)
    console.print(f"kept in {file}")
    return 0 if all(row.checked for row in rows) else 1


def settings_of(chosen: argparse.Namespace, tell: Tell) -> Settings:
    """What was chosen; everything is shorter when it is to be quick."""
    settings = Settings(chosen.home.resolve(), tell)
    if chosen.quick:
        settings = settings.quickened()
    return replace(
        settings,
        repetitions=chosen.repetitions or settings.repetitions,
        load_seconds=chosen.seconds or settings.load_seconds,
        pipeline_seconds=chosen.pipeline_seconds or settings.pipeline_seconds,
    )


def measure(settings: Settings, wanted: AbstractSet[str]) -> list[Row]:
    """All rows of the wanted ids. What need not run is not started."""
    settings.home.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    if any(wanted & set(one.IDS) for one in ON_SERVERS):
        rows += uvloop.run(_on_servers(settings, wanted))
    for own in ON_THEIR_OWN:
        if wanted & set(own.IDS):
            rows += own.run(settings)
    for alone in ALONE:
        if wanted & (set(alone.IDS) - {"P22"}):
            rows += uvloop.run(alone.run(settings))
    if "P22" in wanted or any(wanted & set(one.IDS) for one in ON_PLATFORM):
        with platform(settings) as running:
            rows += start.warm(running)
            for bench in ON_PLATFORM:
                if wanted & set(bench.IDS):
                    rows += uvloop.run(bench.run(running))
    return [row for row in rows if row.id.partition(".")[0] in wanted]


async def _on_servers(settings: Settings, wanted: AbstractSet[str]) -> list[Row]:
    rows: list[Row] = []
    collect_rarely()  # what is measured in this process runs as in a service
    async with servers(settings) as found:
        for bench in ON_SERVERS:
            if wanted & set(bench.IDS):
                rows += await bench.run(found, wanted)
    return rows


def keep(rows: Sequence[Row], file: Path) -> None:
    """Replace what was measured again, draw both pictures anew, and fill in the page."""
    everything = results.merged(results.read(file), rows)
    results.write(everything, file)
    if file == LATEST:
        table.put_into(PAGE, everything)
    for name, text in (
        ("latency", plot.latencies(everything)),
        ("ratios", plot.ratios(everything)),
    ):
        file.with_name(f"{name}.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a topic that is new is no news
    sys.exit(main())
