"""What the database itself guarantees, and that its tables are the ones the code knows."""

import asyncpg
import pytest
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from services.tracking.tables import METADATA
from tests.services.tracking.desk import Desk

_END = """
INSERT INTO event_log (event_id, type, aggregate, aggregate_id, version, topic, key, time, actor,
                       correlation_id, payload)
VALUES (gen_random_uuid(), $1, 'application', $2, $3, 't', 'k', now(), 'system:test', 'c', '{}')
"""


_LIFE = "UPDATE applications SET life = $2 WHERE application_id = $1"


async def test_the_migrations_make_the_tables_that_the_code_knows(desk: Desk) -> None:
    for table in METADATA.sorted_tables:
        await check_table(desk, table)


async def check_table(desk: Desk, table: Table) -> None:
    rows = await desk.probe.rows(
        "SELECT attname, format_type(atttypid, atttypmod) AS kind, attnotnull FROM pg_attribute"
        " WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        table.name,
    )
    made = [(row["attname"], row["kind"], row["attnotnull"]) for row in rows]
    dialect = postgresql.dialect()
    known = [
        (column.name, column.type.compile(dialect=dialect).lower(), not column.nullable)
        for column in table.columns
    ]
    assert made == known


async def test_an_application_cannot_end_twice_whoever_decides(desk: Desk) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    await desk.probe.rows(_LIFE, application_id, "completed")
    for other in ("refused", "running", "completed"):
        with pytest.raises(asyncpg.CheckViolationError, match="has ended"):
            await desk.probe.rows(_LIFE, application_id, other)


async def test_two_decisions_on_one_state_cannot_both_be_written(desk: Desk) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    with pytest.raises(asyncpg.UniqueViolationError, match="one_fact_per_version"):
        await desk.probe.rows(_END, "tracking.stage_done.v1", application_id, 2)


IMPOSSIBLE = (
    "UPDATE applications SET life = 'resting'",
    "UPDATE applications SET revision = NULL",
    "UPDATE applications SET version = 0",
    "UPDATE applications SET journey = NULL, revision = NULL",
    "UPDATE tracking_codes SET digest = 'short'",
)
FORBIDDEN = (
    "UPDATE event_log SET payload = '{}'",
    "DELETE FROM event_log",
    "DELETE FROM applications",
    "UPDATE timeline SET data = '{}'",
    "DELETE FROM catalogue_entries",
    "INSERT INTO timeline_head (id, position) VALUES (2, 0)",
)


async def test_a_state_that_no_fact_leads_to_is_not_taken(desk: Desk) -> None:
    await desk.submit(journey="izin-bangunan")
    for change in IMPOSSIBLE:
        with pytest.raises(asyncpg.CheckViolationError):
            await desk.probe.rows(change)


async def test_the_program_cannot_rewrite_history(desk: Desk) -> None:
    await desk.submit()
    for change in FORBIDDEN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await desk.probe.rows(change)
