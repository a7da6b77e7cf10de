"""P13: what one core delivers to event streams, beside a bare protocol that sends the same bytes.

One change at a time goes to all subscribers, and the next one when the last of them has it: so both
servers make one write per delivery, and nothing is gathered.
"""

import time
from dataclasses import replace

from bench import streaming, subscribers
from bench.ground import Settings
from bench.method import Leg, Stopwatch, alternate
from bench.results import Row, judged, median_figure, ratio_at_least
from bench.streaming import Child
from bench.subscribers import Subscribers

IDS = ("P13",)
SUBSCRIBERS = 1_000
_CHANGES_MIN = 10
_WARMING = 5


async def run(settings: Settings) -> list[Row]:
    """One row: deliveries per second of the server's processor time."""
    subscribers.make_room(2 * SUBSCRIBERS)
    settings.tell(f"P13: {SUBSCRIBERS:,} subscribers of ours, and of a bare protocol")
    with (
        streaming.started("ours") as our_server,
        streaming.started("bare") as bare_server,
        Subscribers(our_server.port, streaming.PATH) as ours,
        Subscribers(bare_server.port, streaming.PATH) as bare,
    ):
        for server, readers in ((our_server, ours), (bare_server, bare)):
            readers.open(SUBSCRIBERS)
            _publish(server, readers, _WARMING)

        async def our_leg() -> Leg:
            return leg(our_server, ours, settings.leg_seconds)

        async def bare_leg() -> Leg:
            return leg(bare_server, bare, settings.leg_seconds)

        pairs = await alternate(our_leg, bare_leg, settings.repetitions, settings.tell)
    settings.tell(f"  {pairs.told()}; faults: {'; '.join(pairs.faults) or 'none'}")
    what = f"deliveries to {SUBSCRIBERS:,} event streams per core-second, against a bare protocol"
    figure = median_figure(pairs)
    goal = ratio_at_least(0.4)
    return [judged("P13", what + pairs.suffix, figure, goal, checked=not pairs.faults)]


def leg(server: Child, readers: Subscribers, seconds: float) -> Leg:
    """As many changes as go into the time; the rate is per second of the server's core."""
    before = server.published
    readers.faults(range(1, before + 1))  # what went before was judged before
    ends_at = time.perf_counter() + seconds
    watch = Stopwatch(server.pid)
    while time.perf_counter() < ends_at or server.published - before < _CHANGES_MIN:
        _publish(server, readers, 1)
    measured = watch.leg((server.published - before) * len(readers.readers))
    found = readers.faults(range(before + 1, server.published + 1))
    return per_core(measured).with_faults(found)


def _publish(server: Child, readers: Subscribers, count: int) -> None:
    for _ in range(count):
        server.publish()
        readers.wait_for(1)


def per_core(leg: Leg) -> Leg:
    """The same stretch, as long as the server's processor was at work in it."""
    return replace(leg, seconds=leg.server_cpu)
