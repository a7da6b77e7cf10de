"""One run: clients come to the platform, faults strike and heal, then everything is checked."""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from simulator.audit import FAULTS as TRAIL_FAULTS
from simulator.audit import audit
from simulator.outage import level
from simulator.platform import Calls
from tests.chaos import report, schedule
from tests.chaos.backlog import Backlog
from tests.chaos.client import World
from tests.chaos.faults import Faults, undo
from tests.chaos.history import History, Lines
from tests.chaos.load import Load
from tests.chaos.probe import Kept, Probe
from tests.chaos.recovery import SLOWEST_ALLOWED, Book, table
from tests.chaos.report import Outcome
from tests.chaos.schedule import Round
from tests.chaos.target import Target

QUIET_SECONDS = 60.0
WARM_SECONDS = 3.0
RECOVERY_SECONDS = 2 * SLOWEST_ALLOWED
_TELL_SECONDS = 60.0
_THREADS = 32


@dataclass(frozen=True)
class Plan:
    """What is asked of a run.

    It ends after `seconds`, but not before `least` faults struck, and after `most_seconds` anyway.
    """

    seed: int
    brokers: int
    seconds: float
    least: int
    per_second: float
    most_seconds: float
    dense: bool = False
    """Much in little time: no calm rounds, and short gaps."""
    seconds_after: float = 0.0
    """What later phases will take."""


async def run(target: Target, plan: Plan, folder: Path, console: Console) -> Outcome:
    """Break it, heal it, judge it."""
    # Each fault may wait in a thread of its own for the end of a process.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS))
    history, book = History(folder), Book(Lines(folder / "faults.jsonl"))
    kept = Kept()
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=100)
    async with (
        Calls(target.platform) as calls,
        httpx.AsyncClient(timeout=10, limits=limits, trust_env=False) as http,
    ):
        world = World(calls, history, http, random.Random(plan.seed))
        load = Load(world, plan.per_second)
        complaints = await _break(target, plan, book, load, kept, console)
        console.print("waiting until nothing is under way any more")
        if not await level(target.platform, QUIET_SECONDS):
            complaints.append(f"not quiet {QUIET_SECONDS:.0f} s after the last fault (I16)")
        if not await target.delivered(QUIET_SECONDS):
            complaints.append("a notification still waits for an attempt (I16)")
        # The outcome of the last attempts is a fact, too.
        await level(target.platform, QUIET_SECONDS)
        complaints += [f"idle in transaction: {one}" for one in await target.left_open()]
        outcome = Outcome(
            plan.seed,
            plan.brokers,
            history.acknowledged,
            book.struck,
            book.slowest,
            table(book.faults),
            complaints,
            asked_while_away=kept.sent,
            accepted_while_away=kept.accepted,
            postgres=await target.postgres_version(),
        )
        await _look_at_trail(calls, outcome, console)
    outcome.complaints += [f"read an older state: {one}" for one in world.backwards[:5]]
    outcome.complaints += [f"while Kafka was away: {one}" for one in kept.refusals[:5]]
    failures = sum(n for status, n in history.statuses.items() if status == 500)
    if failures:
        outcome.complaints.append(f"{failures} answers were 500: see the services' logs")
    unreached = [one for one in book.faults if not one.reached]
    for one in unreached:
        console.print(f"did not strike: {one.fault.kind} {one.fault.target} {one.note}")
    console.print(f"answers by status: {dict(sorted(history.statuses.items()))}")
    history.close()
    return outcome


