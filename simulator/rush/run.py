"""`loket rush`: a day is announced, its sessions opened, and a crowd comes for its places."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from chassis import clock
from contracts.ids import uuid7
from simulator.known import once_known
from simulator.platform import Answered, Calls, Platform
from simulator.replay.wire import Wire
from simulator.rush.crowd import crowd
from simulator.rush.facts import last_fact
from simulator.rush.judge import Fairness, Verdict, fairness, judge
from simulator.rush.lottery import Draw
from simulator.rush.play import Release, Rush, Told

MODES = ("room", "lottery", "first_come")
"""With a waiting room; by lot; and without any, where whoever is fastest wins. In this order."""
_SESSIONS = 8
_FIRST_HOUR = 7
_DAYS = range(2, 60)
_TRIES_A_SECOND = 600
_ENTERED_A_SECOND = 400
"""So many people enter a second on a busy machine."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is played."""

    seed: int = 1
    places: int = 400
    people: int = 5_000
    tries: int = 3
    spread_seconds: int = 60
    modes: Sequence[str] = MODES
    mall: str = "mpp-nusantara"
    service: str = "DUK-KTP"
    zone: str = "Asia/Jakarta"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One release and what came of it."""

    mode: str
    options: Options
    told: Told
    verdict: Verdict
    fairness: Fairness

    @property
    def line(self) -> str:
        """The line for whoever compares runs."""
        told, found = self.told, self.verdict
        return (
            f"rush: places={found.places} people={len(told.visitors)} tries={told.tries} "
            f"sold={found.sold} oversold={found.oversold} rate={told.rate:.0f}/s "
            f"p50={percentile(told.waits, 0.5) * 1e3:.0f} ms "
            f"p99={percentile(told.waits, 0.99) * 1e3:.0f} ms"
        )


async def play(platform: Platform, options: Options, console: Console) -> list[Outcome]:
    """One release after the other, each on a day of its own."""
    found = []
    async with Calls(platform) as calls:
        for mode in options.modes:
            found.append(await _played(calls, options, mode, console))
            _show(found[-1], console)
    return found


async def _played(calls: Calls, options: Options, mode: str, console: Console) -> Outcome:
    sessions = min(_SESSIONS, options.places)
    early = 3.0 + options.people / _ENTERED_A_SECOND if mode == "room" else 2.0
    people = crowd(options.seed, options.people, options.tries, sessions, early)
    since = await last_fact(calls)
    release, capacities = await _announced(calls, options, mode, sessions, early + 1)
    console.print(f"{mode}: {len(people):,} people for {options.places} places")
    wire = Wire(calls.platform.urls["booking"])
    try:
        if mode == "lottery":
            told = await Draw(release, people, wire, options.places).play(calls, since)
        else:
            told = await Rush(release, people, wire).play()
    finally:
        await wire.close()
    verdict = await judge(calls, release, capacities, told, since)
    return Outcome(mode, options, told, verdict, fairness(told, release))


async def _announced(
    calls: Calls, options: Options, mode: str, sessions: int, ahead: float
) -> tuple[Release, Mapping[str, int]]:
    """The first day that nobody has announced yet, with its sessions."""
    today = clock.now().astimezone(ZoneInfo(options.zone)).date()
    for days in _DAYS:
        day = (today + timedelta(days=days)).isoformat()
        opens_at = clock.now() + timedelta(seconds=ahead)
        body = {
            "mall": options.mall,
            "service": options.service,
            "date": day,
            **_how(options, mode, opens_at),
        }
        try:
            made = await _post(calls, "/v1/releases", body)
        except Answered as refused:
            if refused.code != "day_known_already":
                raise
            continue
        where = {"mall": options.mall, "service": options.service, "date": day}
        capacities = await _opened(calls, options, day, sessions)
        opens = opens_at.timestamp()
        return Release(made["day_id"], list(capacities), opens, mode == "room", where), capacities
    raise LookupError(f"{options.service} in {options.mall} has no day left to announce")


def _how(options: Options, mode: str, opens_at: datetime) -> Mapping[str, Any]:
    if mode == "lottery":
        # Entries are open at once; so many tries take as long on a busy machine.
        seconds = 5 + options.people * options.tries / _TRIES_A_SECOND
        entered_from = clock.now() + timedelta(seconds=1)
        closes_at = entered_from + timedelta(seconds=seconds)
        return {
            "mode": mode,
            "opens_at": entered_from.isoformat(),
            "closes_at": closes_at.isoformat(),
        }
    spread_s = options.spread_seconds if mode == "room" else 0
    return {"mode": "first_come", "opens_at": opens_at.isoformat(), "spread_s": spread_s}


async def _opened(calls: Calls, options: Options, day: str, sessions: int) -> Mapping[str, int]:
    found = {}
    for number in range(sessions):
        capacity = options.places // sessions + (number < options.places % sessions)
        starts_at = datetime.fromisoformat(f"{day}T00:00:00").replace(
            hour=_FIRST_HOUR + number, tzinfo=ZoneInfo(options.zone)
        )
        body = {
            "mall": options.mall,
            "service": options.service,
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
            "capacity": capacity,
        }
        found[str((await _post(calls, "/v1/sessions", body))["session_id"])] = capacity
    return found


async def _post(calls: Calls, path: str, body: Mapping[str, Any]) -> Any:
    headers = await calls.bearer("operator")

    async def ask() -> Any:
        return await calls.post("booking", path, body, key=f"rush-{uuid7()}", headers=headers)

    return await once_known(ask)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed; 0 of none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def run(platform: Platform, options: Options, console: Console) -> list[Outcome]:
    """Play all of it."""
    return asyncio.run(play(platform, options, console))


def _show(found: Outcome, console: Console) -> None:
    told, fair = found.told, found.fairness
    console.print(
        f"entered={told.entered} early={told.early} limited={told.limited} "
        f"seconds={told.ended - told.began:.1f}"
    )
    grid = Table(box=None, pad_edge=False)
    for column in ("who", "people", "won", "chance", "95 % of the time between"):
        grid.add_column(column, justify="left" if column == "who" else "right")
    first, last = fair.tenths
    rows = [*fair.groups.items(), ("first tenth to come", first), ("last tenth to come", last)]
    for who, chance in rows:
        low, high = chance.interval
        between = f"{low:.1%} and {high:.1%}"
        grid.add_row(who, str(chance.people), str(chance.won), f"{chance.share:.1%}", between)
    console.print(grid)
    console.print(f"all groups have the same chance: p={fair.same_for_groups:.3f} (chi-square)")
    for what, advantage in fair.ranks.items():
        if advantage is not None:
            console.print(
                f"order of {what}: a winner came before a loser in {advantage.value:.1%} of all "
                f"pairs; by chance 50 % +- {advantage.spread:.1%}"
            )
    for fault in found.verdict.faults[:20]:
        console.print(f"wrong: {fault}")
    console.print(found.line if found.mode != found.options.modes[-1] else "")
