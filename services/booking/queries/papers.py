"""What a calendar file says about an appointment. No locks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import and_, select

from chassis.database import Database
from contracts.ids import AppointmentId, MallId
from services.booking.papers import Page, Standing
from services.booking.tables import appointments, days, malls, offices, policies, sessions

Language = Literal["id", "en"]
_STANDING: Mapping[str, Standing] = {
    "held": "TENTATIVE",
    "requested": "TENTATIVE",
    "booked": "CONFIRMED",
    "checked_in": "CONFIRMED",
}
_MALL_NAME = offices.alias("mall_name")
_SERVICE_NAME = offices.alias("service_name")


async def find_page(
    database: Database, appointment_id: AppointmentId, language: Language, at: datetime
) -> tuple[MallId, Page] | None:
    """The mall, and what the file says as of this moment."""
    joined = (
        appointments.join(sessions, appointments.c.session_id == sessions.c.id)
        .join(malls, malls.c.code == sessions.c.mall)
        .join(days, days.c.id == sessions.c.day_id)
        .outerjoin(
            policies,
            and_(policies.c.code == days.c.policy, policies.c.revision == days.c.policy_version),
        )
        .outerjoin(
            _MALL_NAME, and_(_MALL_NAME.c.kind == "mall", _MALL_NAME.c.code == sessions.c.mall)
        )
        .outerjoin(
            _SERVICE_NAME,
            and_(_SERVICE_NAME.c.kind == "service", _SERVICE_NAME.c.code == sessions.c.service),
        )
    )
    statement = (
        select(
            appointments.c.version,
            appointments.c.status,
            sessions.c.mall,
            sessions.c.service,
            sessions.c.starts_at,
            sessions.c.ends_at,
            malls.c.zone,
            policies.c.body.label("policy"),
            _MALL_NAME.c.body.label("mall_name"),
            _SERVICE_NAME.c.body.label("service_name"),
        )
        .select_from(joined)
        .where(appointments.c.id == appointment_id)
    )
    rows = await database.fetch(statement)
    return (
        (MallId(rows[0]["mall"]), _page(appointment_id, dict(rows[0]), language, at))
        if rows
        else None
    )


def _page(
    appointment_id: AppointmentId, row: Mapping[str, Any], language: Language, at: datetime
) -> Page:
    names = row["service_name"] or {}
    return Page(
        appointment_id,
        row["version"],
        at.replace(microsecond=0),
        row["zone"],
        row["starts_at"],
        row["ends_at"],
        names.get(f"name_{language}", row["service"]),
        (row["mall_name"] or {}).get("name", row["mall"]),
        _STANDING.get(row["status"], "CANCELLED"),
        tuple((row["policy"] or {}).get("reminders_hours", ())),
    )
