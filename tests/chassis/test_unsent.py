"""What is unsent stands beside the log, whose rows are written once and belong to nobody."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from chassis import migrations, relay
from chassis.errors import Conflict
from chassis.testing import Probe
from local.testing import Database
from tests.chassis.test_dispatch import REWRITING, add
from tests.chassis.test_log_blocks import BLOCK, cross_the_edge
from tests.chassis.toy import PotId

pytestmark = pytest.mark.integration

_STATE = "SELECT seq, topic FROM unsent ORDER BY seq"
# Facts as the log held them before, every second one of them sent.
_BEFORE = """
INSERT INTO event_log (event_id, type, aggregate, aggregate_id, version, topic, key, time, actor,
                       correlation_id, payload, sent)
SELECT gen_random_uuid(), 'x', 'x', gen_random_uuid(), 1, 'topic-' || i, 'k', now(), 'a', 'c', '{}',
       i % 2 = 0
FROM generate_series(1, 6) AS i
"""
_MANY = """
WITH logged AS (
    INSERT INTO event_log (event_id, type, aggregate, aggregate_id, version, topic, key, time,
                           actor, correlation_id, payload)
    SELECT gen_random_uuid(), 'x', 'x', gen_random_uuid(), 1, 'x', 'k', now(), 'a', 'c', '{}'
    FROM generate_series(1, 20000) RETURNING seq, topic
)
INSERT INTO unsent SELECT * FROM logged
"""
_LET_GO = "SELECT let_go_of_event_log_block('event_log_first', $1, now(), 'digest')"


@asynccontextmanager
async def connected(url: str, **settings: str) -> AsyncIterator[Any]:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn, timeout=10, server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close(timeout=10)


async def test_not_even_the_relay_can_change_or_remove_a_fact(
    probe: Probe, toy_database: Database
) -> None:
    await probe.running.dispatch(add(PotId.new(), "first"))
    async with connected(toy_database.relay_url) as connection:
        for attempt in (*REWRITING, "UPDATE unsent SET topic = 'elsewhere'", "TRUNCATE unsent"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(attempt)
    assert len(await probe.facts()) == 1


async def test_a_fact_and_its_place_among_the_unsent_come_together_or_not_at_all(
    probe: Probe,
) -> None:
    pot = PotId.new()
    await probe.running.dispatch(add(pot, "first"))
    written = await probe.rows("SELECT seq, topic FROM event_log ORDER BY seq")
    assert written == await probe.rows(_STATE) != []
    await probe.rows("UPDATE pots SET version = 0 RETURNING id")  # whoever decides on it collides
    with pytest.raises(Conflict):
        await probe.running.dispatch(add(pot, "second"))
    assert written == await probe.rows(_STATE)


async def test_what_was_unsent_before_is_unsent_afterwards(
    fresh_database: Callable[[str], Awaitable[Database]], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await fresh_database("toy")
    everything = list(migrations.migrations_of("toy"))
    names = [migration.name for migration in everything]
    before = everything[
        : names.index("chassis/last/0002_keep_what_is_unsent_in_a_table_of_its_own")
    ]
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "migrations_of", lambda _service: before)
        await migrations.migrate(database.owner_url, "toy")
    async with connected(database.owner_url) as owner:
        await owner.execute(_BEFORE)
        wanted = await owner.fetch("SELECT seq, topic FROM event_log WHERE NOT sent ORDER BY seq")
        left = len(everything) - len(before)
        assert await migrations.migrate(database.owner_url, "toy") == left
        assert await owner.fetch(_STATE) == wanted
        assert [row["topic"] for row in wanted] == ["topic-1", "topic-3", "topic-5"]


async def test_a_block_stays_while_anything_in_it_is_unsent(
    probe: Probe, toy_database: Database
) -> None:
    for number in range(3):
        await probe.running.dispatch(add(PotId.new(), f"first:{number}"))
    await cross_the_edge(probe, toy_database)
    await probe.running.dispatch(add(PotId.new(), "in the next block"))
    async with connected(toy_database.owner_url) as owner:

        async def let_go() -> bool:
            change = owner.transaction()
            await change.start()
            gone: bool = await owner.fetchval(_LET_GO, 3)
            await (change.commit() if gone else change.rollback())
            return gone

        assert not await let_go()
        await owner.execute("DELETE FROM unsent WHERE seq < 3")
        assert not await let_go()
        await owner.execute("DELETE FROM unsent WHERE seq = 3")
        assert await let_go()
        assert [row["seq"] for row in await owner.fetch(_STATE)] == [BLOCK + 1]


async def plan(connection: Any) -> str:
    """How the relay's read is done for whatever arguments."""
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE page AS {relay._UNSENT}")
    rows: Sequence[Any] = await connection.fetch("EXPLAIN EXECUTE page(1000, '{}', '{}')")
    await connection.execute("DEALLOCATE page")
    return "\n".join(row[0] for row in rows)


async def test_the_relay_reads_by_number_whatever_the_planner_believes(
    probe: Probe, toy_database: Database
) -> None:
    assert await probe.rows(_STATE) == []
    async with (
        connected(toy_database.owner_url) as owner,
        connected(toy_database.relay_url, **relay._PLANNING) as reader,
    ):

        async def by_number() -> bool:
            told = await plan(reader)
            wanted = {
                "using unsent_pkey on unsent",
                "using event_log_first_pkey on event_log_first",
            }
            others = {"Seq Scan", "Bitmap", "Hash Join", "Merge Join", "Sort"}
            return all(one in told for one in wanted) and not any(one in told for one in others)

        assert await by_number()  # nothing there, nothing known
        await owner.execute("VACUUM (ANALYZE) unsent, event_log")
        await owner.execute(_MANY)
        assert await by_number()  # much there, known as empty
        await owner.execute("VACUUM (ANALYZE) unsent, event_log")
        assert await by_number()
        await owner.execute("DELETE FROM unsent WHERE seq > 3")
        await owner.execute("VACUUM (ANALYZE) unsent")
        assert await by_number()  # little there, and much in the log
