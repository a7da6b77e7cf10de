"""Reads and saves what booking decides on, as sets. Locks sessions, then appointments: always."""

import json
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar

from chassis.database import Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import AgencyId, AppointmentId, MallId, PersonId, ServiceCode, SessionId
from services.booking import tables
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.offer import Mall, Service
from services.booking.domain.session import Holding, PersonInSession, PersonsDay, Session

K = TypeVar("K")

_session_row, _appointment_row, _service_row = map(row_of, (Session, Appointment, Service))

# As text: what the driver makes of jsonb depends on who configured the connection.
_MALLS = "SELECT code, zone, agencies::text AS agencies FROM malls WHERE code = ANY($1::text[])"
_SERVICES = "SELECT * FROM services WHERE code = ANY($1::text[])"
# The session of an appointment never changes, so this may be read before anything is locked.
_SESSIONS_OF = "SELECT DISTINCT session_id FROM appointments WHERE id = ANY($1::uuid[])"
_HOLDINGS = """
SELECT id, person_id, service, service_date FROM appointments
JOIN unnest($1::uuid[], $2::text[], $3::date[]) AS asked (person_id, service, service_date)
     USING (person_id, service, service_date)
WHERE status <> 'cancelled'
"""


async def load_many(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The states behind these keys; an appointment brings its session and mall along."""
    appointment_ids, persons = _kind(keys, AppointmentId), _kind(keys, PersonInSession)
    session_ids = {*_kind(keys, SessionId), *(person.session_id for person in persons)}
    if appointment_ids:
        rows = await tx.fetch(_SESSIONS_OF, appointment_ids)
        session_ids |= {SessionId(row["session_id"]) for row in rows}
    sessions = {
        row["id"]: _session(row) for row in await lock_rows(tx, tables.sessions, session_ids)
    }
    appointments = [
        _appointment(row) for row in await lock_rows(tx, tables.appointments, appointment_ids)
    ]
    malls = {*_kind(keys, MallId), *(session.mall for session in sessions.values())}
    days = [
        sessions[person.session_id].day_of(person.person_id)
        for person in persons
        if person.session_id in sessions
    ]
    found: list[Any] = [*sessions.values(), *appointments]
    found += await _holdings(tx, days)
    found += await _offers(tx, malls, _kind(keys, ServiceCode))
    return {state.id: state for state in found}


async def save_many(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the new form of sessions and appointments."""
    await save_rows(tx, tables.sessions, [_session_row(one) for one in _kind(states, Session)])
    appointments = [_appointment_row(one) for one in _kind(states, Appointment)]
    await save_rows(tx, tables.appointments, appointments)


async def save_offers(tx: Tx, offers: Iterable[Mall | Service]) -> None:
    """Keep malls and services, each named once, as the catalogue has them now."""
    malls = _kind(offers, Mall)
    rows = [(mall.id, mall.zone, json.dumps(mall.agencies)) for mall in malls]
    await save_rows(tx, tables.malls, rows)
    await save_rows(tx, tables.services, [_service_row(one) for one in _kind(offers, Service)])


async def _holdings(tx: Tx, days: Sequence[PersonsDay]) -> list[Holding]:
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


async def _offers(
    tx: Tx, malls: Iterable[MallId], services: Sequence[ServiceCode]
) -> list[Mall | Service]:
    wanted = list(malls)
    mall_rows = await tx.fetch(_MALLS, wanted) if wanted else []
    service_rows = await tx.fetch(_SERVICES, services) if services else []
    return [
        *map(_mall, mall_rows),
        *(Service(ServiceCode(row["code"]), AgencyId(row["agency"])) for row in service_rows),
    ]


def _kind(items: Iterable[Any], kind: type[K]) -> list[K]:
    return [item for item in items if isinstance(item, kind)]


def _mall(row: Row) -> Mall:
    agencies = tuple(AgencyId(code) for code in json.loads(row["agencies"]))
    return Mall(MallId(row["code"]), row["zone"], agencies)


def _session(row: Row) -> Session:
    return Session(
        SessionId(row["id"]),
        row["version"],
        MallId(row["mall"]),
        ServiceCode(row["service"]),
        row["service_date"],
        row["starts_at"],
        row["ends_at"],
        row["capacity"],
        row["booked"],
    )


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
