"""The servers that tests use: fresh databases, and reuse of a pair that runs already."""

import json
from pathlib import Path

import asyncpg
import pytest

from local import testing
from local.errors import StartFailed
from local.testing import Servers

pytestmark = pytest.mark.integration


async def test_each_fresh_database_is_its_own_and_goes_away_as_a_whole(stack: Servers) -> None:
    first = await stack.fresh_database("booking")
    second = await stack.fresh_database("booking")
    assert first.name != second.name
    for address in (first.owner_url, first.url, first.relay_url):
        connection = await asyncpg.connect(address.replace("+asyncpg", ""), timeout=10)
        assert await connection.fetchval("SELECT current_database()") == first.name
        await connection.close()
    await stack.drop(first)
    await stack.drop(second)
    superuser = await stack.postgres.connect()
    left = await superuser.fetchval(
        "SELECT count(*) FROM pg_roles WHERE rolname LIKE $1", f"{first.name}%"
    )
    await superuser.close()
    assert left == 0


def test_a_pair_that_runs_already_is_used(
    stack: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = tmp_path / "stack.json"
    at = stack.postgres
    described.write_text(
        json.dumps(
            {
                "bootstrap": stack.bootstrap,
                "postgres": {
                    "host": at.host,
                    "port": at.port,
                    "superuser": at.superuser,
                    "superuser_password": at.password,
                },
            }
        )
    )
    monkeypatch.setenv(testing.REUSE, str(described))
    with testing.servers() as found:
        assert (found.bootstrap, found.postgres) == (stack.bootstrap, stack.postgres)
        assert found.home.exists()
    assert not found.home.exists()


def test_a_description_that_is_not_there_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(testing.REUSE, str(tmp_path / "stack.json"))
    with pytest.raises(StartFailed, match=r"start `python -m local\.testing serve --home "):
        testing.servers().__enter__()
