"""What time causes is a command: every few seconds a service is asked what has become due.

Commands go through the ordinary dispatcher in a lane of their own. Each has a derived key that
names its moment (`hold:<id>`), so that several processes, a restart or a clock that jumps never do
a thing twice. Nothing is remembered here that matters: what is due is read from the tables.
"""

import asyncio
import contextlib
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import structlog

from chassis import clock, metrics
from chassis.database import Database, Tx
from chassis.decide import Outcome
from contracts.base import Command, Refused

LANE = "timers"
"""The lane in which these commands wait; callers' commands take turns with it."""
MOST = 200
"""Commands of one timer that are under way at once."""
_ASIDE_SECONDS = 60.0
_ASIDE_MOST = 2000
_log = structlog.get_logger("chassis.timers")


class Due(NamedTuple):
    """A command that time has made due, and since when it has been so.

    Its `at` is the `now` that was asked about. Its key names the moment: what can become due a
    second time needs another key then, since an answer is remembered for weeks.
    """

    since: datetime
    command: Command


@dataclass(frozen=True)
class Timer:
    """One kind of thing that becomes due; `name` is its label in metrics.

    `due` reads at most so many, the oldest first, from an index and without locks. What has been
    done must not be due any more.
    """

    name: str
    due: Callable[[Tx, datetime, int], Awaitable[Sequence[Due]]]


class Dispatch(Protocol):
    """The way to an answer: `Running.dispatch_due`."""

    async def __call__(self, command: Command) -> Outcome:
        """As `Dispatcher.dispatch`."""


class Timers:
    """Looks every `seconds` seconds, as long as the service runs."""

    def __init__(
        self, database: Database, dispatch: Dispatch, timers: Sequence[Timer], *, seconds: float
    ) -> None:
        self._database, self._dispatch = database, dispatch
        self._timers, self._seconds = timers, seconds
        # Key -> until when it is left alone, by the monotonic clock; the earliest first.
        self._aside: OrderedDict[str, float] = OrderedDict()
        self.failing: set[str] = set()
        """The timers whose last look failed."""
        for timer in timers:
            metrics.TIMER_LOOKS(timer.name).inc(0)

    async def run(self, stopping: asyncio.Event) -> None:
        """Look until told to stop; what is under way is answered first."""
        # Not all processes at once: whoever comes second finds nothing left to do.
        pause = random.uniform(0, self._seconds)  # noqa: S311 - spreads load, guards nothing
        while not stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stopping.wait()
                    return
            more = await self.look(clock.now())
            pause = 0.0 if more else self._seconds

    async def look(self, now: datetime) -> bool:
        """Do what is due at this instant, one set of each timer; returns whether there is more."""
        found = await asyncio.gather(*(self._tried(timer, now) for timer in self._timers))
        return any(found)

    async def _tried(self, timer: Timer, now: datetime) -> bool:
        """One timer; its failure stops no other, and the next look comes."""
        try:
            more = await self._look_at(timer, now)
        except Exception as problem:  # noqa: BLE001 - what is due stays due
            if timer.name not in self.failing:
                _log.warning("timers.failed", timer=timer.name, reason=type(problem).__name__)
            self.failing.add(timer.name)
            return False
        self.failing.discard(timer.name)
        metrics.TIMER_LOOKS(timer.name).inc()
        return more

    async def _look_at(self, timer: Timer, now: datetime) -> bool:
        aside = self._still_aside()
        async with self._database.transaction() as tx:
            found = await timer.due(tx, now, MOST + len(aside))
        oldest = min((one.since for one in found), default=now)
        metrics.DUE_OLDEST(timer.name).set(max(0.0, (now - oldest).total_seconds()))
        metrics.DUE_COMMANDS(timer.name).set(len(found))
        fresh = [one.command for one in found if one.command.key not in aside][:MOST]
        await asyncio.gather(*(self._do(command) for command in fresh))
        return len(fresh) == MOST

    async def _do(self, command: Command) -> None:
        """Ask for it. What is not newly done by us is left alone for a minute, lest it block.

        Another process may have been faster; or a rule says no, or a handler fails, and would again
        at once. It stays due, and grows old in the metric, until it is done.
        """
        try:
            outcome = await self._dispatch(command)
        except Refused:
            self._put_aside(command)
        except Exception as problem:  # noqa: BLE001 - one command's failure is no other's
            _log.warning(
                "timers.command_failed", command=type(command).__name__, kind=type(problem).__name__
            )
            self._put_aside(command)
        else:
            if outcome.repeated:
                self._put_aside(command)

    def _put_aside(self, command: Command) -> None:
        self._aside[command.key] = time.monotonic() + _ASIDE_SECONDS
        self._aside.move_to_end(command.key)
        if len(self._aside) > _ASIDE_MOST:
            self._aside.popitem(last=False)

    def _still_aside(self) -> frozenset[str]:
        now = time.monotonic()
        while self._aside and next(iter(self._aside.values())) <= now:
            self._aside.popitem(last=False)
        return frozenset(self._aside)
