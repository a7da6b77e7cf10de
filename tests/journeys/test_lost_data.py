"""All databases are lost and come back from a backup that was made at work."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local import credentials, plan, stack
from local.plan import Options
from local.postgres import Postgres
from simulator import demo
from simulator.morning import Morning
from simulator.platform import Calls, Platform, find
from tests.journeys.cli import Ended, loket
from tests.journeys.conftest import own_ports

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


@pytest.fixture
def own_home() -> Iterator[Path]:
    """The home of a stack that nobody else's tests use: here it loses its data."""
    folder = Path(tempfile.mkdtemp(prefix="loket-lost-"))
    folder.chmod(0o711)  # root starts PostgreSQL as a user who must be able to enter
    try:
        yield folder
    finally:
        stack.down(folder)
        shutil.rmtree(folder)


async def start(home: Path) -> Platform:
    ports = plan.asked_ports(own_ports())  # not those that people and other tests use
    await asyncio.to_thread(stack.up, Options(home, ports=ports), console=Console(file=StringIO()))
    return find(home)


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def audited_morning(platform: Platform) -> None:
    trail, found = await demo.demo(platform, Console(file=StringIO()))
    assert trail.agrees
    assert found.is_good, found.as_json()


async def morning(platform: Platform) -> None:
    """Without the audit, which would find Kafka lacking."""
    async with Calls(platform) as calls, demo.producer_of(platform) as producer:
        await Morning(calls, producer, step=lambda: None).play()


async def seen(platform: Platform) -> dict[str, list[Any]]:
    """What people see."""
    async with Calls(platform) as calls:
        headers = await calls.bearer("operator")
        timeline = await calls.get("tracking", "/v1/timeline", headers=headers, limit=500)
        entries = await calls.get("ledger", "/v1/entries", headers=headers, limit=500)
    return {"timeline": timeline["entries"], "entries": entries}


async def commands(home: Path, *verbs: str) -> list[Ended]:
    environment = {**os.environ, "LOKET_HOME": str(home), "PYTHONWARNINGS": "default"}
    return [await loket(environment, *verb.split(), "--json") for verb in verbs]


async def test_the_databases_are_lost_and_restored_from_a_backup_made_at_work(
    own_home: Path, tmp_path: Path
) -> None:
    platform = await start(own_home)
    await audited_morning(platform)
    before = await seen(platform)
    folder = tmp_path / "backup"
    playing = asyncio.create_task(morning(platform))
    (backup,) = await commands(own_home, f"backup {folder}")
    await playing
    (too_early,) = await commands(own_home, f"restore {folder}")
    assert (backup.code, too_early.code) == (0, 2), backup.err
    stack.down(own_home)
    shutil.rmtree(Postgres(own_home / "postgres").data)
    credentials.revoke(own_home, "agency-revoked-later")
    (restored,) = await commands(own_home, f"restore {folder}")
    assert restored.code == 0, restored.err
    assert "agency-revoked-later" in credentials.revoked(own_home)
    platform = await start(own_home)
    repair, verified, after = await commands(own_home, "reconcile --repair", "verify", "reconcile")
    assert repair.code == 0, repair.out
    assert verified.code == 0, verified.out
    assert after.code == 0, after.out
    facts = {one["service"]: one["facts"] for one in after.json()}
    assert all(facts[service] >= count for service, count in backup.json()["facts"].items())
    now = await seen(platform)
    for what in ("timeline", "entries"):
        assert now[what][: len(before[what])] == before[what]


@pytest.mark.parametrize("changed", ["data/PG_VERSION", "keys/postgres/passwords.json"])
async def test_a_backup_that_was_changed_is_not_restored(
    own_home: Path, tmp_path: Path, changed: str
) -> None:
    await start(own_home)
    (backup,) = await commands(own_home, f"backup {tmp_path / 'backup'}")
    assert backup.code == 0, backup.err
    stack.down(own_home)
    with (tmp_path / "backup" / changed).open("a", encoding="utf-8") as file:
        file.write(" ")
    was = names_in(own_home)
    (refused,) = await commands(own_home, f"restore {tmp_path / 'backup'}")
    assert refused.code == 2
    assert names_in(own_home) == was
