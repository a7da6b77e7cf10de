"""The load of a run: an open one, so that visitors come whether or not the platform keeps up."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.chaos.agencies import Agencies
from tests.chaos.citizens import Citizens
from tests.chaos.client import World
from tests.chaos.counters import COUNTERS, Counter
from tests.chaos.poison import Clerk, Poisoner
from tests.chaos.readers import Reader, Watcher
from tests.chaos.sender import Sender

MOST_UNDER_WAY = 600
END_SECONDS = 90.0


@dataclass
class Load:
    """All clients of a run. `visits` come per second, in proportion to their weight."""

    world: World
    per_second: float
    turned_away: int = 0
    """Visits that did not begin, because too many were under way in this process."""
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _mistakes: list[BaseException | None] = field(default_factory=list)

    async def run(self) -> None:
        """Send visitors until the load ends, then finish what is under way."""
        sender = Sender(self.world)
        agencies, citizens = Agencies(self.world, sender), Citizens(self.world)
        poisoner = Poisoner(self.world, sender, lambda: agencies.known)
        reader = Reader(self.world, lambda: agencies.known)
        watcher = asyncio.create_task(Watcher(self.world).watch())
        officers = [asyncio.create_task(Counter(self.world, *one).work()) for one in COUNTERS]
        visits: list[tuple[Callable[[], Awaitable[None]], int]] = [
            (citizens.book, 30),
            (citizens.walk_in, 15),
            (agencies.activity, 35),
            (agencies.journey, 2),
            (reader.look, 17),
            (agencies.checkpoint, 1),
            (poisoner.poison, 3),
            (Clerk(self.world).settle, 1),
        ]
        await self._send(visits)
        try:
            async with asyncio.timeout(END_SECONDS):
                await asyncio.gather(*self._under_way, *officers)
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
            await sender.stop()
        for mistake in filter(None, self._mistakes):
            raise mistake

    async def _send(self, visits: list[tuple[Callable[[], Awaitable[None]], int]]) -> None:
        kinds, weights = zip(*visits, strict=True)
        due = time.monotonic()
        while await self.world.pause(max(0.0, due - time.monotonic())):
            due += self.world.lots.expovariate(self.per_second)
            if len(self._under_way) >= MOST_UNDER_WAY:
                self.turned_away += 1
                continue
            (visit,) = self.world.lots.choices(kinds, weights)
            task = asyncio.ensure_future(visit())
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.world.stopping.set()  # a mistake of ours must not look like a calm run
            self._mistakes.append(task.exception())
