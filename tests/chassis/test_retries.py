"""Retries are bounded: when everything collides or is away, work does not multiply."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from chassis.database import Database, Tx
from chassis.decide import Outcome
from chassis.dispatch import Dispatcher
from chassis.errors import Conflict, TooSlow
from chassis.eventlog import Cause
from chassis.retries import RetryBudget
from chassis.testing import Probe
from contracts.ids import Actor
from tests.chassis.toy import DOMAIN, AddCoin, PotId, load_many

BUDGET = 20  # what a new dispatcher may try again before anything went well


class Trouble:
    """A domain that is overtaken as often as it is told, and counts the transactions it costs."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.transactions = 0
        self.overtaken = 0
        """How often it still is."""
        self.stale: set[Hashable] = set()
        """Pots on which everybody is overtaken for good."""
        self.is_away = False
        self._begin = database.transaction

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        self.transactions += 1
        if self.is_away:
            raise ConnectionRefusedError
        async with self._begin() as tx:
            yield tx

    async def load_many(self, tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
        if self.overtaken > 0 or self.stale & set(keys):
            self.overtaken -= 1
            raise asyncpg.SerializationError
        return await load_many(tx, keys)

    async def dispatch(
        self, dispatcher: Dispatcher, pots: Sequence[PotId], note: str = ""
    ) -> list[Outcome | BaseException]:
        """Answers to one command each, all of which are there before the first is looked at."""
        commands = [
            AddCoin(
                actor=Actor("operator:test"),
                at=datetime.now(UTC),
                key=str(PotId.new()),
                pot_id=pot,
                note=note if number == len(pots) // 3 else "",
            )
            for number, pot in enumerate(pots)
        ]
        asked = [dispatcher.dispatch(command, Cause("test")) for command in commands]
        async with asyncio.timeout(60):
            return await asyncio.gather(*asked, return_exceptions=True)


@pytest.fixture
def trouble(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> Trouble:
    made = Trouble(probe.running.database)
    monkeypatch.setattr(made.database, "transaction", made.transaction)
    return made


@pytest.fixture
async def started(trouble: Trouble) -> AsyncIterator[Callable[..., Dispatcher]]:
    made: list[Dispatcher] = []

    def start(**limits: Any) -> Dispatcher:
        domain = replace(DOMAIN, load_many=trouble.load_many)
        made.append(Dispatcher(trouble.database, domain, **limits))
        made[-1].start()
        return made[-1]

    yield start
    for dispatcher in made:
        await dispatcher.stop()


def pots(count: int) -> list[PotId]:
    return [PotId.new() for _ in range(count)]


async def test_a_collision_that_passes_costs_one_transaction_more(
    trouble: Trouble, started: Callable[..., Dispatcher]
) -> None:
    trouble.overtaken = 1
    results = await trouble.dispatch(started(), pots(20))
    assert all(isinstance(result, Outcome) for result in results)
    assert trouble.transactions <= 1 + 2  # the first may go alone


async def test_when_everything_collides_the_work_does_not_multiply(
    trouble: Trouble, started: Callable[..., Dispatcher]
) -> None:
    hot = pots(300)
    trouble.stale = set(hot)
    results = await trouble.dispatch(started(deadline_seconds=60), hot)
    assert all(isinstance(result, Conflict) for result in results)
    # Halving until each stands alone takes twice as many as there are; all retries together no
    # more than the budget. Four tries each would be 1200.
    assert trouble.transactions <= 2 * len(hot) + BUDGET


async def test_what_goes_well_earns_retries_again(
    trouble: Trouble, started: Callable[..., Dispatcher]
) -> None:
    dispatcher = started(deadline_seconds=60)
    hot = pots(40)
    trouble.stale = set(hot)
    await trouble.dispatch(dispatcher, hot)

    async def tries_of_one() -> int:
        before = trouble.transactions
        (result,) = await trouble.dispatch(dispatcher, hot[:1])
        assert isinstance(result, Conflict)
        return trouble.transactions - before

    assert await tries_of_one() == 1  # nothing is left
    results = await trouble.dispatch(dispatcher, pots(30))
    assert all(isinstance(result, Outcome) for result in results)
    assert await tries_of_one() == 4
    assert await tries_of_one() == 1


async def test_one_that_fails_is_found_by_halving_and_the_others_are_answered(
    trouble: Trouble, started: Callable[..., Dispatcher]
) -> None:
    results = await trouble.dispatch(started(deadline_seconds=60), pots(200), note="bug")
    failed = [result for result in results if not isinstance(result, Outcome)]
    assert [type(one) for one in failed] == [ZeroDivisionError]
    # Two for each halving of 200; one by one would be 201.
    assert trouble.transactions <= 2 * 8 + 2


async def test_while_the_database_is_away_each_group_asks_for_it_and_not_each_command(
    trouble: Trouble, started: Callable[..., Dispatcher]
) -> None:
    trouble.is_away = True
    results = await trouble.dispatch(started(deadline_seconds=1.0), pots(500))
    assert all(isinstance(result, TooSlow) for result in results)
    # 0.1, 0.2, 0.4, … seconds between two of the few groups' tries.
    assert trouble.transactions <= 15


def test_a_budget_is_bounded_on_both_sides() -> None:
    budget = RetryBudget(share=0.5, most=3)
    assert [budget.spend() for _ in range(5)] == [True] * 3 + [False] * 2
    budget.earn(1)
    assert not budget.spend()
    budget.earn(1)
    assert budget.spend()
    budget.earn(1000)
    assert [budget.spend() for _ in range(5)] == [True] * 3 + [False] * 2
