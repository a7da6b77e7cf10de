"""Malls in their table, as the catalogue has them."""

import json
from collections.abc import Iterable

from chassis.database import Row, Tx, save_rows
from contracts.ids import CounterCode, MallId
from services.queue import tables
from services.queue.domain.mall import Mall
from services.queue.store.kinds import services

# As text: what the driver makes of jsonb depends on who configured the connection.
_MALLS = "SELECT code, zone, counters::text AS counters FROM malls WHERE code = ANY($1::text[])"


async def find(tx: Tx, codes: Iterable[MallId]) -> dict[MallId, Mall]:
    """The malls with these codes."""
    wanted = list(codes)
    rows = await tx.fetch(_MALLS, wanted) if wanted else []
    return {mall.id: mall for mall in map(_mall, rows)}


async def save(tx: Tx, malls: Iterable[Mall]) -> None:
    """Keep malls, each named once, as the catalogue has them now."""
    rows = [(mall.id, mall.zone, json.dumps(dict(mall.counters))) for mall in malls]
    await save_rows(tx, tables.malls, rows)


def _mall(row: Row) -> Mall:
    counters = json.loads(row["counters"])
    return Mall(
        MallId(row["code"]),
        row["zone"],
        {CounterCode(code): services(offered) for code, offered in counters.items()},
    )
