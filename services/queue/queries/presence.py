"""Who of a mall's agencies came on a day, for everybody."""

from datetime import date, datetime

from pydantic import BaseModel
from sqlalchemy import Date, cast, func, literal, select

from chassis.database import Database
from contracts.ids import AgencyId, MallId
from services.queue.tables import malls, presences


class PresenceView(BaseModel):
    """One agency on one day. Late by whole minutes; absent so far while `present_at` is null."""

    agency: AgencyId
    absent_at: datetime | None
    present_at: datetime | None
    late_minutes: int | None


async def today_in(database: Database, mall: MallId, at: datetime) -> date | None:
    """The date on a mall's wall; None when the mall is not known."""
    today = cast(func.timezone(malls.c.zone, literal(at)), Date).label("today")
    rows = await database.fetch(select(today).where(malls.c.code == mall))
    return rows[0]["today"] if rows else None


async def presence_of(database: Database, mall: MallId, day: date) -> list[PresenceView]:
    """The agencies of which something is told on this day, by code."""
    statement = (
        select(
            presences.c.agency,
            presences.c.absent_at,
            presences.c.present_at,
            presences.c.late_minutes,
        )
        .where(presences.c.mall == mall, presences.c.service_date == day)
        .order_by(presences.c.agency)
    )
    return [PresenceView.model_validate(dict(row)) for row in await database.fetch(statement)]
