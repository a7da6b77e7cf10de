"""P11: tickets on one hot line, every guard on, beside a loop that locks the line for each."""

import asyncio
import json
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import cycle
from typing import Any

import asyncpg

from bench.ground import Servers
from bench.method import Leg, Stopwatch, alternate, percentile
from bench.results import Figure, Row, at_most, judged, median_figure, ratio_at_least
from chassis import clock
from chassis.database import Database
from chassis.dispatch import Dispatcher
from chassis.eventlog import Cause
from contracts.ids import Actor, CounterCode, MallId, ServiceCode, TicketId
from services.queue.commands.tickets import IssueTicket
from services.queue.domain.mall import Mall
from services.queue.store import malls as stored
from services.queue.wiring import DOMAIN

IDS = ("P11",)
CALLERS = 32
_MALL, _SERVICE = MallId("bench"), ServiceCode("BENCH-HOT")
_CREATE = """
CREATE TABLE naive_line (id integer PRIMARY KEY, last_number integer NOT NULL);
CREATE TABLE naive_tickets (id uuid PRIMARY KEY, number integer NOT NULL, body jsonb NOT NULL);
INSERT INTO naive_line VALUES (1, 0);
"""
_LOCK = "SELECT last_number FROM naive_line WHERE id = 1 FOR UPDATE"
_RAISE = "UPDATE naive_line SET last_number = $1 WHERE id = 1"
_ADD = "INSERT INTO naive_tickets VALUES ($1, $2, $3)"
_BODY = json.dumps({"mall": _MALL, "service": _SERVICE})


async def run(servers: Servers, _wanted: AbstractSet[str]) -> list[Row]:
    """The rate, and the wait of the slowest hundredth."""
    settings = servers.settings
    where = await servers.fresh_database("queue")
    database = Database(where["program"], name="bench")
    dispatcher = Dispatcher(database, DOMAIN)
    checks = await servers.postgres.server.connect(where["name"])
    pool = await asyncpg.create_pool(
        where["program"].replace("+asyncpg", ""), min_size=CALLERS, max_size=CALLERS
    )
    waits: list[float] = []
    naive_waits: list[float] = []

    async def ours() -> Leg:
        return await issued_by(servers, dispatcher, checks, waits)

    async def reference() -> Leg:
        return await _locked(servers, pool, checks, naive_waits)

    dispatcher.start()
    try:
        await checks.execute(_CREATE)
        await checks.execute(f'GRANT ALL ON naive_line, naive_tickets TO "{where["name"]}"')
        async with database.transaction() as tx:
            await stored.save(tx, [mall_with_one_line(_MALL)])
        settings.tell(f"P11: {CALLERS} callers on one line")
        await ours()
        waits.clear()
        pairs = await alternate(ours, reference, settings.repetitions, settings.tell)
    finally:
        await dispatcher.stop()
        await pool.close()
        await checks.close()
        await database.close()
    settings.tell(f"  {pairs.told()}; faults: {'; '.join(pairs.faults) or 'none'}")
    right = not pairs.faults
    late = Figure(percentile(waits, 0.99) * 1e3, "ms", percentile(naive_waits, 0.99) * 1e3)
    rate = f"tickets of one line, {CALLERS} callers, against SELECT FOR UPDATE{pairs.suffix}"
    wait = f"wait for a ticket, p99, at that maximum{pairs.suffix}"
    return [
        judged("P11.rate", rate, median_figure(pairs), ratio_at_least(5), checked=right),
        judged("P11.wait", wait, late, at_most(50, "ms"), checked=right),
    ]


async def issued_by(
    servers: Servers,
    dispatcher: Dispatcher,
    checks: Any,
    waits: list[float],
    malls: Sequence[MallId] = (_MALL,),
) -> Leg:
    """As many tickets as can be, in these malls in turn; one line in each."""
    turns = cycle(malls)
    issued: list[TicketId] = []
    ends_at = time.perf_counter() + servers.settings.leg_seconds
    watch = Stopwatch(servers.postmaster)

    async def call() -> None:
        while (began := time.perf_counter()) < ends_at:
            ticket, mall = TicketId.new(), next(turns)
            command = IssueTicket(
                actor=Actor("officer:bench"),
                at=clock.now(),
                key=str(ticket),
                ticket_id=ticket,
                mall=mall,
                service=_SERVICE,
                staff_mall=mall,
            )
            await dispatcher.dispatch(command, Cause(command.key))
            issued.append(ticket)
            waits.append(time.perf_counter() - began)

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    leg = watch.leg(len(issued))
    stored = await checks.fetchval("SELECT count(*) FROM tickets WHERE id = ANY($1)", issued)
    rows = await checks.fetch("SELECT line_id, number FROM tickets ORDER BY line_id, number")
    lines: dict[Any, list[int]] = {}  # two, when midnight passes
    for row in rows:
        lines.setdefault(row["line_id"], []).append(row["number"])
    found = [fault for numbers in lines.values() for fault in gaps(numbers)]
    return leg.with_faults([*found, *_missing(len(issued), stored)])


async def _locked(servers: Servers, pool: Any, checks: Any, waits: list[float]) -> Leg:
    before = await checks.fetchval("SELECT count(*) FROM naive_tickets")
    ends_at = time.perf_counter() + servers.settings.leg_seconds
    watch = Stopwatch(servers.postmaster)
    done = 0

    async def call() -> None:
        nonlocal done
        async with pool.acquire() as connection:
            while (began := time.perf_counter()) < ends_at:
                async with connection.transaction():
                    number = await connection.fetchval(_LOCK) + 1
                    await connection.execute(_RAISE, number)
                    await connection.execute(_ADD, TicketId.new(), number, _BODY)
                done += 1
                waits.append(time.perf_counter() - began)

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    leg = watch.leg(done)
    rows = await checks.fetch("SELECT number FROM naive_tickets ORDER BY number")
    numbers = [row["number"] for row in rows]
    return leg.with_faults([*gaps(numbers), *_missing(done, len(numbers) - before)])


def mall_with_one_line(code: MallId) -> Mall:
    """One counter for one service."""
    return Mall(code, "Asia/Jakarta", {CounterCode("A-01"): (_SERVICE,)})


def gaps(numbers: Sequence[int]) -> list[str]:
    """Sorted numbers of one line must be 1, 2, 3 and so on: no gap, nothing twice."""
    wrong = sum(number != place for place, number in enumerate(numbers, start=1))
    return [f"{wrong} tickets not where their number says"] if wrong else []


def _missing(issued: int, stored: int) -> list[str]:
    return [] if issued == stored else [f"{issued - stored} tickets missing"]
