"""What a play stands on: the day's own clock, one heap of what comes next, and calls as somebody.

Before each act the clock is set, and its answer is awaited before the next one begins, so that the
same seed gives the same day however fast the machine is.
"""

import heapq
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chassis import clock
from simulator.day.picture import Served
from simulator.day.script import Script
from simulator.day.visits import Visit
from simulator.malls import officer_of
from simulator.platform import Calls

Act = Callable[[], Awaitable[None]]


@dataclass
class Outcome:
    """What became of the visits, as those who were there saw it."""

    tickets: int = 0
    booked: int = 0
    stayed_away: int = 0
    no_shows: int = 0
    transferred: int = 0
    offline: int = 0
    answered: int = 0
    oversold: int = 0
    """Places that were given in sessions that were full."""
    turned_away: list[Visit] = field(default_factory=list)
    served: list[Served] = field(default_factory=list)


@dataclass
class Present:
    """A visitor in the mall, and for which service they wait since when."""

    visit: Visit
    service: str
    since: datetime
    code: str
    called_at: datetime
    is_on_second_stop: bool = False


@dataclass
class Stage:
    """One play. `told` gets the day's time and words, for whoever watches."""

    calls: Calls
    script: Script
    seed: int
    clock_file: Path
    told: Callable[[datetime, str], None]
    outcome: Outcome = field(default_factory=Outcome)
    present: dict[str, Present] = field(default_factory=dict)
    """Visitors by their ticket."""
    labels: list[str] = field(default_factory=list)
    """What stands on all the papers."""
    now: datetime = field(init=False)
    _heap: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)
    _keys: "itertools.count[int]" = field(default_factory=itertools.count)

    def set(self, at: datetime) -> None:
        """It is this time now, for every service too."""
        self.now = at
        clock.set_file(self.clock_file, at)

    def at(self, at: datetime, act: Act) -> None:
        """Do this then; what is planned first for one moment is done first."""
        heapq.heappush(self._heap, (at, next(self._order), act))

    def after(self, wait: timedelta, act: Act) -> None:
        """Do this so much later."""
        self.at(self.now + wait, act)

    def once_linked(self, act: Act) -> bool:
        """Whether the link is down now; then this is done as soon as it is back."""
        if self.is_linked:
            return False
        self.at(self.script.link_down.until_at, act)
        return True

    @property
    def is_linked(self) -> bool:
        """Whether the mall has a link now."""
        down = self.script.link_down
        return not down.from_at <= self.now < down.until_at

    async def play(self) -> None:
        """Until nothing is left to do. Raises Answered when something is refused unexpectedly."""
        while self._heap:
            at, _, act = heapq.heappop(self._heap)
            self.set(at)
            await act()

    async def officer(self, counter: str, service: str, path: str, body: Mapping[str, Any]) -> Any:
        """A command of the officer at a counter."""
        return await self.as_client(officer_of(self.script.mall, counter), service, path, body)

    async def as_client(self, client: str, service: str, path: str, body: Mapping[str, Any]) -> Any:
        """A command of a client of this machine."""
        headers = await self.calls.bearer(client)
        return await self.calls.post(service, path, body, key=self.key(), headers=headers)

    async def citizen(
        self, service: str, path: str, body: Mapping[str, Any], **headers: str
    ) -> Any:
        """A command of somebody without a login; `headers` with _ for -."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return await self.calls.post(service, path, body, key=self.key(), headers=named)

    def key(self) -> str:
        """A key for the next command: the same in each play of a seed."""
        return f"day-{self.script.opening.opens_at:%Y%m%d}-{self.seed}-{next(self._keys)}"
