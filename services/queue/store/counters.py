"""Counters in their table."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from chassis.database import Row, Tx, save_rows
from contracts.ids import Actor, CounterCode, CounterId, CounterSessionId, MallId, TicketId
from services.queue import tables
from services.queue.domain.counter import Asked, Counter
from services.queue.store.kinds import of_kind, services

# As text: what the driver makes of jsonb depends on who configured the connection.
_COUNTERS = """
SELECT id, version, mall, code, services::text AS services, is_open, ticket_id, officer, session_id,
       paused_reason, paused_until, asked::text AS asked
FROM counters WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
_WHERE = "SELECT id FROM counters WHERE officer = ANY($1::text[])"
_BESIDE = """
SELECT id FROM counters WHERE mall IN (SELECT mall FROM counters WHERE id = ANY($1::uuid[]))
"""


async def lock(tx: Tx, ids: Iterable[CounterId]) -> dict[CounterId, Counter]:
    """The counters with these ids, locked in the order of ids."""
    wanted = list(ids)
    rows = await tx.fetch(_COUNTERS, wanted) if wanted else []
    return {counter.id: counter for counter in map(_counter, rows)}


async def where(tx: Tx, officers: Iterable[Actor]) -> set[CounterId]:
    """The counters where these officers are, without a lock: a unique index says the last word."""
    wanted = list(officers)
    rows = await tx.fetch(_WHERE, wanted) if wanted else []
    return {CounterId(row["id"]) for row in rows}


async def beside(tx: Tx, ids: Iterable[CounterId]) -> set[CounterId]:
    """All counters of the malls of these counters."""
    wanted = list(ids)
    rows = await tx.fetch(_BESIDE, wanted) if wanted else []
    return {CounterId(row["id"]) for row in rows}


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the counters among these states.

    First those that gave something up: another may have it in the same statement.
    """
    counters = of_kind(states, Counter)
    counters.sort(key=lambda one: (one.ticket_id is not None, one.officer is not None))
    await save_rows(tx, tables.counters, [_row(one) for one in counters])


def _row(counter: Counter) -> tuple[Any, ...]:
    return (
        counter.id,
        counter.version,
        counter.mall,
        counter.code,
        json.dumps(counter.services),
        counter.is_open,
        counter.ticket_id,
        counter.officer,
        counter.session_id,
        counter.paused_reason,
        counter.paused_until,
        _asked_text(counter.asked),
    )


def _counter(row: Row) -> Counter:
    return Counter(
        CounterId(row["id"]),
        row["version"],
        MallId(row["mall"]),
        CounterCode(row["code"]),
        services(json.loads(row["services"])),
        row["is_open"],
        TicketId(row["ticket_id"]) if row["ticket_id"] else None,
        Actor(row["officer"]) if row["officer"] else None,
        CounterSessionId(row["session_id"]) if row["session_id"] else None,
        row["paused_reason"],
        row["paused_until"],
        _asked(row["asked"]),
    )


def _asked_text(asked: Asked | None) -> str | None:
    if asked is None:
        return None
    until = asked.until.isoformat() if asked.until is not None else None
    return json.dumps(
        {"wants": asked.wants, "reason": asked.reason, "by": asked.by, "until": until}
    )


def _asked(text: str | None) -> Asked | None:
    if text is None:
        return None
    asked = json.loads(text)
    until = datetime.fromisoformat(asked["until"]) if asked["until"] else None
    return Asked(asked["wants"], asked["reason"], Actor(asked["by"]), until)
