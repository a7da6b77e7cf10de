"""One appointment, as its holder and the office may see it. No locks."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import and_, select

from chassis.database import Database
from contracts.ids import AppointmentId, MallId, ServiceCode, SessionId, VisitId
from services.booking.tables import appointments, sessions

_AHEAD = ("held", "requested", "booked")


class AppointmentView(BaseModel):
    """One appointment as its holder and the office may see it.

    `disturbed`: its session is closed at present, whether its holder was told yet or not.
    """

    appointment_id: AppointmentId
    session_id: SessionId
    mall: MallId
    service: ServiceCode
    service_date: date
    starts_at: datetime
    ends_at: datetime
    status: Literal[
        "held",
        "requested",
        "booked",
        "checked_in",
        "cancelled",
        "lapsed",
        "declined",
        "missed",
    ]
    held_until: datetime | None
    also: list[ServiceCode]
    places: int
    moves: int
    visit_id: VisitId | None
    disturbed: bool


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
            appointments.c.held_until,
            appointments.c.also,
            appointments.c.places,
            appointments.c.moves,
            appointments.c.visit_id,
            and_(sessions.c.closed_by.is_not(None), appointments.c.status.in_(_AHEAD)).label(
                "disturbed"
            ),
        )
        .join_from(appointments, sessions, appointments.c.session_id == sessions.c.id)
        .where(appointments.c.id == appointment_id)
    )
    rows = await database.fetch(statement)
    if not rows:
        return None
    found = dict(rows[0])
    return AppointmentView.model_validate(found | {"also": found["also"].split()})
