"""Free places over a span of days, and the policies that they are given out by. No locks."""

from datetime import date, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, JsonValue
from sqlalchemy import case, func, select

from chassis.database import Database
from contracts.ids import MallId, PolicyCode, ServiceCode, SessionId
from services.booking.tables import days, policies, sessions

SPAN_DAYS = 31
"""No longer span is asked about at once."""
_SESSIONS_MAX = 2_000
_MOST = sessions.c.capacity + sessions.c.overbook
_LEFT = func.least(_MOST, sessions.c.released) - sessions.c.booked - sessions.c.held
_OF_DAY = days.c.most - days.c.taken

Channel = Literal["online", "counter", "partner"]


class PlacesView(BaseModel):
    """One session with the places that can be taken by one way of booking, or why there are none.

    `why_not` is `closed`, `over`, `not_released`, `full`, `day_full`, `channel_full` or null.
    """

    session_id: SessionId
    service_date: date
    starts_at: datetime
    ends_at: datetime
    free: int
    opens_at: datetime | None
    why_not: str | None


class PolicyView(BaseModel):
    """One revision of a booking policy, as the catalogue has published it."""

    code: PolicyCode
    revision: int
    rules: dict[str, JsonValue]


async def places_of(
    database: Database,
    offered: tuple[MallId, ServiceCode],
    span: tuple[date, date],
    channel: Channel,
    now: datetime,
) -> list[PlacesView]:
    """The sessions of a service over at most 31 days, in the order of time."""
    mall, service = offered
    from_, to = span
    own, most = sessions.c[f"taken_{channel}"], sessions.c[f"most_{channel}"]
    of_channel = case((sessions.c.channels_open, None), else_=most - own)
    not_yet = (days.c.mode == "first_come") & (days.c.opens_at > now)
    drawing = (days.c.mode == "lottery") & (days.c.step == 0)
    why_not = case(
        (sessions.c.closed_by.is_not(None), "closed"),
        (sessions.c.ends_at <= now, "over"),
        (not_yet | drawing, "not_released"),
        (_LEFT <= 0, "full"),
        (_OF_DAY <= 0, "day_full"),
        (of_channel <= 0, "channel_full"),
        else_=None,
    )
    free = func.greatest(0, func.least(_LEFT, of_channel, _OF_DAY))
    statement = (
        select(
            sessions.c.id.label("session_id"),
            sessions.c.service_date,
            sessions.c.starts_at,
            sessions.c.ends_at,
            case((why_not.is_(None), free), else_=0).label("free"),
            days.c.opens_at,
            why_not.label("why_not"),
        )
        .join_from(sessions, days, sessions.c.day_id == days.c.id)
        .where(
            sessions.c.mall == mall,
            sessions.c.service == service,
            sessions.c.service_date.between(from_, min(to, from_ + timedelta(days=SPAN_DAYS - 1))),
        )
        .order_by(sessions.c.service_date, sessions.c.starts_at, sessions.c.id)
        .limit(_SESSIONS_MAX)
    )
    return [PlacesView.model_validate(dict(row)) for row in await database.fetch(statement)]


async def find_policy(
    database: Database, code: PolicyCode, revision: int | None
) -> PolicyView | None:
    """One revision of a policy, the newest one without a number."""
    statement = (
        select(policies.c.code, policies.c.revision, policies.c.body.label("rules"))
        .where(policies.c.code == code)
        .order_by(policies.c.revision.desc())
        .limit(1)
    )
    if revision is not None:
        statement = statement.where(policies.c.revision == revision)
    rows = await database.fetch(statement)
    return PolicyView.model_validate(dict(rows[0])) if rows else None
