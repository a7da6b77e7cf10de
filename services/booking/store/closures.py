"""Closures in their table, and the sessions and appointments that they have to do with."""

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from chassis.database import Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import AgencyId, AppointmentId, ClosureId, MallId, ServiceCode, SessionId
from services.booking import tables
from services.booking.domain.closure import (
    MOST_SESSIONS,
    Closure,
    Conflicts,
    ConflictsOf,
    TouchedBy,
    Touching,
)
from services.booking.store.kinds import of_kind

_row = row_of(Closure)
_CHUNK = 200
# A session lies within one day, so what rules over any part of it is not further away than that.
_DAY = timedelta(days=1)

# Whoever declares, lifts, or opens a session of a mall does so alone: otherwise a session could be
# opened beside the closure that covers it, neither decision seeing the other.
_ALONE = "SELECT code FROM malls WHERE code = ANY($1::text[]) ORDER BY code FOR NO KEY UPDATE"
_STANDING = """
SELECT mall, agency, service, from_at, until_at FROM closures WHERE id = ANY($1::uuid[])
"""
_SESSIONS = """
SELECT id FROM sessions
WHERE mall = $1 AND service = ANY(ARRAY(
          SELECT code FROM services
          WHERE ($4::text IS NULL OR agency = $4) AND ($5::text IS NULL OR code = $5)))
  AND service_date BETWEEN ($2::timestamptz - interval '1 day')::date
                       AND ($3::timestamptz + interval '1 day')::date
  AND starts_at < $3 AND $2 < ends_at
ORDER BY id LIMIT $6
"""
_RULINGS = """
SELECT id FROM closures WHERE mall = $1 AND until_at > $2 AND from_at < $3 AND lifted_at IS NULL
"""
_CONFLICTS = """
SELECT appointments.id FROM sessions
JOIN appointments ON appointments.session_id = sessions.id
     AND appointments.status IN ('requested', 'booked')
     AND appointments.disturbed_by IS DISTINCT FROM $1
WHERE sessions.closed_by = $1
ORDER BY appointments.session_id, appointments.id LIMIT $2
"""
_CLOSED = "SELECT count(*) FROM sessions WHERE closed_by = $1"


@dataclass
class Found:
    """What closures make necessary to lock: ids only, in no order."""

    sessions: set[SessionId] = field(default_factory=set)
    appointments: set[AppointmentId] = field(default_factory=set)
    closures: set[ClosureId] = field(default_factory=set)


async def find(tx: Tx, keys: Sequence[Hashable]) -> Found:
    """What these keys have to do with. The malls of new decisions are locked, nothing else."""
    found = Found(closures=set(of_kind(keys, ClosureId)))
    asked = of_kind(keys, Touching)
    lifted = [one.closure_id for one in of_kind(keys, TouchedBy)]
    if lifted:
        asked += [_touching(row) for row in await tx.fetch(_STANDING, lifted)]
    if asked:
        await tx.fetch(_ALONE, sorted({one.mall for one in asked}))
    for one in asked:
        await _find_touched(tx, one, found)
    for conflict in of_kind(keys, ConflictsOf):
        rows = await tx.fetch(_CONFLICTS, conflict.closure_id, _CHUNK)
        found.appointments |= {AppointmentId(row["id"]) for row in rows}
    return found


async def lock(tx: Tx, ids: Iterable[ClosureId]) -> list[Closure]:
    """The closures with these ids, locked in the order of ids."""
    return [_closure(row) for row in await lock_rows(tx, tables.closures, ids)]


async def conflicts(
    tx: Tx, keys: Sequence[Hashable], locked: Collection[AppointmentId]
) -> list[Conflicts]:
    """Whom to tell, of the appointments that are locked. The closures are locked, too.

    Who closes one more session for a closure locks that closure, so `more` is the last word.
    """
    found = []
    for key in of_kind(keys, ConflictsOf):
        rows = await tx.fetch(_CONFLICTS, key.closure_id, _CHUNK + 1)
        ids = [AppointmentId(row["id"]) for row in rows]
        ready = tuple(one for one in ids if one in locked)
        sessions = await tx.fetchval(_CLOSED, key.closure_id)
        found.append(Conflicts(key, ready, sessions, more=len(ready) < len(ids)))
    return found


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the closures among these states."""
    await save_rows(tx, tables.closures, [_row(one) for one in of_kind(states, Closure)])


async def _find_touched(tx: Tx, asked: Touching, found: Found) -> None:
    if asked.sessions:
        rows = await tx.fetch(
            _SESSIONS,
            asked.mall,
            asked.from_at,
            asked.until_at,
            asked.agency,
            asked.service,
            MOST_SESSIONS + 1,
        )
        found.sessions |= {SessionId(row["id"]) for row in rows}
    rows = await tx.fetch(_RULINGS, asked.mall, asked.from_at - _DAY, asked.until_at + _DAY)
    found.closures |= {ClosureId(row["id"]) for row in rows}


def _touching(row: Row) -> Touching:
    return Touching(
        MallId(row["mall"]),
        row["from_at"],
        row["until_at"],
        AgencyId(row["agency"]) if row["agency"] else None,
        ServiceCode(row["service"]) if row["service"] else None,
    )


def _closure(row: Row) -> Closure:
    return Closure(
        ClosureId(row["id"]),
        row["version"],
        row["kind"],
        MallId(row["mall"]),
        AgencyId(row["agency"]) if row["agency"] else None,
        ServiceCode(row["service"]) if row["service"] else None,
        row["from_at"],
        row["until_at"],
        row["reason"],
        row["declared_at"],
        row["lifted_at"],
        row["told"],
        row["due_at"],
    )
