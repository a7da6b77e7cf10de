"""P14: what an idle event stream holds in the tracking service's memory, beside a bare protocol.

The service is started anew for each repetition: memory that was used once is not given back.
"""

import asyncio
import statistics

import psutil

import simulator.platform as client
from bench import reports, streaming, subscribers
from bench.ground import Platform
from bench.results import Figure, Row, at_most, judged
from bench.subscribers import Subscribers
from local import control

IDS = ("P14",)
STREAMS = 2_000
_WARMING = 50
_REST_SECONDS = 1.0
Held = tuple[float, list[str]]
"""KiB per stream, and what was wrong."""


async def run(platform: Platform) -> list[Row]:
    """One row: KiB of the process per open stream that gets nothing."""
    tell, state = platform.settings.tell, platform.state
    tell(f"P14: {STREAMS:,} idle event streams of tracking, and of a bare protocol")
    ours: list[Held] = []
    bare: list[Held] = []
    async with client.Calls(client.Platform(state.urls, state.bootstrap, state.home)) as calls:
        for _ in range(platform.settings.repetitions):
            ours.append(await _of_tracking(platform, calls))
            bare.append(await _of_bare())
            tell(f"  {ours[-1][0]:.1f} KiB against {bare[-1][0]:.1f} KiB")
    faults = [fault for _, found in (*ours, *bare) for fault in found]
    tell(f"  faults: {'; '.join(faults) or 'none'}")
    held, reference = (statistics.median(size for size, _ in each) for each in (ours, bare))
    what = f"memory per idle event stream, {STREAMS:,} of them, against a bare protocol"
    figure = Figure(held, "KiB", reference)
    return [judged("P14", what, figure, at_most(20, "KiB"), checked=not faults)]


async def _of_tracking(platform: Platform, calls: client.Calls) -> Held:
    home = platform.state.home
    await asyncio.to_thread(control.restart, home, "tracking")
    pid = platform.now("tracking")
    port = int(platform.state.urls["tracking"].rpartition(":")[2])
    token = (await calls.bearer("operator"))["Authorization"]
    with Subscribers(port, "/v1/stream", [f"authorization: {token}"]) as readers:
        size = await _held(pid, readers)
        # The streams are idle, and live: one application is told to all of them.
        await reports.applications(calls, 1)
        readers.wait_for(1)
        return size, readers.faults(readers.positions())


async def _of_bare() -> Held:
    with (
        streaming.started("bare") as server,
        Subscribers(server.port, streaming.PATH) as readers,
    ):
        size = await _held(server.pid, readers)
        server.publish()
        readers.wait_for(1)
        return size, readers.faults([1])


async def _held(pid: int, readers: Subscribers) -> float:
    """KiB per stream: a few are opened first, so that what the first one needs is not counted."""
    subscribers.make_room(STREAMS + _WARMING, pid)
    readers.open(_WARMING)
    await asyncio.sleep(_REST_SECONDS)
    before = _rss(pid)
    readers.open(STREAMS)
    await asyncio.sleep(_REST_SECONDS)
    return (_rss(pid) - before) / STREAMS / 1024


def _rss(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)
