"""P1: the rate of durable commands in one process, every guard on, beside bare one-row inserts.

Ours reads an application, an earlier answer and an agency, decides, and writes two facts, the state
and the answer. The reference writes one row per transaction and reads nothing.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from bench.ground import Servers
from bench.method import Leg, Stopwatch, alternate
from bench.results import Row, judged, median_figure, ratio_at_least
from bench.verdicts import out_of_order
from chassis import clock
from chassis.database import Database
from chassis.dispatch import Dispatcher
from chassis.eventlog import Cause
from contracts.agencies import ActivityReported
from contracts.base import Command
from contracts.ids import Actor, AgencyId, ApplicationId, ReportId
from services.tracking.commands import SubmitApplication, report_command
from services.tracking.store import save_entries
from services.tracking.wiring import DOMAIN

IDS = ("P1",)
CALLERS = 32
APPLICATIONS = 2_000
AGENCY = AgencyId("bench")
_PREPARED = 6_000
_DOCUMENT = json.dumps({"text": "x" * 520})
_CREATE = "CREATE TABLE bare (id bigserial PRIMARY KEY, key uuid NOT NULL, body jsonb NOT NULL)"
_INSERT = "INSERT INTO bare (key, body) VALUES ($1, $2)"


@dataclass(frozen=True)
class Opened:
    """Tracking's decisions on a database of their own, with applications to decide about."""

    servers: Servers
    dispatcher: Dispatcher
    pool: Any
    """Bare connections for the reference."""
    checks: Any
    applications: Sequence[ApplicationId]


@asynccontextmanager
async def opened(servers: Servers) -> AsyncIterator[Opened]:
    """A new database with `APPLICATIONS` applications; all of it closed at the end."""
    where = await servers.fresh_database("tracking")
    database = Database(where["program"], name="bench")
    dispatcher = Dispatcher(database, DOMAIN)
    dispatcher.start()
    checks = await servers.postgres.server.connect(where["name"])
    pool = await asyncpg.create_pool(
        where["program"].replace("+asyncpg", ""), min_size=CALLERS, max_size=CALLERS
    )
    try:
        await checks.execute(_CREATE)
        await checks.execute(f'GRANT ALL ON bare, bare_id_seq TO "{where["name"]}"')
        applications = await prepare(database, dispatcher)
        yield Opened(servers, dispatcher, pool, checks, applications)
    finally:
        await dispatcher.stop()
        await pool.close()
        await checks.close()
        await database.close()


async def run(servers: Servers, _wanted: AbstractSet[str]) -> list[Row]:
    """One row."""
    settings = servers.settings
    async with opened(servers) as ready:

        async def ours() -> Leg:
            return await dispatched(ready)

        async def reference() -> Leg:
            return await inserted(ready, CALLERS)

        settings.tell(f"P1: {CALLERS} callers on {APPLICATIONS:,} applications")
        await ours()
        pairs = await alternate(ours, reference, settings.repetitions, settings.tell)
    settings.tell(f"  {pairs.told()}; faults: {'; '.join(pairs.faults) or 'none'}")
    what = f"commands in process, {CALLERS} callers, against bare inserts{pairs.suffix}"
    figure = median_figure(pairs)
    return [judged("P1", what, figure, ratio_at_least(0.5), checked=not pairs.faults)]


async def prepare(database: Database, dispatcher: Dispatcher) -> list[ApplicationId]:
    """New applications, and an agency that may report on them."""
    async with database.transaction() as tx:
        await save_entries(tx, [("agency", AGENCY, 1, "{}")])
    made = [ApplicationId.new() for _ in range(APPLICATIONS)]
    actor = Actor("operator:bench")
    await asyncio.gather(
        *(
            dispatcher.dispatch(
                SubmitApplication(
                    actor=actor,
                    at=clock.now(),
                    key=f"application-{one}",
                    application_id=one,
                    code_digest=one.bytes * 2,
                ),
                Cause(str(one)),
            )
            for one in made
        )
    )
    return made


async def dispatched(ready: Opened) -> Leg:
    """As many as can be. Commands are made before the clock runs: that is the work of the doors."""
    settings = ready.servers.settings
    waiting = iter(some(ready.applications, round(_PREPARED * settings.leg_seconds)))
    ends_at = time.perf_counter() + settings.leg_seconds
    watch = Stopwatch(ready.servers.postmaster)
    done: list[Command] = []

    async def call() -> None:
        for command in waiting:
            await ready.dispatcher.dispatch(command, Cause(command.key))
            done.append(command)
            if time.perf_counter() > ends_at:
                return

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    leg = watch.leg(len(done))
    return leg.with_faults(await faults(ready.checks, done))


def some(applications: Sequence[ApplicationId], count: int) -> list[Command]:
    """Reports on applications drawn by lot."""
    lots = random.Random(7)  # noqa: S311 - no secret
    return [command(lots.choice(applications)) for _ in range(count)]


def command(application: ApplicationId, agency: AgencyId = AGENCY) -> Command:
    """A report on an application, received just now."""
    report = ActivityReported(
        report_id=ReportId.new(), application_id=application, activity="bench step"
    )
    return report_command(agency, report, clock.now(), clock.now())


async def faults(checks: Any, done: Sequence[Command]) -> list[str]:
    """Unless every command is answered once, with two facts, and versions have no gap."""
    keys = [command.key for command in done]
    answered = await checks.fetchval("SELECT count(*) FROM commands WHERE key = ANY($1)", keys)
    refused = await checks.fetchval("SELECT count(*) FROM commands WHERE answer IS NULL")
    facts = await checks.fetchval(
        "SELECT count(*) FROM event_log WHERE correlation_id = ANY($1)", keys
    )
    rows = await checks.fetch(
        "SELECT aggregate_id, version FROM event_log WHERE aggregate = 'application' ORDER BY seq"
    )
    stale = await checks.fetchval(
        "SELECT count(*) FROM applications WHERE version <> (SELECT max(version) FROM event_log "
        "WHERE aggregate_id = application_id)"
    )
    found = out_of_order("the log", [(row["aggregate_id"], row["version"]) for row in rows])
    for wrong, what in (
        (len(done) - answered, "commands without an answer"),
        (refused, "commands refused"),
        (2 * len(done) - facts, "facts missing"),
        (stale, "applications behind their facts"),
    ):
        if wrong:
            found.append(f"{wrong} {what}")
    return found


async def inserted(ready: Opened, callers: int, waits: list[float] | None = None) -> Leg:
    """One-row transactions; `waits` takes the seconds of each."""
    waits = [] if waits is None else waits
    checks = ready.checks
    before = await checks.fetchval("SELECT count(*) FROM bare")
    ends_at = time.perf_counter() + ready.servers.settings.leg_seconds
    watch = Stopwatch(ready.servers.postmaster)
    done = 0

    async def call() -> None:
        nonlocal done
        async with ready.pool.acquire() as connection:
            insert = await connection.prepare(_INSERT)
            while (began := time.perf_counter()) < ends_at:
                await insert.fetch(ReportId.new(), _DOCUMENT)
                waits.append(time.perf_counter() - began)
                done += 1

    await asyncio.gather(*(call() for _ in range(callers)))
    leg = watch.leg(done)
    stored = await checks.fetchval("SELECT count(*) FROM bare") - before
    return leg.with_faults([] if stored == done else [f"{done - stored} rows missing"])
