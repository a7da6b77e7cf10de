"""A ledger is held against checkpoints that were kept outside it."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chassis.migrations import migrate
from local.checkpoints import Kept, differences
from local.postgres import Postgres

pytestmark = pytest.mark.integration
_ENTRY = """
INSERT INTO entries (seq, chain, position, event_id, type, topic, headers, value, record_hash,
                     previous_hash, hash, digest)
VALUES ($1::integer, 'a', $1::integer, gen_random_uuid(), 't', 't', '[]', '', $2, $2, $2, $2)
"""


@pytest.fixture(scope="module")
def postgres(open_folder: Path) -> Iterator[Postgres]:
    server = Postgres(open_folder / "postgres")
    asyncio.run(_three_entries(server))
    yield server
    server.kill()


async def _three_entries(server: Postgres) -> None:
    await server.start()
    await server.create_service("ledger")
    await migrate(server.url("ledger", "ledger_owner"), "ledger")
    connection = await server.server.connect("ledger")
    try:
        for seq in (1, 2, 3):
            await connection.execute(_ENTRY, seq, bytes([seq]) * 32)
        await connection.execute("UPDATE running SET size = 3, digest = $1", bytes([3]) * 32)
    finally:
        await connection.close()


async def _told(server: Postgres, kept: Sequence[Kept]) -> list[str]:
    connection = await server.server.connect("ledger")
    try:
        return await differences(connection, kept)
    finally:
        await connection.close()


def test_checkpoints_that_the_ledger_agrees_with_are_no_news(postgres: Postgres) -> None:
    kept = [Kept(0, "00" * 32), Kept(2, "02" * 32), Kept(3, "03" * 32)]
    assert asyncio.run(_told(postgres, kept)) == []


def test_a_ledger_shorter_than_a_checkpoint_was_rolled_back(postgres: Postgres) -> None:
    (told,) = asyncio.run(_told(postgres, [Kept(3, "03" * 32), Kept(4, "04" * 32)]))
    assert "of 4 entries, the ledger holds 3: it was rolled back" in told


def test_a_ledger_that_went_on_after_it_was_rolled_back_is_found(postgres: Postgres) -> None:
    (told,) = asyncio.run(_told(postgres, [Kept(2, "ff" * 32)]))
    assert "another digest" in told
