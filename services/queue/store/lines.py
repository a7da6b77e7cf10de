"""Lines in their table, each locked by whoever changes what waits in it."""

from collections.abc import Iterable, Sequence
from typing import Any

from chassis.database import Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import CounterCode, LineId, MallId, ServiceCode
from services.queue import tables
from services.queue.domain.line import Line
from services.queue.store.kinds import of_kind

_row = row_of(Line)


async def lock(tx: Tx, ids: Iterable[LineId]) -> list[Line]:
    """The lines with these ids, locked in the order of ids."""
    return [_line(row) for row in await lock_rows(tx, tables.lines, ids)]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the lines among these states."""
    await save_rows(tx, tables.lines, [_row(one) for one in of_kind(states, Line)])


def _line(row: Row) -> Line:
    return Line(
        LineId(row["id"]),
        MallId(row["mall"]),
        ServiceCode(row["service"]),
        row["service_date"],
        row["last_number"],
        row["waiting"],
        row["called_number"],
        CounterCode(row["called_to"]) if row["called_to"] else None,
    )
