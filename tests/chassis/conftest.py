"""The toy service on a fresh database, without and with Kafka."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from chassis import testing
from chassis.testing import Probe
from local.testing import Database
from tests.chassis import toy


@pytest.fixture
async def toy_database(
    fresh_database: Callable[[str], Awaitable[Database]],
) -> Database:
    database = await fresh_database("toy")
    url = make_url(database.owner_url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    await connection.execute(toy.SCHEMA.replace("{app}", f'"{database.name}"'))
    await connection.close()
    return database


@pytest.fixture
async def probe(toy_database: Database) -> AsyncIterator[Probe]:
    async with testing.running(toy.service(toy.VIEW, toy.MIRROR), toy_database) as probe:
        yield probe


@pytest.fixture
def as_owner() -> Callable[[Database, str], Awaitable[None]]:
    """Runs statements as the owner of a database."""

    async def run(database: Database, statements: str) -> None:
        url = make_url(database.owner_url).set(drivername="postgresql")
        owner = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)
        try:
            await owner.execute(statements)
        finally:
            await owner.close(timeout=10)

    return run
