"""The ledger on a fresh database, and its owner's connection for those who tamper."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from chassis import testing
from chassis.testing import Probe
from local.testing import Database
from services.ledger.wiring import SERVICE

type_of_maker = Callable[[str], Awaitable[Database]]


@pytest.fixture
async def database(fresh_database: type_of_maker) -> Database:
    return await fresh_database("ledger")


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Probe]:
    async with testing.running(SERVICE, database) as probe:
        yield probe


@pytest.fixture
async def owner(
    ledger: Probe, database: Database
) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """Somebody who may do anything to the tables."""
    url = make_url(database.owner_url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)
    yield connection
    await connection.close(timeout=10)
