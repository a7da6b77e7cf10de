"""Appointments in their table, and what a person holds."""

from collections.abc import Iterable, Sequence
from typing import Any

from chassis.database import Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import AppointmentId, PersonId, ServiceCode, SessionId
from services.booking import tables
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.session import Holding, PersonsDay
from services.booking.store.kinds import of_kind

_row = row_of(Appointment)

# The session of an appointment never changes, so this may be read before anything is locked.
_SESSIONS_OF = "SELECT DISTINCT session_id FROM appointments WHERE id = ANY($1::uuid[])"
_HOLDINGS = """
SELECT id, person_id, service, service_date FROM appointments
JOIN unnest($1::uuid[], $2::text[], $3::date[]) AS asked (person_id, service, service_date)
     USING (person_id, service, service_date)
WHERE status <> 'cancelled'
"""


async def sessions_of(tx: Tx, ids: Sequence[AppointmentId]) -> set[SessionId]:
    """The sessions of these appointments; nothing is locked."""
    rows = await tx.fetch(_SESSIONS_OF, ids) if ids else []
    return {SessionId(row["session_id"]) for row in rows}


async def lock(tx: Tx, ids: Iterable[AppointmentId]) -> list[Appointment]:
    """The appointments with these ids, locked in the order of ids."""
    return [_appointment(row) for row in await lock_rows(tx, tables.appointments, ids)]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the appointments among these states."""
    await save_rows(tx, tables.appointments, [_row(one) for one in of_kind(states, Appointment)])


async def holdings(tx: Tx, days: Sequence[PersonsDay]) -> list[Holding]:
    """The places that persons hold on these days."""
    if not days:
        return []
    rows = await tx.fetch(
        _HOLDINGS,
        [day.person_id for day in days],
        [day.service for day in days],
        [day.service_date for day in days],
    )
    return [
        Holding(
            PersonsDay(
                PersonId(row["person_id"]), ServiceCode(row["service"]), row["service_date"]
            ),
            AppointmentId(row["id"]),
        )
        for row in rows
    ]


def _appointment(row: Row) -> Appointment:
    return Appointment(
        AppointmentId(row["id"]),
        row["version"],
        SessionId(row["session_id"]),
        PersonId(row["person_id"]),
        ServiceCode(row["service"]),
        row["service_date"],
        Status(row["status"]),
    )
