"""`python -m tests.drills.races`: 500 clients for one place, again and again, under kills.

It starts booking with a Kafka and a PostgreSQL of its own, and a second booking beside it on the
same database; every other race goes to both. In every twentieth race one of the two, or PostgreSQL
with all its processes, is killed in the midst of it. Whoever gets no answer asks again with the
same key. Then answers, sessions and appointments are held against each other: every place sold
once, to the one who was told so. The last line is for whoever compares runs; exit status 1 when
anything is wrong.

1,000 races without a place sold twice mean, with 95 % confidence, fewer than 3 in 1,000.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from chassis import clock
from contracts.ids import PersonId
from local import plan, stack, state
from local.errors import StackError
from local.plan import Options
from simulator.platform import Calls, Platform, find
from simulator.replay.patience import Patience
from simulator.replay.wire import Reply, Wire
from tests.drills.killing import killed, runs
from tests.drills.second import Second
from tests.journeys.conftest import own_ports
from tests.journeys.own import own_home

PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.1
_DAYS = 50
"""Sessions are spread over so many days, as they are in life."""
_WON, _REFUSED, _FULL = 201, 409, "session_full"
_DOOMED = ("booking", "second", "postgres")
_KEPT = """
SELECT id::text AS session, booked,
       ARRAY(SELECT person_id::text FROM appointments
             WHERE session_id = sessions.id AND status <> 'cancelled') AS people
FROM sessions WHERE id = ANY($1::uuid[])
"""


@dataclass(frozen=True)
class Plan:
    """How many races of how many clients; each so many, one in which something is killed."""

    races: int
    clients: int
    kill_every: int
    seed: int = 1


@dataclass
class Race:
    """One place and who was told to have it; `others` are answers that nobody should get."""

    session: str
    winners: list[str] = field(default_factory=list)
    full: int = 0
    others: list[str] = field(default_factory=list)

    @property
    def answered(self) -> int:
        """How many clients have an answer."""
        return len(self.winners) + self.full + len(self.others)

    def take(self, person: str, reply: Reply) -> None:
        """One client's final answer."""
        if reply.status == _WON:
            self.winners.append(person)
        elif reply.status == _REFUSED and reply.json().get("code") == _FULL:
            self.full += 1
        else:
            self.others.append(f"{reply.status} {reply.json().get('code')}")


@dataclass
class Verdict:
    """What was found."""

    races: int
    tries: int
    kills: int
    sold: int = 0
    oversold: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """The line for whoever compares runs."""
        return (
            f"drill: races={self.races} tries={self.tries} sold={self.sold} "
            f"oversold={self.oversold} kills={self.kills}"
        )


def verdict_of(races: Sequence[Race], kept: Sequence[Any], kills: int) -> Verdict:
    """Hold what clients were told against rows of session, booked and people."""
    found = Verdict(len(races), sum(race.answered for race in races), kills)
    rows = {row["session"]: row for row in kept}
    for race in races:
        row = rows[race.session]
        found.sold += len(race.winners) > 0
        found.oversold += max(0, len(race.winners) - 1, len(row["people"]) - 1, row["booked"] - 1)
        if sorted(race.winners) != sorted(row["people"]) or row["booked"] != 1:
            found.faults.append(
                f"{race.session}: {len(race.winners)} were told to have the place, "
                f"{len(row['people'])} have it, {row['booked']} counted"
            )
        found.faults += [f"{race.session}: answered {other}" for other in race.others]
    return found


