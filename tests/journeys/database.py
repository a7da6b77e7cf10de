"""A look into a service's database as its owner, for planting what no program may do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from local import databases, state
from simulator.platform import Platform


@asynccontextmanager
async def as_owner(
    platform: Platform, service: str
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection with the rights of the one who made the tables."""
    found = state.read(platform.home)
    assert found is not None
    host, port = found.database.split(":")
    server = databases.Server(host, int(port), "", "")
    passwords = platform.home / "postgres" / "passwords.json"
    url = databases.url(server, service, f"{service}_owner", passwords)
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=10)
    try:
        yield connection
    finally:
        await connection.close()
