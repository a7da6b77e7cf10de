"""P3: how long a command waits at half of what one process can do, beside a single durable insert.

The load is open: a command that is late counts from the instant at which it was due.
"""

import asyncio
import statistics
import time
from collections.abc import Set as AbstractSet

from bench import commands
from bench.commands import CALLERS, Opened
from bench.ground import Servers
from bench.method import Leg, Stopwatch, alternate, percentile
from bench.results import Figure, Row, judged, ratio_at_most
from chassis.errors import TooSlow, Unavailable
from chassis.eventlog import Cause
from contracts.base import Command

IDS = ("P3",)
SHARE = 0.5
DROPPED_SECONDS = 2.0
_MAXIMA = 3


async def run(servers: Servers, _wanted: AbstractSet[str]) -> list[Row]:
    """One row."""
    settings = servers.settings
    late: list[float] = []
    bare: list[float] = []
    async with commands.opened(servers) as ready:
        closed = [await commands.dispatched(ready) for _ in range(_MAXIMA)]
        rate = statistics.median(leg.rate for leg in closed) * SHARE
        settings.tell(f"P3: {rate:,.0f} commands/s, half of what {CALLERS} callers get")

        async def ours() -> Leg:
            waits: list[float] = []
            leg = await _on_time(ready, rate, waits)
            late.append(percentile(waits, 0.99) * 1e3)
            return leg

        async def reference() -> Leg:
            waits: list[float] = []
            leg = await commands.inserted(ready, 1, waits)
            bare.append(percentile(waits, 0.99) * 1e3)
            return leg

        pairs = await alternate(ours, reference, settings.repetitions, settings.tell)
    faults = [*pairs.faults, *(fault for leg in closed for fault in leg.faults)]
    ratio = statistics.median(a / b for a, b in zip(late, bare, strict=True))
    figure = Figure(statistics.median(late), "ms", statistics.median(bare), ratio)
    settings.tell(f"  p99 {figure.ours:.1f} ms against {figure.reference:.2f} ms, {pairs.told()}")
    settings.tell(f"  faults: {'; '.join(faults) or 'none'}")
    what = f"wait for a command, p99, at half of the own maximum, against one insert{pairs.suffix}"
    return [judged("P3", what, figure, ratio_at_most(40), checked=not faults)]


async def _on_time(ready: Opened, rate: float, waits: list[float]) -> Leg:
    """Each command at its instant; `waits` takes the seconds from due to answered."""
    seconds = DROPPED_SECONDS + 2 * ready.servers.settings.leg_seconds
    made = commands.some(ready.applications, round(rate * seconds))
    done: list[Command] = []
    refused = 0
    watch = Stopwatch(ready.servers.postmaster)
    began = time.perf_counter()

    async def call(command: Command, after: float) -> None:
        nonlocal refused
        try:
            await ready.dispatcher.dispatch(command, Cause(command.key))
        except (TooSlow, Unavailable):
            refused += 1
            return
        done.append(command)
        if after >= DROPPED_SECONDS:
            waits.append(time.perf_counter() - began - after)

    async with asyncio.TaskGroup() as group:
        for number, command in enumerate(made):
            after = number / rate
            if (early := began + after - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            group.create_task(call(command, after))
    leg = watch.leg(len(done))
    found = [f"{refused} commands turned away"] if refused else []
    return leg.with_faults([*found, *await commands.faults(ready.checks, done)])
