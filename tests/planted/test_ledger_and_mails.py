"""Bugs of the ledger and of notifications: the checker finds each."""

import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chassis import failpoints, testing
from chassis.failpoints import CausedFailure
from chassis.testing import Probe
from checker.rest import notifications_are_bounded
from checker.trail import ledger_is_the_log
from local.testing import Database
from services.ledger.wiring import SERVICE as LEDGER
from services.notify.wiring import SERVICE as NOTIFY
from tests.planted import bugs_of_consumers as bugs
from tests.planted.bugs_of_decisions import Plant
from tests.planted.conftest import Files, Fresh
from tests.planted.seen import Seen, as_owner, judged
from tests.services.notify.sink import Sink
from tests.services.notify.steps import deliverer, make_due, register, submit
from tests.services.tracking.desk import arrival_of_row

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "plant,kind",
    [(bugs.leaf_twice, "doubled"), (bugs.leaf_skipped, "lost"), (None, None)],
    ids=["test_finds_leaf_twice", "test_finds_leaf_skipped", "test_clean_ledger"],
)
async def test_ledger(
    plant: Plant | None,
    kind: str | None,
    files: Files,
    fresh_database: Fresh,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All facts of a small journey come to the ledger, whose second lock is taken away."""
    if plant is not None:
        plant(monkeypatch)
    desk, database = files.desk, await fresh_database("ledger")
    application, _ = await desk.submit(journey="izin-bangunan")
    await desk.post("dpmptsp", desk.stage(application, "kelengkapan", "done"))
    rows = await desk.probe.rows("SELECT * FROM event_log ORDER BY seq")
    async with testing.running(LEDGER, database) as probe:
        await as_owner(database, "ALTER TABLE entries DROP CONSTRAINT entries_event_id_key")
        await probe.deliver("ledger", *(arrival_of_row(probe, row) for row in rows))
        places = ("tracking", files.database), ("ledger", database)
        judged(ledger_is_the_log(await files.seen.evidence(*places)), kind)


@dataclass
class Post:
    """The notify service, its database and a mail server."""

    probe: Probe
    database: Database
    sink: Sink


@pytest.fixture
async def post(fresh_database: Fresh, tmp_path: Path) -> AsyncIterator[Post]:
    sink, database, key_file = Sink(), await fresh_database("notify"), tmp_path / "key"
    key_file.write_bytes(os.urandom(32))
    await sink.start()
    service = replace(NOTIFY, tasks=())
    settings: dict[str, Any] = {"smtp_host": "127.0.0.1", "smtp_port": sink.port}
    async with testing.running(service, database, key_file=key_file, **settings) as probe:
        yield Post(probe, database, sink)
    await sink.stop()


@pytest.mark.parametrize(
    "plant,kind",
    [(bugs.attempt_recorded_after_the_call, "doubled"), (None, None)],
    ids=["test_finds_attempt_recorded_after_the_call", "test_clean_mails"],
)
async def test_mails(
    plant: Plant | None, kind: str | None, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deliverer dies five times between the mail and what it writes down about it."""
    if plant is not None:
        plant(monkeypatch)
    await submit(post.probe, await register(post.probe))
    failpoints.arm("notify.after_provider=error")
    for _ in range(5):
        try:
            await deliverer(post.probe).deliver_next()
        except CausedFailure:
            await make_due(post.probe)
    evidence = await Seen("notify").evidence(("notify", post.database))
    ids = (str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in post.sink.messages())
    evidence.mails = Counter(ids)
    judged(notifications_are_bounded(evidence), kind)
