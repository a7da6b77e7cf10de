"""Visits in their table, and the appointments that they are made of."""

import json
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import Any

from chassis.database import Row, Tx, Values, lock_rows, save_rows
from contracts.booking import VisitStop
from contracts.ids import AppointmentId, MallId, PersonId, SessionId, VisitId
from services.booking import tables
from services.booking.domain.visit import ServicesIn, StopsOf, Visit
from services.booking.store.kinds import of_kind

# Who belongs to a visit is decided with it and never changes, so it may be read before locking.
_STOPS = "SELECT id FROM appointments WHERE visit_id = ANY($1::uuid[])"


async def stops_of(tx: Tx, keys: Sequence[Hashable]) -> set[AppointmentId]:
    """The appointments of the visits that are asked for; nothing is locked."""
    visit_ids = [one.visit_id for one in of_kind(keys, StopsOf)]
    rows = await tx.fetch(_STOPS, visit_ids) if visit_ids else []
    return {AppointmentId(row["id"]) for row in rows}


def with_services(keys: Sequence[Hashable]) -> Collection[SessionId]:
    """The sessions whose services are asked for."""
    return {id_ for one in of_kind(keys, ServicesIn) for id_ in one.sessions}


async def lock(tx: Tx, ids: Iterable[VisitId]) -> list[Visit]:
    """The visits with these ids, locked in the order of ids."""
    return [_visit(row) for row in await lock_rows(tx, tables.visits, ids)]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the visits among these states."""
    await save_rows(tx, tables.visits, [_row(one) for one in of_kind(states, Visit)])


def _row(visit: Visit) -> Values:
    stops = json.dumps([stop.model_dump(mode="json") for stop in visit.stops])
    return (
        visit.id,
        visit.version,
        visit.mall,
        visit.service_date,
        visit.person_id,
        visit.status,
        stops,
    )


def _visit(row: Row) -> Visit:
    # What the driver makes of jsonb depends on who configured the connection.
    stops = row["stops"]
    found = json.loads(stops) if isinstance(stops, str) else stops
    return Visit(
        VisitId(row["id"]),
        row["version"],
        MallId(row["mall"]),
        row["service_date"],
        PersonId(row["person_id"]),
        row["status"],
        tuple(VisitStop.model_validate(stop) for stop in found),
    )