async def _break(
    target: Target, plan: Plan, book: Book, load: Load, kept: Kept, console: Console
) -> list[str]:
    """Faults under load; returns what was wrong with the run itself."""
    world = load.world
    backlog = Backlog(target)
    probe = Probe("probe", world, backlog)
    loading = asyncio.create_task(load.run())
    watching = asyncio.create_task(probe.watch(book))
    try:
        await asyncio.sleep(WARM_SECONDS)
        await _strike(target, plan, book, load, probe, kept, console, loading)
        await _recovered(book, RECOVERY_SECONDS)
    finally:
        undo(target)
        world.stopping.set()
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching  # a mistake of ours must not look like a slow recovery
        await backlog.close()
    complaints = []
    try:
        await loading
    except TimeoutError:
        complaints.append("some clients got no answer after the last fault")
    book.close()
    late = [one for one in book.faults if one.seconds is None or one.seconds > SLOWEST_ALLOWED]
    complaints += [f"slow: {one.fault.kind} {one.fault.target} at {one.wall}" for one in late]
    if book.struck < plan.least:
        complaints.append(f"only {book.struck} of {plan.least} faults struck")
    if load.turned_away:
        console.print(f"{load.turned_away} visits did not begin: too many were under way")
    return complaints


async def _strike(
    target: Target,
    plan: Plan,
    book: Book,
    load: Load,
    probe: Probe,
    kept: Kept,
    console: Console,
    loading: "asyncio.Task[None]",
) -> None:
    faults = Faults(target, book)
    began = told = time.monotonic()
    for one in _rounds(plan):
        if one.waits:
            await _recovered(book, RECOVERY_SECONDS)
        struck_at = time.monotonic()
        passed = struck_at - began
        is_enough = passed > plan.seconds and book.struck >= plan.least
        if is_enough or passed > plan.most_seconds or loading.done():
            return
        if struck_at - told > _TELL_SECONDS:
            told = struck_at
            console.print(_progress(plan, passed, book, load))
        if one.faults:
            names = ", ".join(f"{each.kind} {each.target}" for each in one.faults)
            console.print(f"{passed:5.0f} s  round {one.number}: {names}")
        ended = asyncio.Event()
        asking = None
        if one.is_outage:
            asking = asyncio.create_task(_ask_while_away(probe, kept, ended, one))
        await asyncio.gather(*(faults.inject(each) for each in one.faults))
        ended.set()
        if asking is not None:
            await asking
        gap = schedule.GAP_SECONDS[0] if plan.dense else one.gap
        await asyncio.sleep(max(0.0, gap - (time.monotonic() - struck_at)))


def _progress(plan: Plan, passed: float, book: Book, load: Load) -> str:
    """One line for who waits: how long it takes yet, and what has been done so far."""
    pace = passed / max(1, book.struck)
    left = max(plan.seconds - passed, (plan.least - book.struck) * pace, 0.0) + plan.seconds_after
    open_ = f", {len(book.open)} not recovered" if book.open else ""
    return (
        f"{left / 60:5.1f} min left: {book.struck} of {plan.least} faults{open_}, "
        f"{load.world.history.acknowledged} commands, slowest recovery {book.slowest_so_far:.1f} s"
    )


async def _ask_while_away(probe: Probe, kept: Kept, ended: asyncio.Event, one: Round) -> None:
    """Ask from the moment at which Kafka is surely gone."""
    await asyncio.sleep(max(each.after for each in one.faults) + 1.0)
    await probe.ask_while_away(kept, ended)


def _rounds(plan: Plan) -> Iterator[Round]:
    return schedule.rounds(plan.seed, plan.brokers, dense=plan.dense)


async def _recovered(book: Book, seconds: float) -> None:
    """Wait until every fault has recovered, or for so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while book.open:  # noqa: ASYNC110 - the book is asked, it does not tell
                await asyncio.sleep(0.1)


async def _look_at_trail(calls: Calls, outcome: Outcome, console: Console) -> None:
    """Hold Kafka, ledger and read model against the facts, as everybody can."""
    found = await audit(calls)
    resent = f", {found.resent} records came to Kafka again"
    console.print(f"trail: {found.facts} facts{resent}, agrees: {found.is_good}")
    for place in found.places:
        for what in TRAIL_FAULTS:
            if getattr(place, what):
                outcome.complaints.append(
                    f"{getattr(place, what)} facts {what} in {place.name}: {place.examples[:3]}"
                )
    if not report.has_checker():
        for name in ("lost", "doubled", "misordered"):
            outcome.counts[name] = found.total(name)
