"""Plans for a visit over several agencies, and one visit as its holder may see it. No locks."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import func, or_, select

from chassis.database import Database
from contracts.booking import VisitStop
from contracts.ids import AppointmentId, MallId, ServiceCode, SessionId, VisitId
from services.booking.domain.offer import Mall, Service
from services.booking.domain.planner import FEWEST_STOPS, MOST_STOPS, Choice, plans, without_place
from services.booking.domain.refusals import MallUnknown, ServiceUnknown
from services.booking.domain.visit import errand_of, walking_in
from services.booking.domain.visit_refusals import TooManyStops, VisitImpossible
from services.booking.queries.sessions import FREE
from services.booking.tables import appointments, days, malls, services, sessions, visits

REFUSALS = (TooManyStops, MallUnknown, ServiceUnknown, VisitImpossible)
"""Why there may be no plan."""
_SESSIONS_MOST = 500


class PlannedStopView(BaseModel):
    """One stop: the session in which a place is free, and the time at which one would come."""

    service: ServiceCode
    session_id: SessionId
    starts_at: datetime
    ends_at: datetime


class PlanView(BaseModel):
    """One possible order. Nothing is taken yet: book it, or another one."""

    stops: list[PlannedStopView]
    walking_minutes: int
    ends_at: datetime


class StopView(PlannedStopView):
    """One stop of a visit that was booked, and where its appointment stands."""

    appointment_id: AppointmentId
    status: str


class VisitView(BaseModel):
    """One visit with its stops in their order."""

    visit_id: VisitId
    mall: MallId
    service_date: date
    status: Literal["booked", "cancelled"]
    stops: list[StopView]


async def plans_for(
    database: Database,
    mall_id: MallId,
    service_date: date,
    wanted: Sequence[ServiceCode],
    at: datetime,
) -> list[PlanView]:
    """At most three orders, the best first. Raises what is in `REFUSALS`."""
    if not FEWEST_STOPS <= len(set(wanted)) == len(wanted) <= MOST_STOPS:
        raise TooManyStops(fewest=FEWEST_STOPS, most=MOST_STOPS)
    mall = await _mall(database, mall_id)
    known = await _services(database, wanted)
    free = await _free(database, mall_id, service_date, wanted, at)
    errands = [errand_of(known[code], mall, free[code]) for code in wanted]
    if lacking := without_place(errands):
        raise VisitImpossible(service=lacking[0])
    found = plans(errands, walking_in(mall), at)
    if not found:
        raise VisitImpossible
    return [
        PlanView(
            stops=[
                PlannedStopView(
                    service=stop.service,
                    session_id=stop.session_id,
                    starts_at=stop.starts_at,
                    ends_at=stop.ends_at,
                )
                for stop in plan.stops
            ],
            walking_minutes=plan.walking_minutes,
            ends_at=plan.ends_at,
        )
        for plan in found
    ]


async def find_visit(database: Database, visit_id: VisitId) -> VisitView | None:
    """One visit with its plan, and what became of each appointment."""
    rows = await database.fetch(select(visits).where(visits.c.id == visit_id))
    if not rows:
        return None
    standing = await database.fetch(
        select(appointments.c.id, appointments.c.session_id, appointments.c.status).where(
            appointments.c.visit_id == visit_id
        )
    )
    now = {AppointmentId(row["id"]): row for row in standing}
    planned = [VisitStop.model_validate(stop) for stop in rows[0]["stops"]]
    return VisitView(
        visit_id=visit_id,
        mall=rows[0]["mall"],
        service_date=rows[0]["service_date"],
        status=rows[0]["status"],
        stops=[
            StopView(
                **stop.model_dump(exclude={"session_id"}),
                session_id=now[stop.appointment_id]["session_id"],
                status=now[stop.appointment_id]["status"],
            )
            for stop in planned
        ],
    )


async def _mall(database: Database, mall_id: MallId) -> Mall:
    rows = await database.fetch(
        select(malls.c.zone, malls.c.counters, malls.c.walking).where(malls.c.code == mall_id)
    )
    if not rows:
        raise MallUnknown(mall=mall_id)
    counters, walking = tuple(rows[0]["counters"]), tuple(rows[0]["walking"])
    return Mall(mall_id, rows[0]["zone"], (), counters=counters, walking=walking)


async def _services(
    database: Database, wanted: Sequence[ServiceCode]
) -> dict[ServiceCode, Service]:
    rows = await database.fetch(select(services).where(services.c.code.in_(wanted)))
    found = {
        ServiceCode(row["code"]): Service(
            ServiceCode(row["code"]), row["agency"], minutes=row["minutes"], after=row["after"]
        )
        for row in rows
    }
    for code in wanted:
        if code not in found:
            raise ServiceUnknown(service=code)
    return found


async def _free(
    database: Database,
    mall_id: MallId,
    service_date: date,
    wanted: Sequence[ServiceCode],
    at: datetime,
) -> dict[ServiceCode, list[Choice]]:
    """Sessions with a place that anybody may take now. A booking looks again, under locks."""
    statement = (
        select(sessions.c.id, sessions.c.service, sessions.c.starts_at, sessions.c.ends_at)
        .join_from(sessions, days, days.c.id == sessions.c.day_id)
        .where(
            sessions.c.mall == mall_id,
            sessions.c.service.in_(wanted),
            sessions.c.service_date == service_date,
            sessions.c.ends_at > at,
            FREE > 0,
            days.c.free_online > days.c.waiting,
            or_(days.c.most.is_(None), days.c.taken < days.c.most),
            or_(days.c.mode == "open", func.coalesce(days.c.opens_at, at) < at),
        )
        .order_by(sessions.c.starts_at, sessions.c.id)
        .limit(_SESSIONS_MOST)
    )
    found: dict[ServiceCode, list[Choice]] = defaultdict(list)
    for row in await database.fetch(statement):
        choice = Choice(SessionId(row["id"]), row["starts_at"], row["ends_at"])
        found[ServiceCode(row["service"])].append(choice)
    return found
