"""Appointments in their table."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from chassis.database import Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import (
    AppointmentId,
    ClosureId,
    PersonId,
    ServiceCode,
    SessionId,
    VisitId,
    WaitId,
)
from services.booking import tables
from services.booking.domain.appointment import Appointment, Status
from services.booking.store.kinds import of_kind

_row = row_of(Appointment)

# An appointment may be moved before it is locked; whoever has locked it looks again.
_SESSIONS_OF = "SELECT DISTINCT session_id FROM appointments WHERE id = ANY($1::uuid[])"


async def sessions_of(tx: Tx, ids: Collection[AppointmentId]) -> set[SessionId]:
    """The sessions of these appointments; nothing is locked."""
    rows = await tx.fetch(_SESSIONS_OF, ids) if ids else []
    return {SessionId(row["session_id"]) for row in rows}


async def lock(tx: Tx, ids: Iterable[AppointmentId]) -> list[Appointment]:
    """The appointments with these ids, locked in the order of ids."""
    return [_appointment(row) for row in await lock_rows(tx, tables.appointments, ids)]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the appointments among these states: those that end make room first."""
    changed = sorted(of_kind(states, Appointment), key=lambda one: one.status.is_live)
    await save_rows(tx, tables.appointments, [_row(one) for one in changed])


def _appointment(row: Row) -> Appointment:
    return Appointment(
        AppointmentId(row["id"]),
        row["version"],
        SessionId(row["session_id"]),
        PersonId(row["person_id"]),
        ServiceCode(row["service"]),
        row["service_date"],
        Status(row["status"]),
        row["channel"],
        row["also"],
        row["places"],
        VisitId(row["visit_id"]) if row["visit_id"] else None,
        WaitId(row["wait_id"]) if row["wait_id"] else None,
        row["moves"],
        row["held_until"],
        ClosureId(row["disturbed_by"]) if row["disturbed_by"] else None,
        row["step"],
        row["due_at"],
        row["ended_at"],
        row["pardoned"],
    )
