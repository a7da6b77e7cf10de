"""Who has come, and what the catalogue says of agencies, in their tables."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from chassis.database import Row, Tx, row_of, save_rows
from contracts.entries import Agency, Calendar, Service
from contracts.entry_base import Weekday
from contracts.ids import AgencyId, MallId, PresenceId, ServiceCode
from services.queue import tables
from services.queue.domain.mall import Mall
from services.queue.domain.presence import Attendance, MallDay, Offices, Presence, grace_of
from services.queue.store.kinds import of_kind

Office = Agency | Calendar | Service
KINDS = (Agency, Calendar, Service)
_row = row_of(Presence)
_WEEK = TypeAdapter(tuple[Weekday, ...] | None)
_KEPT = {
    Agency.kind: {"code", "open_days"},
    Calendar.kind: {"code", "revision", "source", "year", "working_days", "holidays"},
    Service.kind: {"code", "agency"},
}
_OFFICES = "SELECT kind, code, body::text AS body FROM offices ORDER BY kind, code"
_OF_DAY = """
SELECT presences.* FROM unnest($1::text[], $2::date[]) AS asked (mall, service_date)
JOIN presences USING (mall, service_date) ORDER BY presences.id FOR UPDATE OF presences
"""


async def attend(
    tx: Tx, asked: Sequence[MallDay], malls: Mapping[MallId, Mall]
) -> list[Attendance | Presence]:
    """What is known about the agencies of these malls on these days; they are locked."""
    days = {
        one: malls[one.mall].date_of(one.at)
        for one in asked
        if one.mall in malls and grace_of(malls[one.mall]) is not None
    }
    if not days:
        return []
    offices = await find_offices(tx)
    wanted = {(one.mall, day) for one, day in days.items()}
    rows = await tx.fetch(_OF_DAY, [mall for mall, _ in wanted], [day for _, day in wanted])
    return [*(Attendance(one, offices) for one in days), *map(_presence, rows)]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the presences among these states."""
    await save_rows(tx, tables.presences, [_row(one) for one in of_kind(states, Presence)])


async def find_offices(tx: Tx) -> Offices:
    """All agencies, services and calendars."""
    rows = await tx.fetch(_OFFICES)
    return _offices(tuple((row["kind"], row["body"]) for row in rows))


async def save_offices(tx: Tx, entries: Iterable[Office]) -> None:
    """Keep these, each named once, as the catalogue has them now."""
    rows = [
        (one.kind, str(one.code), one.revision, one.model_dump_json(include=_KEPT[one.kind]))
        for one in entries
    ]
    await save_rows(tx, tables.offices, rows)


@lru_cache(maxsize=1)
def _offices(rows: tuple[tuple[str, str], ...]) -> Offices:
    said = {kind: [body for one, body in rows if one == kind] for kind, _ in rows}
    services = map(json.loads, said.get(Service.kind, ()))
    agencies = map(json.loads, said.get(Agency.kind, ()))
    return Offices(
        {ServiceCode(one["code"]): AgencyId(one["agency"]) for one in services},
        {AgencyId(one["code"]): _WEEK.validate_python(one["open_days"]) for one in agencies},
        tuple(map(Calendar.model_validate_json, said.get(Calendar.kind, ()))),
    )


def _presence(row: Row) -> Presence:
    return Presence(
        PresenceId(row["id"]),
        row["version"],
        MallId(row["mall"]),
        AgencyId(row["agency"]),
        row["service_date"],
        row["expected_at"],
        row["absent_at"],
        row["present_at"],
        row["late_minutes"],
    )
