"""Numbered plain SQL, applied once each: first the chassis's, then the service's own.

What the chassis does to tables that a service's own migrations still expect as they were stands in
`chassis/migrations/last` and runs at the end.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from chassis.database import Tx

_ROOT = Path(__file__).resolve().parent.parent
# One lock for all who migrate the same database at once; the number is arbitrary but fixed.
_LOCK = 7_204_816_130
_CREATE = """
CREATE TABLE IF NOT EXISTS migrations (
    name       text PRIMARY KEY,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT ON migrations TO {app};
"""


class MigrationChanged(Exception):
    """An applied migration was edited. Undo the edit and write a new migration instead."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The digest that an applied migration must keep."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_of(service: str) -> Iterator[Migration]:
    """What a service's database is made of, in order."""
    chassis = _ROOT / "chassis" / "migrations"
    for owner, folder in (
        ("chassis", chassis),
        (service, _ROOT / "services" / service / "migrations"),
        ("chassis/last", chassis / "last"),
    ):
        for path in sorted(folder.glob("[0-9]*.sql")):
            yield Migration(f"{owner}/{path.stem}", path.read_text())


async def migrate(owner_url: str, service: str) -> int:
    """Bring the database of a service up to date; returns how many migrations were applied.

    `owner_url` names the role `<database>_owner`; the roles `<database>` and `<database>_relay` get
    their grants. Raises MigrationChanged.
    """
    url = make_url(owner_url).set(drivername="postgresql")
    connection = await asyncpg.connect(
        url.render_as_string(hide_password=False), timeout=10, command_timeout=60
    )
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(_with_roles(_CREATE, str(url.database)))
        done = {
            row["name"]: row["sha256"]
            for row in await connection.fetch("SELECT name, sha256 FROM migrations")
        }
        applied = 0
        for migration in migrations_of(service):
            if migration.name in done:
                _check_unchanged(migration, done[migration.name])
                continue
            await _apply(connection, migration, str(url.database))
            applied += 1
        return applied
    finally:
        await connection.close(timeout=10)


async def missing(tx: Tx, service: str) -> list[str]:
    """The migrations that a service's database still needs, in order."""
    done = {row["name"] for row in await tx.fetch("SELECT name FROM migrations")}
    return [migration.name for migration in migrations_of(service) if migration.name not in done]


def _with_roles(sql: str, database: str) -> str:
    return sql.replace("{app}", f'"{database}"').replace("{relay}", f'"{database}_relay"')


def _check_unchanged(migration: Migration, sha256: str) -> None:
    if migration.sha256 != sha256:
        raise MigrationChanged(
            f"{migration.name} was edited after it was applied; write a new migration instead"
        )


async def _apply(
    connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration, database: str
) -> None:
    sql = _with_roles(migration.sql, database)
    async with connection.transaction():
        await connection.execute(sql)
        await connection.execute(
            "INSERT INTO migrations (name, sha256) VALUES ($1, $2)",
            migration.name,
            migration.sha256,
        )
