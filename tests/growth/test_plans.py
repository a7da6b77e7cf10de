"""No statement costs more because more is stored: measured on plans, not on clocks.

Each service is driven through all its doors twice, once with a little behind it and once with
thirty times as much.
"""

import ast
import asyncio
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from chassis.migrations import migrate
from local.testing import Servers
from tests.growth.drives import DRIVES, Place
from tests.growth.generated import BOUNDED, fill, growing
from tests.growth.watched import Cost, one_line, watching

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
LITTLE, MUCH = 2_000, 60_000
# A tree of an index has another level at most, and a page of results may be fuller.
FACTOR, SOME_ROWS, SOME_PAGES = 2, 50, 60
# Doors that no drive passes, with the reason.
OTHER_DOORS = {
    "GET /v1/stream": "it does not end; the drive asks what the stream asks",
    "GET /v1/boards/{mall}/stream": "as above",
    "GET /v1/tickets/{ticket_id}/stream": "as above",
}
# Doors of the chassis, the same everywhere, which tracking's drive passes for all.
SHARED_DOORS = {"POST /v1/parked/{parked_id}/redrive", "POST /v1/parked/{parked_id}/dismiss"}
# Statements that no drive sends, and that may cost what they like.
NOT_AT_WORK = {
    "chassis/reconcile.py": "compares the whole log with Kafka, for operators",
    "chassis/migrations.py": "runs before the service does",
    "chassis/testing.py": "for tests",
    "chassis/database.py:SELECT 1": "touches no table",
    "services/ledger/queries.py:SELECT size, digest FROM running": "the check of everything",
    "services/ledger/queries.py:_CHECKPOINTS": "the check of everything",
    "services/ledger/queries.py:_ENTRY_PAGE": "the check of everything",
    "services/ledger/queries.py:_LINK_PAGE": "the check of everything",
    "services/ledger/queries.py:_EMPTY_CHAINS": "the check of everything",
}
_SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s")


@dataclass(frozen=True)
class Measured:
    """One service, once with little and once with much behind it."""

    little: Mapping[str, Cost]
    much: Mapping[str, Cost]
    doors_left: set[str]
    rows: Mapping[str, int]


@pytest.fixture(scope="module")
def measured(stack: Servers) -> Iterator[dict[str, Measured]]:
    """All services; the slow part, done once."""
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        yield asyncio.run(_measure_all(stack, Path(scratch), patch))


async def _measure_all(stack: Servers, scratch: Path, patch: Any) -> dict[str, Measured]:
    found = {}
    for name in DRIVES:
        little, _, _ = await _measure(stack, scratch, patch, name, LITTLE)
        much, doors, rows = await _measure(stack, scratch, patch, name, MUCH)
        found[name] = Measured(little, much, doors, rows)
    return found


async def _measure(
    stack: Servers, scratch: Path, patch: Any, name: str, affairs: int
) -> tuple[Mapping[str, Cost], set[str], Mapping[str, int]]:
    database = await stack.fresh_database(name)
    try:
        await migrate(database.owner_url, name)
        url = make_url(database.owner_url).set(drivername="postgresql")
        owner = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)
        try:
            await fill(owner, name, affairs)
            rows = await growing(owner)
        finally:
            await owner.close(timeout=10)
        with watching(patch) as watch:
            doors = await DRIVES[name](Place(stack, database, scratch))
        return watch.costs, doors, rows
    finally:
        await stack.drop(database)


@pytest.mark.parametrize("name", DRIVES)
def test_no_statement_costs_more_because_more_is_stored(
    measured: dict[str, Measured], name: str
) -> None:
    one = measured[name]
    problems = []
    for statement, much in one.much.items():
        little = one.little.get(statement, Cost())
        scanned = much.scanned - BOUNDED.keys()
        if (
            scanned & one.rows.keys()
            or much.rows > little.rows * FACTOR + SOME_ROWS
            or much.pages > little.pages * FACTOR + SOME_PAGES
        ):
            problems.append(f"{statement}\n  little: {little}\n  much:   {much}")
    assert problems == []


@pytest.mark.parametrize("name", DRIVES)
def test_every_table_that_grows_was_large(measured: dict[str, Measured], name: str) -> None:
    assert {table for table, rows in measured[name].rows.items() if rows < MUCH / 20} == set()


@pytest.mark.parametrize("name", DRIVES)
def test_every_door_was_passed(measured: dict[str, Measured], name: str) -> None:
    # Together with the next test: whoever adds a query must say here how it is asked for.
    shared = SHARED_DOORS if name != "tracking" else set()
    assert measured[name].doors_left - OTHER_DOORS.keys() - shared == set()


def test_every_statement_in_the_code_was_seen(measured: dict[str, Measured]) -> None:
    seen = {statement for one in measured.values() for statement in one.much}
    missed = {
        place
        for place, statement in statements_in_the_code()
        if statement not in seen
        and place not in NOT_AT_WORK
        and place.partition(":")[0] not in NOT_AT_WORK
    }
    assert missed == set()


def statements_in_the_code() -> Iterator[tuple[str, str]]:
    """Place and text of every constant that is a statement, by its name where it has one."""
    for folder in ("chassis", "services"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            file = str(path.relative_to(ROOT))
            nodes = list(ast.walk(ast.parse(path.read_text())))
            names = {
                node.value: node.targets[0].id
                for node in nodes
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            }
            # What is put together from pieces is seen with the tables for which it is.
            pieces = {
                one for node in nodes if isinstance(node, ast.JoinedStr) for one in node.values
            }
            for node in nodes:
                if isinstance(node, ast.Constant) and node not in pieces:
                    text = one_line(str(node.value))
                    if _SQL.match(text):
                        yield f"{file}:{names.get(node, text[:60])}", text


async def test_a_statement_that_reads_everything_is_found(stack: Servers) -> None:
    database = await stack.fresh_database("toy")
    try:
        url = make_url(database.owner_url).set(drivername="postgresql")
        with pytest.MonkeyPatch.context() as patch, watching(patch) as watch:
            owner = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)
        await owner.execute("CREATE TABLE pile AS SELECT i FROM generate_series(1, 5000) AS of (i)")
        await owner.fetch("SELECT count(*) FROM pile WHERE i = $1", 7)
        await owner.close(timeout=10)
    finally:
        await stack.drop(database)
    (cost,) = watch.costs.values()
    assert cost.scanned == {"pile"}
    assert cost.rows >= 5000
