"""A log in blocks: room ahead, and one version check over all of them."""

import pytest

from chassis import eventlog, metrics
from chassis.database import Overtaken
from chassis.eventlog import Cause, Recorded
from chassis.retention import Retention
from chassis.testing import Probe
from contracts.ids import Actor
from local.testing import Database
from tests.chassis.test_dispatch import add
from tests.chassis.test_retention import as_owner
from tests.chassis.toy import Added, CoinAdded, PotId

pytestmark = pytest.mark.integration

BLOCK = 4_000_000
_BLOCKS = "SELECT first, behind, name FROM event_log_blocks ORDER BY first"
_PLACES = """
SELECT tableoid::regclass::text AS block, seq, version FROM event_log WHERE aggregate_id = $1
ORDER BY seq
"""


async def cross_the_edge(probe: Probe, database: Database) -> None:
    """What is written next stands in the next block."""
    await probe.rows("SELECT extend_event_log(5000000)")
    await as_owner(database, f"ALTER TABLE event_log ALTER seq RESTART WITH {BLOCK + 1}")


async def test_decisions_go_on_from_block_to_block(probe: Probe, toy_database: Database) -> None:
    pot = PotId.new()
    first = await probe.running.dispatch(add(pot, "first"))
    await cross_the_edge(probe, toy_database)
    second = await probe.running.dispatch(add(pot, "second"))
    assert [one.read(Added).coins for one in (first, second)] == [1, 2]
    rows = await probe.rows(_PLACES, pot)
    assert [row["version"] for row in rows] == [1, 2]
    assert [row["block"] for row in rows] == ["event_log_first", f"event_log_from_{BLOCK + 1}"]


async def test_two_decisions_on_both_sides_of_an_edge_cannot_both_be_written(
    probe: Probe, toy_database: Database
) -> None:
    pot = PotId.new()
    await probe.running.dispatch(add(pot, "first"))
    await cross_the_edge(probe, toy_database)
    for version in (1, 3):  # decided on what is no longer, and on what is not yet
        stale = Recorded(
            CoinAdded(pot_id=pot, coins=1),
            pot,
            version,
            add(pot, "x").at,
            Actor("system:test"),
            Cause("c"),
        )
        with pytest.raises(Overtaken):
            async with probe.running.database.transaction() as tx:
                await eventlog.append(tx, [stale])
    assert len(await probe.rows(_PLACES, pot)) == 1


async def test_there_is_always_room_for_another_block(probe: Probe, toy_database: Database) -> None:
    retention = Retention(probe.running.database, commands_days=30, settled_days=90)
    await retention.make_room()
    assert [(row["first"], row["behind"]) for row in await probe.rows(_BLOCKS)] == [(1, BLOCK + 1)]
    await as_owner(toy_database, f"ALTER TABLE event_log ALTER seq RESTART WITH {BLOCK - 1}")
    await probe.running.dispatch(add(PotId.new(), "nearly at the edge"))
    await retention.make_room()
    await retention.make_room()  # a second look adds nothing
    edges = [(row["first"], row["behind"]) for row in await probe.rows(_BLOCKS)]
    # Four million facts "since a moment ago": the next block may be twice as large, not more.
    assert edges == [(1, BLOCK + 1), (BLOCK + 1, 3 * BLOCK + 1)]
    (room,) = [
        float(line.split()[-1])
        for line in metrics.exposition().decode().splitlines()
        if line.startswith("loket_event_log_room_facts")
    ]
    assert room >= BLOCK


async def test_a_statement_that_knows_the_numbers_looks_into_their_block_only(
    probe: Probe, toy_database: Database
) -> None:
    await cross_the_edge(probe, toy_database)
    plan = await probe.rows(
        "EXPLAIN SELECT seq FROM event_log WHERE seq = ANY($1::bigint[])", [BLOCK + 1, BLOCK + 2]
    )
    told = "\n".join(row[0] for row in plan)
    assert f"event_log_from_{BLOCK + 1}" in told
    assert "event_log_first" not in told
