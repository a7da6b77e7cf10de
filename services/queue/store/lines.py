"""Lines in their table, each locked by whoever changes what waits in it, and their steps."""

from collections.abc import Iterable, Sequence
from typing import Any

from chassis.database import Overtaken, Row, Tx, add_rows, lock_rows, save_rows
from contracts.ids import CounterCode, DeviceId, LineId, MallId, ServiceCode
from services.queue import tables
from services.queue.domain.line import Line, LineOn, Numbering
from services.queue.domain.order import Waiting
from services.queue.domain.step import Step
from services.queue.domain.waiting import Pace
from services.queue.store.kinds import of_kind

# What was learnt about waits goes on from the newest line of the service.
_BEGIN = """
INSERT INTO lines (id, mall, service, service_date, last_number, waiting, gap_ms, width_pm)
SELECT asked.id, asked.mall, asked.service, asked.service_date, 0, 0,
       earlier.gap_ms, earlier.width_pm
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::date[])
     AS asked (id, mall, service, service_date)
LEFT JOIN LATERAL (
    SELECT gap_ms, width_pm FROM lines
    WHERE mall = asked.mall AND service = asked.service AND series = ''
          AND service_date < asked.service_date
    ORDER BY service_date DESC LIMIT 1
) AS earlier ON true
ORDER BY asked.id ON CONFLICT DO NOTHING RETURNING *
"""


async def lock(tx: Tx, ids: Iterable[LineId], begun: Iterable[LineOn]) -> dict[LineId, Line]:
    """The lines with these ids, locked in the order of ids, and those to be `begun` if need be.

    A line must be there before it can be locked: without its row two groups could both take its
    first step. Raises Overtaken when somebody else began one at the same time; it is there then.
    """
    asked = {one.line_id: one for one in begun}
    rows = await lock_rows(tx, tables.lines, {*ids, *asked})
    found = {line.id: line for line in map(_line, rows)}
    missing = [one for line_id, one in asked.items() if line_id not in found]
    if missing:
        made = await tx.fetch(
            _BEGIN,
            [one.line_id for one in missing],
            [one.mall for one in missing],
            [one.service for one in missing],
            [one.service_date for one in missing],
        )
        if len(made) < len(missing):
            raise Overtaken
        found |= {line.id: line for line in map(_line, made)}
    return found


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the lines among these states, and the steps that were taken."""
    await save_rows(tx, tables.lines, [_row(one) for one in of_kind(states, Line)])
    await add_rows(tx, tables.steps, of_kind(states, Step))


def _row(line: Line) -> tuple[Any, ...]:
    said, waiting, pace = line.numbering, line.waiting, line.pace
    return (
        line.id,
        line.mall,
        line.service,
        line.service_date,
        line.last_number,
        waiting.total,
        line.called_number,
        line.called_to,
        line.version,
        said.series,
        said.device_id,
        said.device_epoch,
        said.granted_at,
        said.most,
        line.step,
        line.turn,
        line.turn_of,
        *waiting,
        line.priority_issued,
        said.priority_most,
        line.last_place_at,
        line.called_label,
        said.numbers_closed,
        said.day_closed,
        pace and pace.gap_ms,
        pace and pace.width_pm,
        pace and pace.last_call_at,
        pace.predicted if pace else 0,
        pace.inside if pace else 0,
    )


def _line(row: Row) -> Line:
    return Line(
        LineId(row["id"]),
        MallId(row["mall"]),
        ServiceCode(row["service"]),
        row["service_date"],
        row["last_number"],
        Waiting(
            row["wait_reguler"],
            row["wait_prioritas"],
            row["wait_janji"],
            row["wait_lanjutan"],
            row["wait_meant"],
        ),
        row["step"],
        row["last_place_at"],
        row["turn"],
        row["turn_of"],
        row["called_number"],
        row["called_label"],
        CounterCode(row["called_to"]) if row["called_to"] else None,
        row["priority_issued"],
        row["version"],
        _numbering(row),
        _pace(row),
    )


def _numbering(row: Row) -> Numbering:
    return Numbering(
        row["series"],
        DeviceId(row["device_id"]) if row["device_id"] else None,
        row["device_epoch"],
        row["granted_at"],
        row["most"],
        row["priority_most"],
        row["numbers_closed"],
        row["day_closed"],
    )


def _pace(row: Row) -> Pace | None:
    if row["gap_ms"] is None:
        return None
    return Pace(
        row["gap_ms"], row["width_pm"], row["last_call_at"], row["predicted"], row["inside"]
    )
