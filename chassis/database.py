"""The one engine and pool of a service, its transactions, and set-based reading and saving of rows.

Hot paths run raw statements on the driver of a pooled connection; reads for people use SQLAlchemy
Core.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import sqlalchemy.exc
from sqlalchemy import Column, Executable, Table
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import Dialect, RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

Row = Mapping[str, Any]
Values = Sequence[Any]
_DIALECT: Dialect = PGDialect_asyncpg()

ROW_TYPE = "row_type"
"""In the `info` of a table: the type, made by a migration, of an array of its written columns."""

# Raised when the database is away, starting, stopping or full of connections: later, perhaps.
_AWAY: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    # What a connection says that was told to end while nobody used it.
    asyncpg.InternalClientError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.TimeoutError,
)


class Overtaken(Exception):
    """Somebody else decided on the same state first."""


# Raised when somebody else was faster: the same decision must be taken again on the new state.
OVERTAKEN: tuple[type[BaseException], ...] = (
    Overtaken,
    asyncpg.UniqueViolationError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)


def is_away(problem: BaseException) -> bool:
    """Whether a failure says only that the database cannot answer now."""
    if isinstance(problem, asyncpg.InterfaceError):
        # The driver has one type for a lost connection and for a wrong argument; only the first
        # passes by itself.
        return not isinstance(problem, ValueError) and "connection" in str(problem)
    if isinstance(problem, sqlalchemy.exc.DBAPIError) and problem.orig is not None:
        # "The database system is starting up" comes as a bare DBAPIError around the driver's own.
        driver_said = problem.orig.__cause__
        if driver_said is not None and is_away(driver_said):
            return True
    return isinstance(problem, _AWAY)


class Tx(Protocol):
    """An open transaction: everything done through it becomes true together or not at all."""

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        """All rows of a statement."""

    async def fetchrow(self, query: str, *args: Any) -> Any:
        """The first row, or None."""

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first value of the first row, or None."""

    async def execute(self, query: str, *args: Any) -> str:
        """Run a statement; returns its command tag."""

    async def copy_records_to_table(
        self, table_name: str, *, records: Iterable[Values], columns: Sequence[str]
    ) -> str:
        """Insert rows by COPY, in their order; returns its command tag."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A pooled connection that stays checked out, and the driver's own below it."""

    connection: AsyncConnection
    driver: "asyncpg.Connection[asyncpg.Record]"

    async def discard(self) -> None:
        """Throw it away, so that nobody uses it again."""
        await self.connection.invalidate()
        await self.connection.close()


