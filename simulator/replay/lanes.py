"""Sends the reports of a book: cases side by side, within a case one after the other."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from simulator.replay.book import Report
from simulator.replay.together import together

# How many reports may be read ahead, per lane: enough that a long case keeps no other waiting.
AHEAD = 32
Deliver = Callable[[Report], Awaitable[None]]


class Lanes:
    """`count` reports at most are under way. `done` counts those that were answered."""

    def __init__(self, deliver: Deliver, count: int) -> None:
        self._deliver = deliver
        self._count = count
        self._room = asyncio.Semaphore(count * AHEAD)
        self._waiting: dict[int, deque[Report]] = {}
        self._ready: asyncio.Queue[int | None] = asyncio.Queue()
        self._fed = False
        self.done = 0

    async def run(self, reports: Iterable[Report]) -> float:
        """Deliver all reports and return how many seconds it took."""
        begun = time.monotonic()
        await together(self._feed(reports), *(self._work() for _ in range(self._count)))
        return time.monotonic() - begun

    async def _feed(self, reports: Iterable[Report]) -> None:
        for report in reports:
            await self._room.acquire()
            case = report.case.number
            if case in self._waiting:
                self._waiting[case].append(report)
            else:
                self._waiting[case] = deque([report])
                self._ready.put_nowait(case)
        self._fed = True
        self._end_when_empty()

    async def _work(self) -> None:
        while (case := await self._ready.get()) is not None:
            # The case stays in `_waiting` meanwhile, so that no other lane can begin with it.
            line = self._waiting[case]
            await self._deliver(line.popleft())
            self.done += 1
            self._room.release()
            if line:
                self._ready.put_nowait(case)
            else:
                del self._waiting[case]
                self._end_when_empty()

    def _end_when_empty(self) -> None:
        if self._fed and not self._waiting:
            for _ in range(self._count):
                self._ready.put_nowait(None)
