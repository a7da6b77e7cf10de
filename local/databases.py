"""One database and three roles per service: the owner, the program and the relay.

Roles may not connect to the database of another service. What they may do with tables is granted by
the migrations.
"""

import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg

from local import paths

CONNECT_SECONDS = 5.0
OWNER_SUFFIX, RELAY_SUFFIX = "_owner", "_relay"


@dataclass(frozen=True)
class Server:
    """Address and superuser of a server; the password is never printed."""

    host: str
    port: int
    superuser: str
    password: str

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port})"

    async def connect(self, database: str = "postgres") -> "asyncpg.Connection[asyncpg.Record]":
        """A connection as superuser."""
        return await asyncpg.connect(
            host=self.host,
            port=self.port,
            user=self.superuser,
            password=self.password,
            database=database,
            timeout=CONNECT_SECONDS,
        )


def roles(name: str) -> tuple[str, str, str]:
    """The owner, the program and the relay of a service."""
    return f"{name}{OWNER_SUFFIX}", name, f"{name}{RELAY_SUFFIX}"


async def create_service(server: Server, name: str, passwords: Path) -> None:
    """Make what is missing of a service's database and roles, and set the remembered passwords."""
    _check(name)
    known = _known(passwords)
    wanted = {role: known.get(role) or secrets.token_urlsafe(24) for role in roles(name)}
    if not wanted.items() <= known.items():
        paths.write_private(passwords, json.dumps({**known, **wanted}, indent=1, sort_keys=True))
    connection = await server.connect()
    try:
        # A failing statement would otherwise be written to the server's log, password included.
        await connection.execute("SET log_min_error_statement = 'panic'")
        for role, password in wanted.items():
            exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
            verb = "ALTER" if exists else "CREATE"
            await _run(connection, f"{verb} ROLE %I LOGIN PASSWORD %L", role, password)
        exists = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name)
        if not exists:
            await _run(connection, "CREATE DATABASE %I OWNER %I", name, f"{name}{OWNER_SUFFIX}")
        await _run(connection, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name)
        for role in wanted:
            await _run(connection, "GRANT CONNECT ON DATABASE %I TO %I", name, role)
    finally:
        await connection.close()


async def close_common_ones(server: Server) -> None:
    """Take the databases that every server has from the roles of the services."""
    connection = await server.connect()
    try:
        await connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
    finally:
        await connection.close()


async def drop_service(server: Server, name: str, passwords: Path) -> None:
    """Delete a service's database, roles and remembered passwords; ends its connections."""
    _check(name)
    connection = await server.connect()
    try:
        await _run(connection, "DROP DATABASE IF EXISTS %I WITH (FORCE)", name)
        for role in roles(name):
            await _run(connection, "DROP ROLE IF EXISTS %I", role)
    finally:
        await connection.close()
    kept = {role: word for role, word in _known(passwords).items() if role not in roles(name)}
    paths.write_private(passwords, json.dumps(kept, indent=1, sort_keys=True))


def url(server: Server, name: str, role: str, passwords: Path) -> str:
    """The SQLAlchemy address of a service's database for a role; KeyError for an unknown role."""
    password = quote(_known(passwords)[role], safe="")
    return f"postgresql+asyncpg://{role}:{password}@{server.host}:{server.port}/{name}"


async def _run(
    connection: "asyncpg.Connection[asyncpg.Record]", pattern: str, *values: str
) -> None:
    """Run a statement that takes no parameters, its values quoted by the server itself."""
    quote = "SELECT format($1, VARIADIC $2::text[])"
    await connection.execute(await connection.fetchval(quote, pattern, list(values)))


def _known(passwords: Path) -> dict[str, str]:
    if not passwords.exists():
        return {}
    known: dict[str, str] = json.loads(passwords.read_text(encoding="utf-8"))
    return known


def _check(name: str) -> None:
    """Plain names look the same in every tool, quoted or not."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,50}", name):
        raise ValueError(f"{name!r} is no database name: small letters, digits and _ only")