class Database:
    """A bounded pool of connections for one role; no wait is longer than `timeout_seconds`."""

    def __init__(
        self, url: str, *, name: str, pool_size: int = 8, timeout_seconds: float = 10
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._places = asyncio.Semaphore(pool_size)
        self._idle: list[_Held] = []
        self._closed = False
        self._engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=timeout_seconds,
            connect_args={
                "timeout": timeout_seconds,
                "command_timeout": timeout_seconds,
                "server_settings": {
                    "application_name": name,
                    "lock_timeout": str(int(timeout_seconds * 500)),
                    "idle_in_transaction_session_timeout": str(int(timeout_seconds * 3000)),
                },
            },
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction; rolled back when the block raises.

        What is raised when the database cannot answer passes `is_away`.
        """
        async with self._lent() as held, held.driver.transaction():
            yield held.driver

    async def fetch(
        self, statement: Executable, parameters: Row | None = None
    ) -> Sequence[RowMapping]:
        """Rows of a Core statement, outside any transaction of ours."""
        async with self._lent() as held:
            result = await held.connection.execute(statement, parameters)
            rows = result.mappings().all()
            await held.connection.rollback()
            return rows

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator["_Held"]:
        """A connection for one piece of work; at most `pool_size` at once.

        It stays checked out between two uses: giving it back to the pool and taking it again would
        cost more than an empty transaction. One that is in doubt afterwards (lost, or cancelled in
        the middle) is thrown away instead of poisoning its next user.
        """
        async with asyncio.timeout(self._timeout_seconds):
            await self._places.acquire()
        try:
            held = self._idle.pop() if self._idle else await self._connect()
            if held.driver.is_closed():
                await held.discard()
                held = await self._connect()
            fit = False
            try:
                yield held
                fit = True
            except asyncpg.InternalClientError:
                raise
            except Exception:
                fit = True
                raise
            finally:
                await self._take_back(held, fit=fit)
        finally:
            self._places.release()

    async def _connect(self) -> "_Held":
        connection = await self._engine.connect()
        driver = (await connection.get_raw_connection()).driver_connection
        if not isinstance(driver, asyncpg.Connection):
            await connection.close()
            raise TypeError("the driver must be asyncpg: write postgresql+asyncpg://")
        return _Held(connection, driver)

    async def _take_back(self, held: "_Held", *, fit: bool) -> None:
        doubtful = not fit or held.driver.is_closed() or held.driver.is_in_transaction()
        if doubtful or self._closed:
            await held.discard()
        else:
            self._idle.append(held)

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        async with self.transaction() as tx:
            await tx.fetchval("SELECT 1")

    async def close(self) -> None:
        """Close every connection."""
        self._closed = True
        for held in self._idle:
            await held.connection.close()
        self._idle.clear()
        await self._engine.dispose()


async def lock_rows(tx: Tx, table: Table, ids: Iterable[UUID]) -> list[Any]:
    """The rows with these primary keys, locked in their order: two groups cannot deadlock."""
    wanted = list(ids)
    if not wanted:
        return []
    return await tx.fetch(_lock_statement(table), wanted)


async def save_rows(tx: Tx, table: Table, rows: Sequence[Values]) -> None:
    """Insert or replace rows, values in the order of the table's columns, in one statement."""
    if rows:
        await tx.execute(_save_statement(table), *_arguments(table, rows))


async def add_rows(tx: Tx, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows that must be new, in their order. Raises UniqueViolationError otherwise.

    By COPY: for many rows it takes half of what the same rows cost as arrays, for two no more.
    """
    if rows:
        columns = [column.name for column in written_columns(table)]
        await tx.copy_records_to_table(table.name, records=rows, columns=columns)


def row_of(kind: type[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """What makes a row of an object of this dataclass, whose fields stand as the columns do.

    `dataclasses.astuple` would copy every value deeply, which takes ten times as long.
    """
    return attrgetter(*(field.name for field in fields(kind)))


def _arguments(table: Table, rows: Sequence[Values]) -> Sequence[Any]:
    """One array of rows where the database has a type for them, else one array per column.

    The driver asks every element of an array whether it is an array itself, which costs more than
    to encode it; it takes the fields of a row as they are.
    """
    if ROW_TYPE in table.info:
        return [list(map(tuple, rows))]
    return list(map(list, zip(*rows, strict=True)))


@cache
def _lock_statement(table: Table) -> str:
    (key,) = table.primary_key.columns
    return (
        f"SELECT * FROM {table.name} "  # noqa: S608 - names of our own tables
        f"WHERE {key.name} = ANY($1::{_kind(key)}[]) ORDER BY {key.name} FOR UPDATE"
    )


def written_columns(table: Table) -> list[Column[Any]]:
    """What the program writes itself; the rest is filled in by the database."""
    return [
        column for column in table.columns if column.server_default is None and not column.identity
    ]


def _kind(column: Column[Any]) -> str:
    kind: str = column.type.compile(dialect=_DIALECT)
    return kind


@cache
def _save_statement(table: Table) -> str:
    columns = written_columns(table)
    names = ", ".join(f'"{column.name}"' for column in columns)
    # What is JSON in the table is text in the row.
    values = ", ".join(f'"{column.name}"::{_kind(column)}' for column in columns)
    row_type = table.info.get(ROW_TYPE)
    arrays = ", ".join(f"${place}::{_kind(one)}[]" for place, one in enumerate(columns, start=1))
    given = f"$1::{row_type}[]" if row_type else arrays
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    changes = ", ".join(
        f'"{column.name}" = excluded."{column.name}"'
        for column in columns
        if not column.primary_key
    )
    return (
        f"INSERT INTO {table.name} ({names}) "  # noqa: S608 - names of our own tables
        f"SELECT {values} FROM unnest({given}) WITH ORDINALITY AS rows ({names}, place) "
        f"ORDER BY place ON CONFLICT ({keys}) DO UPDATE SET {changes}"
    )
