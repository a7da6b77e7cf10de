"""P1: the rate of durable commands in one process, every guard on, beside bare one-row inserts.

Ours reads an application, an earlier answer and an agency, decides, and writes two facts, the state
and the answer. The reference writes one row per transaction and reads nothing.
"""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
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
_AGENCY = AgencyId("bench")
_PREPARED = 6_000
_DOCUMENT = json.dumps({"text": "x" * 520})
_CREATE = "CREATE TABLE bare (id bigserial PRIMARY KEY, key uuid NOT NULL, body jsonb NOT NULL)"
_INSERT = "INSERT INTO bare (key, body) VALUES ($1, $2)"


async def run(servers: Servers, _wanted: AbstractSet[str]) -> list[Row]:
    """One row."""
    settings = servers.settings
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
        applications = await _prepare(database, dispatcher)

        async def ours() -> Leg:
            return await _dispatched(servers, dispatcher, applications, checks)

        async def reference() -> Leg:
            return await _inserted(servers, pool, checks)

        settings.tell(f"P1: {CALLERS} callers on {APPLICATIONS:,} applications")
        await ours()
        pairs = await alternate(ours, reference, settings.repetitions, settings.tell)
    finally:
        await dispatcher.stop()
        await pool.close()
        await checks.close()
        await database.close()
    settings.tell(f"  {pairs.told()}; faults: {'; '.join(pairs.faults) or 'none'}")
    what = f"commands in process, {CALLERS} callers, against bare inserts{pairs.suffix}"
    figure = median_figure(pairs)
    return [judged("P1", what, figure, ratio_at_least(0.5), checked=not pairs.faults)]


async def _prepare(database: Database, dispatcher: Dispatcher) -> list[ApplicationId]:
    async with database.transaction() as tx:
        await save_entries(tx, [("agency", _AGENCY, 1, "{}")])
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


async def _dispatched(
    servers: Servers, dispatcher: Dispatcher, applications: Sequence[ApplicationId], checks: Any
) -> Leg:
    """Commands are made before the clock runs: that is the work of the doors."""
    lots = random.Random(7)  # noqa: S311 - no secret
    ready = [_command(lots.choice(applications)) for _ in range(_prepared(servers))]
    waiting = iter(ready)
    ends_at = time.perf_counter() + servers.settings.leg_seconds
    watch = Stopwatch(servers.postmaster)
    done: list[Command] = []

    async def call() -> None:
        for command in waiting:
            await dispatcher.dispatch(command, Cause(command.key))
            done.append(command)
            if time.perf_counter() > ends_at:
                return

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    leg = watch.leg(len(done))
    return leg.with_faults(await _faults(checks, done))


def _prepared(servers: Servers) -> int:
    return round(_PREPARED * servers.settings.leg_seconds)


def _command(application: ApplicationId) -> Command:
    report = ActivityReported(
        report_id=ReportId.new(), application_id=application, activity="bench step"
    )
    return report_command(_AGENCY, report, clock.now(), clock.now())


async def _faults(checks: Any, done: Sequence[Command]) -> list[str]:
    """Every command answered once, two facts each, versions without gap and in order."""
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


async def _inserted(servers: Servers, pool: Any, checks: Any) -> Leg:
    before = await checks.fetchval("SELECT count(*) FROM bare")
    ends_at = time.perf_counter() + servers.settings.leg_seconds
    watch = Stopwatch(servers.postmaster)
    done = 0

    async def call() -> None:
        nonlocal done
        async with pool.acquire() as connection:
            insert = await connection.prepare(_INSERT)
            while time.perf_counter() < ends_at:
                await insert.fetch(ReportId.new(), _DOCUMENT)
                done += 1

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    leg = watch.leg(done)
    stored = await checks.fetchval("SELECT count(*) FROM bare") - before
    return leg.with_faults([] if stored == done else [f"{done - stored} rows missing"])
