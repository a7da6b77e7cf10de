"""What the fourth migration makes of lines and tickets that were there before it."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from chassis import migrations
from contracts.ids import LineId
from tests.services.queue.conftest import Fresh

pytestmark = pytest.mark.integration
_BEFORE = """
INSERT INTO lines (id, mall, service, service_date, last_number, waiting, called_number, called_to)
VALUES ($1, 'mpp-lama', 'DUK-KTP', $2, 4, 2, 2, 'K-01')
"""
_TICKET = """
INSERT INTO tickets (id, version, line_id, service, number, lane, status, issued_at, counter_id)
VALUES (gen_random_uuid(), 1, $1, 'DUK-KTP', $2, $3, $4, $5, $6)
"""


async def migrated(owner_url: str, patch: pytest.MonkeyPatch, *, behind: str | None) -> None:
    """Up to the last migration, or to the one before `behind`."""
    everything = list(migrations.migrations_of("queue"))
    names = [one.name for one in everything]
    wanted = everything[: names.index(behind)] if behind else everything
    with patch.context() as here:
        here.setattr(migrations, "migrations_of", lambda _service: iter(wanted))
        await migrations.migrate(owner_url, "queue")


async def test_who_waited_before_the_migration_waits_in_the_same_order_after_it(
    fresh_database: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, line_id = await fresh_database("queue"), LineId(uuid4())
    fourth = "queue/0004_keep_places_steps_and_policies"
    await migrated(database.owner_url, monkeypatch, behind=fourth)
    url = make_url(database.owner_url).set(drivername="postgresql")
    owner = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)
    try:
        await owner.execute(_BEFORE, line_id, date(2026, 3, 2))
        at = datetime(2026, 3, 2, 1, tzinfo=UTC)
        states = [("finished", uuid4()), ("called", uuid4()), ("waiting", None), ("waiting", None)]
        for number, (status, counter_id) in enumerate(states, start=1):
            lane = "janji" if number == 4 else "reguler"
            await owner.execute(_TICKET, line_id, number, lane, status, at, counter_id)
        await migrated(database.owner_url, monkeypatch, behind=None)
        await check(owner, line_id)
    finally:
        await owner.close(timeout=10)


async def check(owner: Any, line_id: LineId) -> None:
    rows = await owner.fetch("SELECT * FROM tickets ORDER BY place_at")
    assert [row["number"] for row in rows] == [1, 2, 3, 4]
    assert [row["label"] for row in rows] == ["KTP-001", "KTP-002", "KTP-003", "KTP-004"]
    assert {row["queue_id"] for row in rows} == {line_id}
    assert [row["calls"] for row in rows] == [1, 1, 0, 0]
    (line,) = await owner.fetch("SELECT * FROM lines")
    lanes = [line[f"wait_{lane}"] for lane in ("reguler", "prioritas", "janji", "lanjutan")]
    assert lanes == [1, 0, 1, 0]
    assert (line["waiting"], line["step"], line["called_label"]) == (2, 0, "KTP-002")
    assert line["last_place_at"] == rows[-1]["place_at"]
