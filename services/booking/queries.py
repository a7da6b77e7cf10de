"""What people may read from booking: free places, and one appointment. No locks."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import select

from chassis.database import Database
from contracts.ids import AppointmentId, MallId, ServiceCode, SessionId
from services.booking.tables import appointments, sessions

_SESSIONS_MAX = 200


class SessionView(BaseModel):
    """One session and how many places are left in it."""

    session_id: SessionId
    starts_at: datetime
    ends_at: datetime
    capacity: int
    free: int


class AppointmentView(BaseModel):
    """One appointment as its holder and the office may see it."""

    appointment_id: AppointmentId
    session_id: SessionId
    mall: MallId
    service: ServiceCode
    service_date: date
    starts_at: datetime
    ends_at: datetime
    status: Literal["booked", "checked_in", "cancelled"]


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
            (sessions.c.capacity - sessions.c.booked).label("free"),
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


async def find_appointment(
    database: Database, appointment_id: AppointmentId
) -> AppointmentView | None:
    """One appointment with the times of its session."""
    statement = (
        select(
            appointments.c.id.label("appointment_id"),
            appointments.c.session_id,
            sessions.c.mall,
            sessions.c.service,
            sessions.c.service_date,
            sessions.c.starts_at,
            sessions.c.ends_at,
            appointments.c.status,
        )
        .join_from(appointments, sessions, appointments.c.session_id == sessions.c.id)
        .where(appointments.c.id == appointment_id)
    )
    rows = await database.fetch(statement)
    return AppointmentView.model_validate(dict(rows[0])) if rows else None
