"""When a mall or an agency is open, why, and since when that is known. No locks."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlalchemy import or_, select

from chassis.database import Database
from contracts.entries import Agency, Calendar
from contracts.ids import AgencyId, MallId
from services.booking.domain.closure_refusals import CalendarUnknown, RangeTooLong
from services.booking.domain.hours import CalendarMissing, Office, OpeningHours, Ruling, Why
from services.booking.domain.refusals import MallUnknown
from services.booking.tables import closures, hours, malls, offices

_DAY = timedelta(days=1)
_DAYS_MOST = 31
_RULINGS_MOST = 1000
REFUSALS = (MallUnknown, RangeTooLong, CalendarUnknown)
"""Why these questions may have no answer."""


class StretchView(BaseModel):
    """Some time of a day with what holds in it, by which cause, known since when.

    The cause is a `revision` of the opening hours (with the `holiday`, on one) or a `closure_id`.
    """

    starts_at: datetime
    ends_at: datetime
    open: bool
    why: Why
    known_at: datetime
    revision: int | None = None
    closure_id: UUID | None = None
    holiday: str | None = None


class DayView(BaseModel):
    """One day on the wall of the mall: its stretches in the order of time."""

    date: date
    stretches: list[StretchView]


async def hours_of(
    database: Database,
    mall: MallId,
    agency: AgencyId | None,
    span: tuple[date, date],
    as_of: datetime,
) -> list[DayView]:
    """Each day of the span, by what was known then.

    Raises MallUnknown, also for a mall whose hours are not known; RangeTooLong; CalendarUnknown.
    """
    count = (span[1] - span[0]).days + 1
    if not 1 <= count <= _DAYS_MOST:
        raise RangeTooLong(most=_DAYS_MOST)
    office = await _find_office(database, mall, agency, span)
    if office is None:
        raise MallUnknown(mall=mall)
    try:
        return [
            DayView(date=on, stretches=_views(office, on, as_of))
            for on in (span[0] + number * _DAY for number in range(count))
        ]
    except CalendarMissing as missing:
        raise CalendarUnknown(year=missing.year) from None


async def _find_office(
    database: Database, mall: MallId, agency: AgencyId | None, span: tuple[date, date]
) -> Office | None:
    """All that decides about these days; None for a mall whose hours are not known."""
    rows = await database.fetch(
        select(
            malls.c.zone, hours.c.revision, hours.c.opens_at, hours.c.closes_at, hours.c.known_at
        )
        .join_from(malls, hours, malls.c.code == hours.c.mall)
        .where(malls.c.code == mall)
    )
    if not rows:
        return None
    zone = ZoneInfo(rows[0]["zone"])
    week = await _week(database, agency) if agency is not None else None
    return Office(
        zone,
        [
            OpeningHours(row["revision"], row["opens_at"], row["closes_at"], row["known_at"])
            for row in rows
        ],
        await _calendars(database),
        None if week is None or week.open_days is None else frozenset(week.open_days),
        await _rulings(
            database, mall, agency, (_midnight(span[0], zone), _midnight(span[1], zone) + _DAY)
        ),
    )


def _views(office: Office, on: date, as_of: datetime) -> list[StretchView]:
    return [
        StretchView(
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            open=one.is_open,
            why=one.why,
            known_at=one.known_at,
            revision=one.revision,
            closure_id=one.ruling,
            holiday=one.holiday,
        )
        for one in office.day(on, as_of)
    ]


async def _week(database: Database, agency: AgencyId) -> Agency | None:
    rows = await database.fetch(
        select(offices.c.body).where(offices.c.kind == "agency", offices.c.code == agency)
    )
    return Agency.model_validate(rows[0]["body"]) if rows else None


async def _calendars(database: Database) -> dict[int, Calendar]:
    rows = await database.fetch(select(offices.c.body).where(offices.c.kind == "calendar"))
    found = [Calendar.model_validate(row["body"]) for row in rows]
    return {one.year: one for one in found}


async def _rulings(
    database: Database, mall: MallId, agency: AgencyId | None, span: tuple[datetime, datetime]
) -> Sequence[Ruling]:
    rows = await database.fetch(
        select(closures)
        .where(
            closures.c.mall == mall,
            closures.c.until_at > span[0],
            closures.c.from_at < span[1],
            closures.c.service.is_(None),
            or_(closures.c.agency.is_(None), closures.c.agency == agency),
        )
        .order_by(closures.c.until_at)
        .limit(_RULINGS_MOST)
    )
    return [
        Ruling(
            row["id"],
            row["kind"],
            row["from_at"],
            row["until_at"],
            row["declared_at"],
            row["lifted_at"],
        )
        for row in rows
    ]


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(), zone)
