"""The demo morning on the whole platform: it plays, it agrees, and it notices what does not."""

import email
import email.policy
from collections import Counter
from email.message import EmailMessage
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from simulator import demo
from simulator.audit import audit
from simulator.demo import Trail
from simulator.platform import Calls, Platform
from tests.journeys.cli import loket
from tests.journeys.database import as_owner
from tests.journeys.doors import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

ENDED = "tracking.application_completed.v1"


async def play(platform: Platform, *, english: bool = False) -> tuple[Trail, str]:
    """One morning; the trail it leaves and what was printed."""
    printed = StringIO()
    trail, found = await demo.demo(platform, Console(file=printed, width=200), english=english)
    assert trail.agrees, [trail.read_model, trail.ledger]
    assert found.is_good, found.as_json()
    return trail, printed.getvalue()


def application_of(trail: Trail) -> str:
    """The application whose trail this is."""
    (key,) = {one["key"] for one in trail.read_model}
    return str(key)


async def test_a_morning_plays_twice_and_each_time_trail_and_read_model_agree(
    platform: Platform,
) -> None:
    first, indonesian = await play(platform)
    second, english = await play(platform, english=True)
    assert application_of(first) != application_of(second)
    for trail in (first, second):
        types = [one["type"] for one in trail.read_model]
        assert types.count(ENDED) == 1
        assert types.count("tracking.stage_returned.v1") == 2
        assert types.count("tracking.stage_resubmitted.v1") == 2
        assert len({one["agency"] for one in trail.read_model} - {None}) == 3
        positions = [one["position"] for one in trail.ledger]
        assert positions == sorted(set(positions))
    assert "Trail and read model agree." in indonesian
    assert "Permohonan selesai" in indonesian
    assert "The application is complete" in english
    assert "warga0@contoh.test" not in indonesian + english


async def test_every_notification_is_one_mail_and_every_mail_is_a_notification(
    platform: Platform, calls: Calls
) -> None:
    trail, _ = await play(platform)
    path, application = "/v1/notifications", application_of(trail)
    headers = await calls.bearer("operator")

    async def look() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = await calls.get(
            "notify", path, headers=headers, application_id=application
        )
        return rows

    notifications = await until(look, lambda rows: {row["state"] for row in rows} == {"sent"})
    assert len(notifications) >= 4
    ours = {row["notification_id"] for row in notifications}
    mails = Counter(_notification_of(mail) for mail in _mails(platform.home))
    assert {one: mails[one] for one in ours} == dict.fromkeys(ours, 1)
    assert set(mails.values()) == {1}


def _mails(home: Path) -> list[EmailMessage]:
    return [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in sorted((home / "mail").glob("*.eml"))
    ]


def _notification_of(mail: EmailMessage) -> str:
    return str(mail["Message-ID"]).strip("<>").partition("@")[0]


async def test_a_row_that_somebody_deletes_is_missed_by_verify_and_by_the_demo(
    platform: Platform, calls: Calls, environment: dict[str, str]
) -> None:
    trail, _ = await play(platform)
    gone = next(one for one in trail.read_model if one["type"] == ENDED)["event_id"]
    async with as_owner(platform, "tracking") as database:
        row = await database.fetchrow("DELETE FROM timeline WHERE event_id = $1 RETURNING *", gone)
        assert row is not None
        try:
            verified = await loket(environment, "verify", "--json")
            played = await loket(environment, "demo", "--json")
        finally:
            places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
            statement = f"INSERT INTO timeline ({', '.join(row.keys())}) VALUES ({places})"  # noqa: S608 - names of our own columns
            await database.execute(statement, *row.values())
    for ended, found in ((verified, verified.json()), (played, played.json()["audit"])):
        assert ended.code == 1
        assert found["good"] is False
        assert found["read_model"]["lost"] == 1
        assert found["read_model"]["examples"] == [f"lost: {gone}"]
        assert (found["kafka"]["lost"], found["ledger"]["lost"]) == (0, 0)
    assert (await audit(calls)).is_good


async def test_a_ledger_that_went_back_behind_its_checkpoint_is_noticed(
    platform: Platform, calls: Calls, environment: dict[str, str]
) -> None:
    await play(platform)
    headers = await calls.bearer("operator")
    await calls.post("ledger", "/v1/checkpoints", {}, key="noticed-by-verify", headers=headers)
    before = await loket(environment, "verify", "--json")
    assert (before.code, before.json()["checkpoints"]) == (0, [])
    async with as_owner(platform, "ledger") as database:
        size = await database.fetchval("SELECT size FROM running")
        await database.execute("UPDATE running SET size = 1")
        try:
            verified = await loket(environment, "verify", "--json")
        finally:
            await database.execute("UPDATE running SET size = $1", size)
    assert verified.code == 1
    assert verified.json()["good"] is False
    assert "rolled back" in verified.json()["checkpoints"][-1]


def test_a_trail_that_lacks_an_entry_or_tells_another_order_does_not_agree() -> None:
    entries = [{"event_id": str(n), "type": "tracking.stage_done.v1"} for n in range(3)]
    assert Trail(entries, entries).agrees
    assert not Trail(entries[:2], entries).agrees
    assert not Trail(entries, entries[1:]).agrees
    assert not Trail([entries[1], entries[0], entries[2]], entries).agrees
    assert not Trail([], []).agrees
