"""What P17 stores is what tracking would have stored, and what spoils its figures."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from bench import stored
from bench.growth import compared, uneven
from bench.verdicts import out_of_order
from chassis.migrations import migrate
from local.testing import Database, Servers

COUNT = 20
ROWS = """
SELECT (SELECT count(*) FROM tracking_codes), (SELECT count(*) FROM application_view),
       (SELECT count(*) FROM inbox), (SELECT count(*) FROM commands)
"""


@pytest.fixture
async def filled(
    stack: Servers, fresh_database: Callable[[str], Awaitable[Database]]
) -> AsyncIterator[Any]:
    database = await fresh_database("tracking")
    await migrate(database.owner_url, "tracking")
    connection = await stack.postgres.connect(database.name)
    await stored.fill(connection, COUNT)
    yield connection
    await connection.close()


async def test_what_is_stored_goes_on_from_where_it_stands(filled: Any) -> None:
    ids = {row[0] for row in await filled.fetch("SELECT application_id FROM applications")}
    assert ids == {stored.application(number) for number in range(1, COUNT + 1)}
    assert tuple(await filled.fetchrow(ROWS)) == (COUNT,) * 4
    log = await filled.fetch("SELECT aggregate_id, version FROM event_log ORDER BY seq")
    lines = await filled.fetch("SELECT aggregate_id, version FROM timeline ORDER BY position")
    assert len(log) == len(lines) == COUNT * stored.FACTS
    assert out_of_order("log", [tuple(row) for row in log]) == []
    assert out_of_order("timeline", [tuple(row) for row in lines]) == []
    assert await filled.fetchval("SELECT position FROM timeline_head") == len(lines)


async def test_the_inbox_knows_the_last_fact_of_each_and_nothing_waits_to_be_sent(
    filled: Any,
) -> None:
    known = await filled.fetchval(
        "SELECT count(*) FROM inbox JOIN event_log USING (aggregate_id, version, event_id)"
    )
    same = await filled.fetchval(
        "SELECT count(*) FROM timeline JOIN event_log USING (aggregate_id, version, event_id)"
    )
    unsent = await filled.fetchval("SELECT count(*) FROM unsent")
    assert (known, same, unsent) == (COUNT, COUNT * stored.FACTS, 0)


def test_an_application_is_level_when_all_four_places_have_what_was_added() -> None:
    one, other = stored.application(1), stored.application(2)
    levels = {one: (5, 5, 5, 5), other: (4, 4, 4, 4)}
    assert uneven(levels, {one: 2, other: 1}, [one, other]) == []
    levels[other] = (4, 4, 4, 3)
    assert uneven(levels, {one: 2, other: 1}, [one, other]) == [
        "1 applications not level with their reports"
    ]
    assert uneven({}, {one: 0}, [one]) == ["1 applications not level with their reports"]


def test_rounds_are_compared_with_each_other() -> None:
    found = compared([10.0, 30.0, 22.0], [10.0, 20.0, 20.0])
    assert (found.ours, found.reference, found.ratio) == (22.0, 20.0, 1.1)
