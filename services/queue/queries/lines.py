"""The board of a mall: its lines of today."""

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Date, cast, func, literal, select

from chassis.database import Database
from contracts.ids import CounterCode, LineId, MallId, ServiceCode
from services.queue.domain.order import LANES
from services.queue.tables import lines, malls


class LineView(BaseModel):
    """One line of today: how many wait, by lane, and who was called last, to where.

    `numbers_closed` is the reason why there are no new numbers, if so.
    """

    line_id: LineId
    service: ServiceCode
    waiting: int
    lanes: dict[str, int]
    numbers_closed: str | None
    issued: int
    called_label: str | None
    called_to: CounterCode | None


async def lines_of(database: Database, mall: MallId, at: datetime) -> list[LineView]:
    """The lines of a mall on the day that `at` is there, by service."""
    today = cast(func.timezone(malls.c.zone, literal(at)), Date)
    statement = (
        select(lines)
        .join_from(lines, malls, lines.c.mall == malls.c.code)
        .where(lines.c.mall == mall, lines.c.service_date == today, lines.c.series == "")
        .order_by(lines.c.service)
    )
    return [
        LineView(
            line_id=row["id"],
            service=row["service"],
            waiting=row["waiting"],
            lanes={lane: row[f"wait_{lane}"] for lane in LANES},
            numbers_closed=row["numbers_closed"],
            issued=row["last_number"],
            called_label=row["called_label"],
            called_to=row["called_to"],
        )
        for row in await database.fetch(statement)
    ]
