"""PostgreSQL's or Kafka's data are lost, or come back older; nothing is lost or done twice."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import credentials, stack
from local.postgres import Postgres
from simulator.platform import Calls, Platform
from tests.journeys import own
from tests.journeys.own import audited_morning, commands, morning, start

pytestmark = [pytest.mark.journey, pytest.mark.chaos, pytest.mark.timeout(300)]


PAGE = 500


@pytest.fixture
def own_home() -> Iterator[Path]:
    with own.own_home("loket-lost-") as folder:
        yield folder


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def seen(platform: Platform) -> dict[str, list[Any]]:
    """What people see and what cannot be taken back."""
    async with Calls(platform) as calls:
        headers = await calls.bearer("operator")
        timeline: list[Any] = []
        entries: list[Any] = []
        while len(timeline) % PAGE == 0:
            after = timeline[-1]["position"] if timeline else 0
            asked = {"after": after, "limit": PAGE}
            page = await calls.get("tracking", "/v1/timeline", headers=headers, **asked)
            timeline += page["entries"]
        while len(entries) % PAGE == 0:
            asked = {"after": entries[-1]["seq"] if entries else 0, "limit": PAGE}
            entries += await calls.get("ledger", "/v1/entries", headers=headers, **asked)
    async with httpx.AsyncClient(trust_env=False) as http:
        mail = (await http.get(f"{platform.urls['mailbox']}/messages")).json()
    return {"timeline": timeline, "entries": entries, "mail": mail}


def check_that_nothing_happened_twice(
    before: dict[str, list[Any]], now: dict[str, list[Any]]
) -> None:
    for what in ("timeline", "entries"):
        assert now[what][: len(before[what])] == before[what]
        assert max(Counter(one["event_id"] for one in now[what]).values()) == 1
    sent = [one for one in now["entries"] if one["type"].startswith("notify.notification_sent.")]
    assert len(now["mail"]) == len(sent) > 0


async def test_kafka_is_deleted_whole_and_filled_again_from_the_event_logs(own_home: Path) -> None:
    platform = await start(own_home)
    await audited_morning(platform)
    before = await seen(platform)
    (known,) = await commands(own_home, "reconcile")
    facts = sum(one["facts"] for one in known.json())
    stack.down(own_home)
    shutil.rmtree(own_home / "kafka")
    platform = await start(own_home)
    await morning(platform)  # facts flow before anything is repaired
    lost, repair, verified, after, parked = await commands(
        own_home, "reconcile", "reconcile --repair", "verify", "reconcile", "parked list"
    )
    assert lost.code == 1
    assert sum(one["lacking"] for one in lost.json()) == facts
    assert repair.code == 0, repair.out
    assert verified.code == 0, verified.out
    assert after.code == 0, after.out
    assert parked.json() == []
    check_that_nothing_happened_twice(before, await seen(platform))


async def test_an_older_copy_of_kafka_comes_back_and_is_brought_up_to_date(
    own_home: Path, tmp_path: Path
) -> None:
    platform = await start(own_home)
    await audited_morning(platform)
    stack.down(own_home)
    shutil.copytree(own_home / "kafka", tmp_path / "kafka")
    platform = await start(own_home)
    await audited_morning(platform)
    before = await seen(platform)
    stack.down(own_home)
    shutil.rmtree(own_home / "kafka")
    shutil.copytree(tmp_path / "kafka", own_home / "kafka")
    platform = await start(own_home)
    await morning(platform)
    lost, repair, verified, after, parked = await commands(
        own_home, "reconcile", "reconcile --repair", "verify", "reconcile", "parked list"
    )
    assert lost.code == 1
    assert sum(one["lacking"] for one in lost.json()) > 0
    assert repair.code == 0, repair.out
    assert verified.code == 0, verified.out
    assert after.code == 0, after.out
    assert parked.json() == []
    check_that_nothing_happened_twice(before, await seen(platform))


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


async def test_what_was_acknowledged_after_a_followed_backup_is_there_after_the_databases_are_lost(
    own_home: Path, tmp_path: Path
) -> None:
    platform = await start(own_home)
    folder = tmp_path / "backup"
    async with own.followed(own_home, folder) as follower:
        await audited_morning(platform)
        follower.kill()  # in the middle of a segment
        await follower.wait()
    await morning(platform)
    async with own.followed(own_home, folder):
        await audited_morning(platform)
        before = await seen(platform)
        (known,) = await commands(own_home, "reconcile")
        stack.down(own_home)
    shutil.rmtree(Postgres(own_home / "postgres").data)
    (restored,) = await commands(own_home, f"restore {folder}")
    assert restored.code == 0, restored.err
    platform = await start(own_home)
    repair, verified, after, parked = await commands(
        own_home, "reconcile --repair", "verify", "reconcile", "parked list"
    )
    assert repair.code == 0, repair.out
    assert verified.code == 0, verified.out
    facts = {one["service"]: one["facts"] for one in known.json()}
    assert {one["service"]: one["facts"] for one in after.json()} == facts
    assert parked.json() == []
    check_that_nothing_happened_twice(before, await seen(platform))
    (continued,) = await commands(own_home, f"backup {folder} --follow")
    assert (continued.code, "Make a new backup" in continued.err) == (2, True), continued.err


async def test_a_damaged_archive_is_restored_only_when_told_so(
    own_home: Path, tmp_path: Path
) -> None:
    await start(own_home)
    folder = tmp_path / "backup"
    async with own.followed(own_home, folder):
        stack.down(own_home)
    newest = max((folder / "wal").glob("0*"), key=lambda file: file.name)
    newest.unlink()
    was = names_in(own_home)
    (refused,) = await commands(own_home, f"restore {folder}")
    assert (refused.code, "missing" in refused.err) == (2, True), refused.err
    assert names_in(own_home) == was
    (done,) = await commands(own_home, f"restore {folder} --incomplete")
    assert done.code == 0, done.err
    await start(own_home)


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
