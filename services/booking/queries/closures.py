"""Closures and special openings, and whom they disturb. No locks."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, literal_column, select

from chassis.database import Database
from contracts.ids import AgencyId, AppointmentId, ClosureId, MallId, ServiceCode, SessionId
from services.booking.tables import appointments, closures, sessions

_CLOSURES_MOST = 200
_EXPECTED = ("requested", "booked")
# As literals: for parameters the planner does not see that the partial index has them all.
_IS_EXPECTED = appointments.c.status.in_([literal_column(f"'{one}'") for one in _EXPECTED])


class ClosureView(BaseModel):
    """One closure or special opening. `told`: so many people got their notice."""

    closure_id: ClosureId
    kind: Literal["closure", "special_opening"]
    mall: MallId
    agency: AgencyId | None
    service: ServiceCode | None
    from_at: datetime
    until_at: datetime
    reason: str
    declared_at: datetime
    lifted_at: datetime | None
    told: int
    swept: bool


class ConflictView(BaseModel):
    """One appointment that a closure disturbs, and whether its holder was told.

    `disturbed` ends when it is moved or given up, or when its session is open again.
    """

    appointment_id: AppointmentId
    session_id: SessionId
    status: str
    told: bool
    disturbed: bool


async def closures_of(
    database: Database, mall: MallId, from_at: datetime, until_at: datetime
) -> list[ClosureView]:
    """Those that touch this time, lifted ones too, in the order in which they end."""
    statement = (
        select(closures)
        .where(
            closures.c.mall == mall, closures.c.until_at > from_at, closures.c.from_at < until_at
        )
        .order_by(closures.c.until_at, closures.c.id)
        .limit(_CLOSURES_MOST)
    )
    return [
        ClosureView.model_validate({**row, "closure_id": row["id"], "swept": row["due_at"] is None})
        for row in await database.fetch(statement)
    ]


async def find_mall_of(database: Database, closure_id: ClosureId) -> MallId | None:
    """The mall that a closure is about."""
    rows = await database.fetch(select(closures.c.mall).where(closures.c.id == closure_id))
    return MallId(rows[0]["mall"]) if rows else None


async def conflicts_of(
    database: Database, closure_id: ClosureId, after: AppointmentId | None, limit: int
) -> list[ConflictView]:
    """Appointments in sessions that it closed, and those whose holders were told, by id."""
    columns = (
        appointments.c.id,
        appointments.c.session_id,
        appointments.c.status,
        appointments.c.disturbed_by,
        sessions.c.closed_by,
    )
    joined = select(*columns).join_from(
        appointments, sessions, appointments.c.session_id == sessions.c.id
    )
    # Found first, sorted then: to go through all appointments by id until a page is full would
    # look cheaper to the planner, and read the whole table.
    hit = (
        joined.where(
            sessions.c.closed_by == closure_id,
            _IS_EXPECTED,
            appointments.c.disturbed_by.is_distinct_from(closure_id),
        )
        .cte("hit")
        .prefix_with("MATERIALIZED")
    )
    told = joined.where(appointments.c.disturbed_by == closure_id)
    rows = [
        *await database.fetch(_page(select(hit), hit.c.id, after, limit)),
        *await database.fetch(_page(told, appointments.c.id, after, limit)),
    ]
    found = {row["id"]: row for row in rows}
    return [
        ConflictView(
            appointment_id=AppointmentId(id_),
            session_id=SessionId(found[id_]["session_id"]),
            status=found[id_]["status"],
            told=found[id_]["disturbed_by"] == closure_id,
            disturbed=found[id_]["closed_by"] == closure_id and found[id_]["status"] in _EXPECTED,
        )
        for id_ in sorted(found)[:limit]
    ]


def _page(
    found: Select[Any], id_: ColumnElement[Any], after: AppointmentId | None, limit: int
) -> Select[Any]:
    rest = found if after is None else found.where(id_ > after)
    return rest.order_by(id_).limit(limit)
