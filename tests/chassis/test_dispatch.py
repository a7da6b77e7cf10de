"""Commands become facts exactly once, in groups, and one bad command is nobody else's trouble."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from chassis.database import is_away
from chassis.decide import RepeatedRefusal
from chassis.errors import Conflict, KeyReused
from chassis.eventlog import Cause
from chassis.testing import Probe
from contracts.base import Refused
from contracts.ids import Actor
from tests.chassis.toy import CAPACITY, AddCoin, Added, PotFull, PotId

CAUSE = Cause("test")
REWRITING = (
    "UPDATE event_log SET payload = '{}'",
    "UPDATE event_log SET topic = 'elsewhere'",
    "DELETE FROM event_log",
    "TRUNCATE event_log",
)


def add(pot: PotId, key: str, note: str = "") -> AddCoin:
    return AddCoin(
        actor=Actor("operator:test"), at=datetime.now(UTC), key=key, pot_id=pot, note=note
    )


async def test_many_commands_at_once_get_gapless_versions_and_never_pass_the_capacity(
    probe: Probe,
) -> None:
    pot = PotId.new()
    results = await asyncio.gather(
        *(probe.running.dispatch(add(pot, f"k{number}")) for number in range(300)),
        return_exceptions=True,
    )
    answers = [result for result in results if not isinstance(result, BaseException)]
    refused = [result for result in results if isinstance(result, PotFull)]
    assert len(answers) == CAPACITY
    assert len(refused) == 300 - CAPACITY
    assert sorted(answer.read(Added).coins for answer in answers) == list(range(1, CAPACITY + 1))
    facts = await probe.facts()
    assert [fact["version"] for fact in facts] == list(range(1, CAPACITY + 1))
    assert [fact["payload"]["coins"] for fact in facts] == list(range(1, CAPACITY + 1))


async def test_a_repeated_command_gets_its_answer_again_and_has_one_effect(probe: Probe) -> None:
    pot = PotId.new()
    outcomes = await asyncio.gather(*(probe.running.dispatch(add(pot, "same")) for _ in range(20)))
    later = await probe.running.dispatch(add(pot, "same"))
    assert {outcome.answer for outcome in [*outcomes, later]} == {'{"coins":1}'}
    assert sum(not outcome.repeated for outcome in outcomes) == 1
    assert later.repeated
    assert len(await probe.facts()) == 1


async def test_the_same_key_with_another_body_is_refused_and_changes_nothing(probe: Probe) -> None:
    pot = PotId.new()
    await probe.running.dispatch(add(pot, "same"))
    with pytest.raises(KeyReused):
        await probe.running.dispatch(add(pot, "same", note="other"))
    first, second = await asyncio.gather(
        probe.running.dispatch(add(pot, "pair")),
        probe.running.dispatch(add(pot, "pair", note="other")),
        return_exceptions=True,
    )
    assert not isinstance(first, BaseException)
    assert isinstance(second, KeyReused)
    assert len(await probe.facts()) == 2


async def test_a_refusal_is_remembered_word_for_word(probe: Probe) -> None:
    pot = PotId.new()
    await asyncio.gather(
        *(probe.running.dispatch(add(pot, f"k{number}")) for number in range(CAPACITY))
    )
    with pytest.raises(PotFull) as first:
        await probe.running.dispatch(add(pot, "late"))
    with pytest.raises(RepeatedRefusal) as second:
        await probe.running.dispatch(add(pot, "late"))
    assert isinstance(second.value, Refused)
    assert second.value.problem() == first.value.problem()


async def test_a_command_that_breaks_its_handler_fails_alone(probe: Probe) -> None:
    pot = PotId.new()
    results = await asyncio.gather(
        *(
            probe.running.dispatch(add(pot, f"k{number}", note="bug" if number == 7 else ""))
            for number in range(20)
        ),
        return_exceptions=True,
    )
    assert [type(result).__name__ for result in results].count("Outcome") == 19
    assert isinstance(results[7], ZeroDivisionError)
    assert [fact["version"] for fact in await probe.facts()] == list(range(1, 20))


async def test_what_a_handler_forgets_the_database_refuses(probe: Probe) -> None:
    pot = PotId.new()
    await asyncio.gather(
        *(probe.running.dispatch(add(pot, f"k{number}")) for number in range(CAPACITY))
    )
    with pytest.raises(asyncpg.CheckViolationError):
        await probe.running.dispatch(add(pot, "one too many", note="force"))
    assert len(await probe.facts()) == CAPACITY


async def test_a_decision_on_stale_state_cannot_be_written(probe: Probe) -> None:
    pot = PotId.new()
    await probe.running.dispatch(add(pot, "first"))
    # Somebody else's state is one version behind the log, for good: every retry collides.
    await probe.rows("UPDATE pots SET version = 0 RETURNING id")
    with pytest.raises(Conflict):
        await probe.running.dispatch(add(pot, "second"))
    assert [fact["version"] for fact in await probe.facts()] == [1]


async def test_a_lock_that_somebody_holds_delays_a_command_and_fails_nobody_else(
    probe: Probe,
) -> None:
    pot, other = PotId.new(), PotId.new()
    await probe.running.dispatch(add(pot, "first"))
    async with probe.running.database.transaction() as tx:
        await tx.execute("SELECT * FROM pots WHERE id = $1 FOR UPDATE", pot)
        held = asyncio.create_task(probe.running.dispatch(add(pot, "second")))
        await asyncio.sleep(0)
        assert not held.done()
    assert (await held).read(Added).coins == 2
    assert (await probe.running.dispatch(add(other, "third"))).read(Added).coins == 1
    assert is_away(asyncpg.LockNotAvailableError())


async def test_the_program_can_neither_change_nor_remove_a_fact(probe: Probe) -> None:
    await probe.running.dispatch(add(PotId.new(), "first"))
    for attempt in (*REWRITING, "DELETE FROM unsent", "DELETE FROM commands"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await probe.rows(attempt)
