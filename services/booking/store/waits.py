"""Who waits for a place, in its table; and what a day's list looks like."""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.database import Overtaken, Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import AppointmentId, MallId, PersonId, ServiceDayId, SessionId, WaitId
from services.booking import tables
from services.booking.domain.appointment import Appointment
from services.booking.domain.claims import Asked, Proofs
from services.booking.domain.day import ServiceDay
from services.booking.domain.wait import (
    Entering,
    Entries,
    EntriesOf,
    Entry,
    FirstOf,
    ListOf,
    Standing,
    Wait,
    Waiter,
    WaiterOf,
    WaitList,
)
from services.booking.store.kinds import of_kind

_row = row_of(Wait)

_STANDING = "SELECT id, day_id, appointment_id FROM waits WHERE id = ANY($1::uuid[])"
_MALLS_OF = "SELECT DISTINCT mall FROM days WHERE id = ANY($1::uuid[])"
_SESSIONS_OF = "SELECT id, day_id FROM sessions WHERE day_id = ANY($1::uuid[])"
# Whoever changes who waits has locked the day, so this stays as it is read.
_FIRST_OF = """
SELECT first.id FROM unnest($1::uuid[]) AS asked (day_id)
CROSS JOIN LATERAL (
    SELECT id FROM waits WHERE waits.day_id = asked.day_id AND status = 'waiting'
    ORDER BY lane, rank, id LIMIT 100
) AS first
"""
_ENTRIES_OF = """
SELECT id, day_id FROM waits
WHERE day_id = ANY($1::uuid[]) AND lane = 0 AND status = 'waiting'
"""
_WAITERS = """
SELECT waits.id, day_id, person_id, NULL::bytea AS identity FROM waits
JOIN unnest($1::uuid[], $2::uuid[]) AS asked (person_id, day_id) USING (person_id, day_id)
WHERE status IN ('waiting', 'offered')
UNION ALL
SELECT waits.id, day_id, person_id, identity FROM waits
JOIN unnest($3::bytea[], $2::uuid[]) AS asked (identity, day_id) USING (identity, day_id)
WHERE status IN ('waiting', 'offered') AND identity IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What may be read of an entry before anything is locked; its offer may change meanwhile."""

    day_id: ServiceDayId
    appointment_id: AppointmentId | None


async def known(tx: Tx, ids: Collection[WaitId]) -> list[Known]:
    """Day and offer of these entries; nothing is locked."""
    rows = await tx.fetch(_STANDING, ids) if ids else []
    return [
        Known(
            ServiceDayId(row["day_id"]),
            AppointmentId(row["appointment_id"]) if row["appointment_id"] else None,
        )
        for row in rows
    ]


async def malls_of(tx: Tx, days: Collection[ServiceDayId]) -> set[MallId]:
    """The malls of these days."""
    rows = await tx.fetch(_MALLS_OF, days) if days else []
    return {MallId(row["mall"]) for row in rows}


def days_named_by(keys: Sequence[Hashable]) -> set[ServiceDayId]:
    """The days of which a list, its first ones or a draw is asked for."""
    return {one.day_id for one in keys if isinstance(one, Entering | FirstOf | EntriesOf)}


async def lists(tx: Tx, days: Sequence[ServiceDay], keys: Sequence[Hashable]) -> list[WaitList]:
    """The lists of those of these locked days for which somebody waits, or that are asked for."""
    asked = {one.day_id for one in keys if isinstance(one, Entering | FirstOf)}
    sessions: dict[ServiceDayId, list[SessionId]] = {
        day.id: [] for day in days if day.waiting or day.id in asked
    }
    for row in await tx.fetch(_SESSIONS_OF, list(sessions)) if sessions else []:
        sessions[ServiceDayId(row["day_id"])].append(SessionId(row["id"]))
    return [WaitList(ListOf(day), tuple(ids)) for day, ids in sessions.items()]


async def who(
    tx: Tx, keys: Sequence[Hashable], offered: Sequence[Appointment]
) -> list[Wait | Entries | Waiter | Entry]:
    """Entries, locked, and what is known of those that are to be made; their days are locked.

    Raises Overtaken when an entry was offered a place meanwhile.
    """
    first = [one.day_id for one in of_kind(keys, FirstOf)]
    ids = {
        *of_kind(keys, WaitId),
        *(WaitId(row["id"]) for row in (await tx.fetch(_FIRST_OF, first) if first else [])),
        *(one.wait_id for one in offered if one.wait_id is not None),
    }
    found = [_wait(row) for row in await lock_rows(tx, tables.waits, ids)]
    known_places = {one.id for one in offered}
    if any(one.is_offered and one.appointment_id not in known_places for one in found):
        raise Overtaken("a place was offered")
    entering = of_kind(keys, Entering)
    return [
        *found,
        *await _entries(tx, [one.day_id for one in of_kind(keys, EntriesOf)]),
        *await _waiters(tx, entering),
        *(one.entry for one in entering),
    ]


def wishes(keys: Sequence[Hashable], states: Sequence[Any]) -> list[Asked]:
    """What those who wait, or are about to, would be asked for in any session of their day."""
    session_of = {
        one.id.day_id: one.sessions[0] for one in of_kind(states, WaitList) if one.sessions
    }
    made = [
        Asked(
            AppointmentId.of("entering", str(one.wait_id)),
            session_of[one.day_id],
            one.person_id,
            one.at,
            proofs=_proofs(one.identity),
        )
        for one in of_kind(keys, Entering)
        if one.day_id in session_of
    ]
    at = {one.day_id: one.at for one in of_kind(keys, FirstOf)}
    made += [
        Asked(
            one.next_offer,
            session_of[one.day_id],
            one.person_id,
            at[one.day_id],
            proofs=_proofs(one.identity),
        )
        for one in of_kind(states, Wait)
        if one.day_id in session_of and one.day_id in at
    ]
    return made


def _proofs(identity: bytes | None) -> Proofs:
    return Proofs(identity.hex() if identity is not None else None)


async def _entries(tx: Tx, days: Collection[ServiceDayId]) -> list[Entries]:
    """Who takes part in the draws of these locked days."""
    found: dict[ServiceDayId, list[WaitId]] = {day: [] for day in days}
    for row in await tx.fetch(_ENTRIES_OF, list(days)) if days else []:
        found[ServiceDayId(row["day_id"])].append(WaitId(row["id"]))
    return [Entries(EntriesOf(day), tuple(ids)) for day, ids in found.items()]


async def _waiters(tx: Tx, asked: Sequence[Entering]) -> list[Waiter]:
    """Whether these persons, or their identities, wait for these days already."""
    if not asked:
        return []
    rows = await tx.fetch(
        _WAITERS,
        [one.person_id for one in asked],
        [one.day_id for one in asked],
        [one.identity for one in asked],
    )
    return [
        Waiter(
            WaiterOf(row["identity"] or PersonId(row["person_id"]), ServiceDayId(row["day_id"])),
            WaitId(row["id"]),
        )
        for row in rows
    ]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the entries among these states: those that end make room first."""
    changed = sorted(of_kind(states, Wait), key=lambda one: one.is_live)
    await save_rows(tx, tables.waits, [_row(one) for one in changed])


def _wait(row: Row) -> Wait:
    return Wait(
        WaitId(row["id"]),
        row["version"],
        ServiceDayId(row["day_id"]),
        PersonId(row["person_id"]),
        row["kind"],
        row["identity"],
        row["lane"],
        row["rank"],
        Standing(row["status"]),
        row["offers"],
        AppointmentId(row["appointment_id"]) if row["appointment_id"] else None,
    )
