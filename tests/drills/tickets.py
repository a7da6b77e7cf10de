"""`python -m tests.drills.tickets`: queues under load while queue and PostgreSQL are killed.

It starts queue with a Kafka and a PostgreSQL of its own, and stops them. Three services with eight
counters each issue, call, serve and finish; every few seconds queue is killed, more rarely
PostgreSQL with all its processes. Then the facts and the rows tell: numbers run from 1 without gap
or repeat, nobody was called while another counter had them, and everything that was acknowledged is
there. The last line is for whoever compares runs; exit status 1 when anything is wrong.

So many kills without a fault mean, with 95 % confidence, fewer than 3 faults in as many kills.
"""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from contracts.entries import Mall
from contracts.ids import uuid7
from local import plan, stack, state
from local.errors import StackError
from local.plan import Options
from simulator.malls import found, kiosk_of, mall_with, officer_of
from simulator.platform import Calls, Platform, find
from simulator.replay.patience import Patience
from simulator.replay.wire import ConnectionLost, Reply, Wire
from tests.drills.killing import killed, runs
from tests.drills.tickets_judge import Acknowledged, Verdict, judge
from tests.journeys.conftest import own_ports
from tests.journeys.own import own_home

MALL = "mpp-latihan"
KIOSK = kiosk_of(MALL)
SERVICES = ("LAT-AA", "LAT-BB", "LAT-CC")
COUNTERS = 8
KIOSKS = 8
MOST_WAITING = 40
"""Kiosks of a service rest while so many wait: the drill is about calls as much as numbers."""
PATIENCE_SECONDS = 120.0
_IDLE_SECONDS, _LOOK_SECONDS, _NOTICED_SECONDS = 0.02, 0.1, 0.5
_OK = frozenset({200, 201})
_UNAUTHORIZED = 401
_SETTLE_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """How many tickets at least, and how many kills; seconds from ready until the next kill."""

    tickets: int
    queue_every: float
    postgres_every: float
    kills: int = 1


@dataclass
class Drill:
    """One run: what clients were told, and how often something was killed."""

    plan: Plan
    home: Path
    calls: Calls
    wire: Wire
    told: Acknowledged = field(default_factory=Acknowledged)
    kills: int = 0
    issued: int = 0

    @property
    def goes_on(self) -> bool:
        """Whether kiosks issue more."""
        return self.issued < self.plan.tickets or self.kills < self.plan.kills

    async def ask(self, client: str, path: str, body: bytes = b"{}") -> Any:
        """The answer to a command, asked with one key until it comes. Raises GaveUp."""
        key = f"drill-{uuid7()}"
        reply = await Patience(PATIENCE_SECONDS).post(
            lambda: self._attempt(client, key, path, body)
        )
        if reply.status not in _OK:
            raise Unexpected(f"{path}: {reply.status} {reply.json().get('code')}")
        return reply.json()

    async def _attempt(self, client: str, key: str, path: str, body: bytes) -> Reply:
        token = await self.calls.bearer(client)
        reply = await self.wire.post(path, {"idempotency-key": key, **token}, body)
        if reply.status == _UNAUTHORIZED:
            raise ConnectionLost("the token was not believed")
        return reply


