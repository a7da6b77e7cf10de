"""A tracking service on a fresh database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from chassis.testing import running
from local.testing import Database
from services.tracking.wiring import SERVICE
from tests.services.tracking.desk import CATALOGUE, SECRET, Desk


@pytest.fixture
def code_key_file(tmp_path: Path) -> Path:
    """The secret behind the codes."""
    path = tmp_path / "code.key"
    path.write_bytes(SECRET)
    return path


@pytest.fixture
async def desk(
    fresh_database: Callable[[str], Awaitable[Database]], code_key_file: Path
) -> AsyncIterator[Desk]:
    """The service with the catalogue, without Kafka."""
    database = await fresh_database("tracking")
    async with running(SERVICE, database, code_key_file=code_key_file) as probe:
        await probe.deliver("tracking.catalogue", *(probe.arrival(one) for one in CATALOGUE))
        yield Desk(probe)
