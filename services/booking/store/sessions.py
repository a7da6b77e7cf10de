"""Sessions in their table."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.database import Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import ClosureId, MallId, ServiceCode, ServiceDayId, SessionId
from services.booking import tables
from services.booking.domain.session import Session
from services.booking.store.kinds import of_kind

_row = row_of(Session)

_OF_DAYS = """
SELECT session.id FROM days JOIN sessions AS session USING (mall, service, service_date)
WHERE days.id = ANY($1::uuid[])
"""
_STANDING = "SELECT id, day_id, mall, service FROM sessions WHERE id = ANY($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Standing:
    """What never changes about a session: it may be read before anything is locked."""

    day_id: ServiceDayId
    mall: MallId
    service: ServiceCode


async def standing(tx: Tx, ids: Collection[SessionId]) -> list[Standing]:
    """Day, mall and service of these sessions; nothing is locked."""
    rows = await tx.fetch(_STANDING, ids) if ids else []
    return [
        Standing(ServiceDayId(row["day_id"]), MallId(row["mall"]), ServiceCode(row["service"]))
        for row in rows
    ]


async def ids_of(tx: Tx, day_ids: Collection[ServiceDayId]) -> set[SessionId]:
    """The sessions of these days, which are locked: no session comes to them meanwhile."""
    rows = await tx.fetch(_OF_DAYS, day_ids) if day_ids else []
    return {SessionId(row["id"]) for row in rows}


async def lock(tx: Tx, ids: Iterable[SessionId]) -> list[Session]:
    """The sessions with these ids, locked in the order of ids."""
    return [_session(row) for row in await lock_rows(tx, tables.sessions, ids)]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the sessions among these states."""
    await save_rows(tx, tables.sessions, [_row(one) for one in of_kind(states, Session)])


def _session(row: Row) -> Session:
    return Session(
        SessionId(row["id"]),
        row["version"],
        ServiceDayId(row["day_id"]),
        MallId(row["mall"]),
        ServiceCode(row["service"]),
        row["service_date"],
        row["starts_at"],
        row["ends_at"],
        row["capacity"],
        row["booked"],
        row["held"],
        row["overbook"],
        row["released"],
        row["taken_online"],
        row["taken_counter"],
        row["taken_partner"],
        row["most_online"],
        row["most_counter"],
        row["most_partner"],
        row["channels_open"],
        ClosureId(row["closed_by"]) if row["closed_by"] else None,
        row["approve"],
        row["due_at"],
    )
