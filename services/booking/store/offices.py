"""What the catalogue says about when offices are open: hours, weeks of agencies, calendars."""

from collections.abc import Collection

from chassis.database import Tx, Values, save_rows
from contracts.entries import Agency, Calendar
from services.booking import tables

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


async def save(tx: Tx, entries: Collection[Agency | Calendar]) -> None:
    """Keep weeks and calendars, each named once, as the catalogue has them now."""
    rows = [
        (one.kind, one.entry_code, one.revision, one.model_dump_json(exclude_none=True))
        for one in entries
    ]
    await save_rows(tx, tables.offices, rows)
