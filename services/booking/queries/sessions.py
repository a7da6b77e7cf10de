"""The sessions of a day and their free places. No locks."""

from datetime import date, datetime

from pydantic import BaseModel
from sqlalchemy import case, func, select

from chassis.database import Database
from contracts.ids import MallId, ServiceCode, SessionId
from services.booking.tables import sessions

_SESSIONS_MAX = 200
_MOST = sessions.c.capacity + sessions.c.overbook
_LEFT = func.least(_MOST, sessions.c.released) - sessions.c.booked - sessions.c.held
# What a citizen can take, as `Session.free` has it.
FREE = func.greatest(
    0,
    case(
        (sessions.c.closed_by.is_not(None), 0),
        (sessions.c.channels_open, _LEFT),
        else_=func.least(_LEFT, sessions.c.most_online - sessions.c.taken_online),
    ),
)


class SessionView(BaseModel):
    """One session and how many places are left in it."""

    session_id: SessionId
    starts_at: datetime
    ends_at: datetime
    capacity: int
    free: int


async def sessions_of(
    database: Database, mall: MallId, service: ServiceCode, service_date: date
) -> list[SessionView]:
    """The sessions of one service on one day, in the order of time."""
    statement = (
        select(
            sessions.c.id.label("session_id"),
            sessions.c.starts_at,
            sessions.c.ends_at,
            sessions.c.capacity,
            FREE.label("free"),
        )
        .where(
            sessions.c.mall == mall,
            sessions.c.service == service,
            sessions.c.service_date == service_date,
        )
        .order_by(sessions.c.starts_at, sessions.c.id)
        .limit(_SESSIONS_MAX)
    )
    return [SessionView.model_validate(dict(row)) for row in await database.fetch(statement)]
