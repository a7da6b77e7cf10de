"""Counters in their table."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from chassis.database import Row, Tx, save_rows
from contracts.ids import CounterCode, CounterId, MallId, TicketId
from services.queue import tables
from services.queue.domain.counter import Counter
from services.queue.store.kinds import of_kind, services

# As text: what the driver makes of jsonb depends on who configured the connection.
_COUNTERS = """
SELECT id, version, mall, code, services::text AS services, is_open, ticket_id FROM counters
WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""


async def lock(tx: Tx, ids: Iterable[CounterId]) -> dict[CounterId, Counter]:
    """The counters with these ids, locked in the order of ids."""
    wanted = list(ids)
    rows = await tx.fetch(_COUNTERS, wanted) if wanted else []
    return {counter.id: counter for counter in map(_counter, rows)}


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the counters among these states."""
    await save_rows(tx, tables.counters, [_row(one) for one in of_kind(states, Counter)])


def _row(counter: Counter) -> tuple[Any, ...]:
    return (
        counter.id,
        counter.version,
        counter.mall,
        counter.code,
        json.dumps(counter.services),
        counter.is_open,
        counter.ticket_id,
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
    )
