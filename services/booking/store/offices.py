"""What the catalogue says about when offices are open, and what they are called."""

from collections.abc import Collection, Mapping

from chassis.database import Tx, Values, save_rows
from contracts.entries import Mall, Service
from contracts.entry_base import Entry
from services.booking import tables

# Of these no more than the names; the rest stands in tables of their own.
_KEPT: Mapping[type[Entry], set[str]] = {Mall: {"name"}, Service: {"name_id", "name_en"}}
# Each revision is written once. One that is read again is known since it was read first.
_KEEP_HOURS = """
INSERT INTO hours (mall, revision, opens_at, closes_at, known_at)
SELECT * FROM unnest($1::text[], $2::integer[], $3::time[], $4::time[], $5::timestamptz[])
ON CONFLICT DO NOTHING
"""


async def keep_hours(tx: Tx, rows: Collection[Values]) -> None:
    """Keep revisions of opening hours: mall, revision, from when, to when, since when known."""
    if rows:
        await tx.execute(_KEEP_HOURS, *map(list, zip(*rows, strict=True)))


async def save(tx: Tx, entries: Collection[Entry]) -> None:
    """Keep weeks, calendars and names, each named once, as the catalogue has them now."""
    rows = [
        (
            one.kind,
            one.entry_code,
            one.revision,
            one.model_dump_json(include=_KEPT.get(type(one)), exclude_none=True),
        )
        for one in entries
    ]
    await save_rows(tx, tables.offices, rows)
