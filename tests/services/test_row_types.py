"""The types of rows on their way in are made of what the tables' code writes."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import asyncpg
import pytest
from sqlalchemy import MetaData, Table
from sqlalchemy.dialects import postgresql

from chassis.database import ROW_TYPE, Database, save_rows, written_columns
from chassis.migrations import migrate
from local import testing

pytestmark = pytest.mark.integration
NAMES = ("booking", "queue", "tracking")
_FIELDS = """
SELECT attname AS name, format_type(atttypid, atttypmod) AS kind FROM pg_attribute
WHERE attrelid = (SELECT typrelid FROM pg_type WHERE oid = $1::text::regtype) ORDER BY attnum
"""
Fresh = Callable[[str], Awaitable[testing.Database]]


def tables_of(name: str) -> list[Table]:
    module = import_module(f"services.{name}.tables")
    (metadata,) = (one for one in vars(module).values() if isinstance(one, MetaData))
    return [table for table in metadata.sorted_tables if ROW_TYPE in table.info]


@pytest.mark.parametrize("name", NAMES)
async def test_a_row_type_has_the_written_columns_in_their_order(
    name: str, fresh_database: Fresh
) -> None:
    where = await fresh_database(name)
    await migrate(where.owner_url, name)
    database = Database(where.url, name="test")
    tables = tables_of(name)
    assert tables
    try:
        async with database.transaction() as tx:
            for table in tables:
                rows = await tx.fetch(_FIELDS, table.info[ROW_TYPE])
                made = [(row["name"], row["kind"]) for row in rows]
                assert made == [(one.name, _kind(one)) for one in written_columns(table)]
    finally:
        await database.close()


async def test_a_row_with_a_value_too_few_is_refused(fresh_database: Fresh) -> None:
    where = await fresh_database("queue")
    await migrate(where.owner_url, "queue")
    database = Database(where.url, name="test")
    (table, *_) = tables_of("queue")
    try:
        with pytest.raises(asyncpg.DatatypeMismatchError):
            async with database.transaction() as tx:
                await save_rows(tx, table, [(None,)])
    finally:
        await database.close()


def _kind(column: Any) -> str:
    kind = column.type.compile(dialect=postgresql.dialect()).lower()
    return "text" if kind == "jsonb" else str(kind)
