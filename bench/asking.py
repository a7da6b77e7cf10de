"""Reports over HTTP, each asked for once: what came back, and how many a second the service takes.

Unlike an honest client, nobody here asks again: what is turned away stays turned away, and counts.
"""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench.method import Leg, Stopwatch
from bench.reports import Load, Sent
from contracts.agencies import ActivityReported
from contracts.envelope import format_time
from contracts.ids import AgencyId, ApplicationId
from simulator.platform import Calls
from simulator.replay.wire import ConnectionLost, Reply, Wire

CALLERS = 256
DROPPED_SECONDS = 2.0
# A timer of its own for each request would cost as much as asking does.
_TICK_SECONDS = 0.002
_ACCEPTED = 201
_LATER = frozenset({429, 503})


@dataclass
class Answers:
    """What came back. `wrong` counts every answer that is neither yes nor a proper "later"."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    asked: int = 0
    accepted: list[ActivityReported] = field(default_factory=list)
    turned_away: int = 0
    wrong: Counter[str] = field(default_factory=Counter)

    def take(self, said: ActivityReported, reply: Reply) -> None:
        """Count one answer."""
        if reply.status == _ACCEPTED:
            self.accepted.append(said)
        elif reply.status not in _LATER:
            self.wrong[f"answers {reply.status}"] += 1
        elif not reply.headers.get("retry-after", "").isdecimal():
            self.wrong[f"answers {reply.status} without Retry-After"] += 1
        else:
            self.turned_away += 1

    def sent(self) -> Sent:
        """What was acknowledged, to be looked for."""
        return Sent(self.began, self.accepted)

    def faults(self) -> list[str]:
        """What nobody should ever get, in words."""
        return [f"{count} {what}" for what, count in self.wrong.items()]


@dataclass
class Door:
    """The way in: one connection for each request that is on its way."""

    wire: Wire
    tokens: dict[AgencyId, dict[str, str]]
    load: Load
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def ask(self, answers: Answers) -> None:
        """One more report, once."""
        agency, said = self.load.report(next(self.numbers))
        at = format_time(datetime.now(UTC))
        body = {"type": "activity", "occurred_at": at, **said.model_dump(mode="json")}
        headers = {"idempotency-key": str(said.report_id), **self.tokens[agency]}
        path = f"/v1/agencies/{agency}/reports"
        answers.asked += 1
        try:
            reply = await self.wire.post(path, headers, json.dumps(body).encode())
        except ConnectionLost as problem:
            answers.wrong[f"requests without an answer ({problem})"] += 1
        else:
            answers.take(said, reply)


@asynccontextmanager
async def opened(
    calls: Calls, known: Sequence[ApplicationId], agencies: Sequence[AgencyId]
) -> AsyncIterator[Door]:
    """Speak for these agencies, of these applications in turn."""
    wire = Wire(calls.platform.urls["tracking"])
    tokens = {agency: await calls.bearer(f"agency-{agency}") for agency in agencies}
    try:
        yield Door(wire, tokens, Load("http", 0, 0, known, agencies))
    finally:
        await wire.close()


async def closed(door: Door, answers: Answers, stop: asyncio.Event) -> None:
    """As many callers as the service likes, each with its next report once it has an answer."""

    async def call() -> None:
        while not stop.is_set():
            await door.ask(answers)

    await asyncio.gather(*(call() for _ in range(CALLERS)))


async def on_time(door: Door, answers: Answers, rate: float, stop: asyncio.Event) -> None:
    """So many a second, whether or not earlier ones were answered."""
    began, asked = time.perf_counter(), 0
    async with asyncio.TaskGroup() as group:
        while not stop.is_set():
            due = int((time.perf_counter() - began) * rate)
            for _ in range(asked, due):
                group.create_task(door.ask(answers))
            asked = max(asked, due)
            await asyncio.sleep(_TICK_SECONDS)


async def stretch(
    load: Callable[[asyncio.Event], Awaitable[None]], answers: Answers, seconds: float, pid: int
) -> Leg:
    """What was accepted per second once the load had run for two; `pid` is the service."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_awaited(load(stop)))
        try:
            await asyncio.sleep(DROPPED_SECONDS)
            before, watch = len(answers.accepted), Stopwatch(pid)
            await asyncio.sleep(seconds)
            return watch.leg(len(answers.accepted) - before)
        finally:
            stop.set()


async def _awaited(load: Awaitable[None]) -> None:
    await load