class Unexpected(Exception):
    """An answer that an honest client should never see here."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill in a home of its own, which is deleted afterwards."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills.tickets", description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--queue-every", type=float, default=6.0, help="seconds between kills")
    parser.add_argument("--postgres-every", type=float, default=20.0, help="seconds between kills")
    chosen = parser.parse_args(arguments)
    chosen_plan = Plan(chosen.tickets, chosen.queue_every, chosen.postgres_every)
    with own_home("loket-drill-") as home:
        verdict = asyncio.run(run(home, chosen_plan, Console(stderr=True)))
    for fault in verdict.faults[:20]:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(f"{verdict.line}\n")
    return 0 if verdict.is_good else 1


async def run(home: Path, chosen: Plan, console: Console) -> Verdict:
    """Start, load, kill, stop, judge."""
    platform = await _start(home)
    async with Calls(platform) as calls, _wire(platform) as wire:
        drill = Drill(chosen, home, calls, wire)
        await found(calls, _mall())
        with Progress(console=console, transient=True) as progress:
            bar = progress.add_task("tickets", total=chosen.tickets)
            await _load(drill, lambda: progress.update(bar, completed=len(drill.told.finished)))
        return await _judged(drill)


@contextlib.asynccontextmanager
async def _wire(platform: Platform) -> AsyncIterator[Wire]:
    wire = Wire(platform.urls["queue"])
    try:
        yield wire
    finally:
        await wire.close()


async def _start(home: Path) -> Platform:
    ports = plan.asked_ports(own_ports())
    options = Options(home, ports=ports, services=("queue",))
    await asyncio.to_thread(stack.up, options, console=Console(file=StringIO()))
    return find(home)


def _mall() -> Mall:
    """Eight counters for each service."""
    numbers = range(len(SERVICES) * COUNTERS)
    return mall_with(
        MALL, "MPP Latihan", {_counter(n): (SERVICES[n // COUNTERS],) for n in numbers}
    )


def _counter(number: int) -> str:
    return f"L-{number + 1:02}"


async def _load(drill: Drill, step: Any) -> None:
    """Kiosks and counters at work until all tickets are finished, and the killers meanwhile."""
    killers = [
        asyncio.create_task(_kill_every(drill, "queue", drill.plan.queue_every)),
        asyncio.create_task(_kill_every(drill, "postgres", drill.plan.postgres_every)),
    ]
    try:
        async with asyncio.TaskGroup() as group:
            for kiosk in range(KIOSKS * len(SERVICES)):
                group.create_task(_kiosk(drill, SERVICES[kiosk % len(SERVICES)]))
            for number in range(len(SERVICES) * COUNTERS):
                group.create_task(_counter_at_work(drill, number, step))
    finally:
        for killer in killers:
            killer.cancel()
        await asyncio.gather(*killers, return_exceptions=True)


async def _kiosk(drill: Drill, service: str) -> None:
    body = f'{{"mall": "{MALL}", "service": "{service}"}}'.encode()
    while drill.goes_on:
        if drill.told.waiting(service) >= MOST_WAITING:
            await asyncio.sleep(_IDLE_SECONDS)
            continue
        drill.issued += 1
        ticket = await drill.ask(KIOSK, "/v1/tickets", body)
        drill.told.issued_to(service, ticket["ticket_id"], ticket["number"])


async def _counter_at_work(drill: Drill, number: int, step: Any) -> None:
    officer, service = officer_of(MALL, _counter(number)), SERVICES[number // COUNTERS]
    opened = await drill.ask(officer, f"/v1/counters/{_counter(number)}/open")
    counter = opened["counter_id"]
    here = f'{{"counter_id": "{counter}"}}'.encode()
    end = f'{{"counter_id": "{counter}", "outcome": "served"}}'.encode()
    while drill.goes_on or drill.told.waiting(service) > 0:
        called = (await drill.ask(officer, f"/v1/counters/{counter}/call-next"))["ticket"]
        if called is None:
            await asyncio.sleep(_IDLE_SECONDS)
            continue
        ticket = called["ticket_id"]
        drill.told.called_at(service, ticket, counter)
        await drill.ask(officer, f"/v1/tickets/{ticket}/serve", here)
        await drill.ask(officer, f"/v1/tickets/{ticket}/finish", end)
        drill.told.finished.add(ticket)
        step()


async def _kill_every(drill: Drill, name: str, seconds: float) -> None:
    """SIGKILL, the parent first and then its children; whoever keeps the stack starts it again.

    What was started again is left alone for the given time: it would else be kept down longer each
    time, as something that crashes in a loop.
    """
    while True:
        while not await asyncio.to_thread(runs, drill.home, name):  # noqa: ASYNC110 - others start it
            await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.sleep(seconds)
        if killed(drill.home, name):
            drill.kills += 1
            await asyncio.sleep(_NOTICED_SECONDS)


async def _judged(drill: Drill) -> Verdict:
    running = state.read(drill.home)
    if running is None:
        raise StackError("The stack is gone.")
    connection = await stack.postgres_of(running).server.connect("queue")
    try:
        return await judge(connection, MALL, drill.told, drill.kills)
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.exit(main())