@dataclass
class Drill:
    """One run."""

    plan: Plan
    home: Path
    calls: Calls
    second: Second
    wires: tuple[Wire, Wire]
    chance: random.Random
    kills: int = 0

    async def race(self, number: int) -> Race:
        """One place to its end; every other race over both processes."""
        race = Race(await self._opened(number))
        wires = self.wires[: 1 + number % 2]
        doomed = None
        if number % self.plan.kill_every == self.plan.kill_every - 1:
            doomed = _DOOMED[number // self.plan.kill_every % len(_DOOMED)]
        async with asyncio.TaskGroup() as group:
            for client in range(self.plan.clients):
                group.create_task(self._client(race, wires[client % len(wires)]))
            if doomed is not None:
                group.create_task(self.killed(race, doomed))
        if doomed is not None:
            await self.whole()
        return race

    async def _client(self, race: Race, wire: Wire) -> None:
        person = str(PersonId.new())
        body = json.dumps({"session_id": race.session, "person_id": person}).encode()
        headers = {"idempotency-key": f"race-{person}"}
        reply = await Patience(PATIENCE_SECONDS).post(
            lambda: wire.post("/v1/appointments", headers, body)
        )
        race.take(person, reply)

    async def killed(self, race: Race, name: str) -> None:
        """SIGKILL once some clients have their answer, and others not."""
        after = self.chance.randrange(self.plan.clients // 2)
        while race.answered < after:  # noqa: ASYNC110 - whatever order answers come in
            await asyncio.sleep(0.001)
        if name == "second":
            self.second.kill()
            self.second.start()
            self.kills += 1
            return
        self.kills += killed(self.home, name)

    async def whole(self) -> None:
        """Wait until everything runs again: what is killed soon after its start is held down."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            for name in ("booking", "postgres"):
                while not await asyncio.to_thread(runs, self.home, name):  # noqa: ASYNC110 - others start it
                    await asyncio.sleep(_LOOK_SECONDS)
            await self.second.ready()

    async def _opened(self, number: int) -> str:
        day = clock.now().date() + timedelta(days=2 + number % _DAYS)
        body = {
            "mall": "mpp-nusantara",
            "service": "DUK-KTP",
            "starts_at": f"{day}T08:00:00+07:00",
            "ends_at": f"{day}T10:00:00+07:00",
            "capacity": 1,
        }
        headers = await self.calls.bearer("operator")
        key = f"race-{PersonId.new()}"
        made = await self.calls.post("booking", "/v1/sessions", body, key=key, headers=headers)
        return str(made["session_id"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill in a home of its own, which is deleted afterwards."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills.races", description=__doc__)
    parser.add_argument("--races", type=int, default=1_000)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--kill-every", type=int, default=20, help="races from kill to kill")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    chosen_plan = Plan(chosen.races, chosen.clients, chosen.kill_every, chosen.seed)
    with own_home("loket-drill-") as home:
        verdict = asyncio.run(run(home, chosen_plan, Console(stderr=True)))
    for fault in verdict.faults[:20]:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(f"{verdict.line}\n")
    return 1 if verdict.faults or verdict.oversold else 0


async def run(home: Path, chosen: Plan, console: Console) -> Verdict:
    """Start, race, kill, stop, judge."""
    async with begun(home, chosen) as drill:
        with Progress(console=console, transient=True) as progress:
            numbers = progress.track(range(chosen.races), description="races")
            races = [await drill.race(number) for number in numbers]
        return await _judged(drill, races)


@contextlib.asynccontextmanager
async def begun(home: Path, chosen: Plan) -> AsyncIterator[Drill]:
    """Two processes of booking at work, and the ways to reach and to kill them."""
    platform = await _start(home)
    second = Second(home, "booking")
    try:
        second.start()
        await second.ready()
        async with Calls(platform) as calls:
            wires = Wire(platform.urls["booking"]), Wire(second.url)
            chance = random.Random(chosen.seed)
            yield Drill(chosen, home, calls, second, wires, chance)
            await asyncio.gather(*(wire.close() for wire in wires))
    finally:
        second.kill()


async def _start(home: Path) -> Platform:
    ports = plan.asked_ports(own_ports())
    options = Options(home, ports=ports, services=("booking",))
    await asyncio.to_thread(stack.up, options, console=Console(file=StringIO()))
    return find(home)


async def _judged(drill: Drill, races: Sequence[Race]) -> Verdict:
    running = state.read(drill.home)
    if running is None:
        raise StackError("The stack is gone.")
    connection = await stack.postgres_of(running).server.connect("booking")
    try:
        kept = await connection.fetch(_KEPT, [race.session for race in races])
    finally:
        await connection.close()
    return verdict_of(races, kept, drill.kills)


if __name__ == "__main__":
    sys.exit(main())
