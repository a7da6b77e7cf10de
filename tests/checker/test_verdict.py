"""A right run holds; what does no harm is no violation; the verdict says what was found."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from checker import verdict
from checker.evidence import Check, Command, Evidence, Fact
from checker.poison import poison_is_parked
from checker.rest import everything_is_at_rest, notifications_are_bounded
from checker.trail import kafka_is_the_log
from tests.checker.spoils import POISON, drop, index_of, poison_seen, swapped_records
from tests.checker.world import World, right


@pytest.mark.parametrize("check", verdict.CHECKS, ids=lambda check: check.__name__)
def test_a_right_run_holds(check: Callable[[Evidence], Check]) -> None:
    found = check(right().evidence())
    assert found.violations == []
    assert found.examined > 0 or found.id in {"I5b", "I5c", "I18"}


def test_poison_that_is_parked_once_and_those_behind_it_are_as_they_must_be() -> None:
    world = right()
    poison_seen(7)(world, world.evidence())
    evidence = world.evidence()
    evidence.parked = [POISON, replace(POISON, offset=8, reason="behind")]
    assert poison_is_parked(evidence).violations == []
    assert everything_is_at_rest(evidence).violations == []


def test_a_repeat_on_kafka_does_no_harm() -> None:
    evidence = right().evidence()
    records = list(evidence.records)
    records.append(replace(records[0], offset=999))
    evidence.records = records
    assert kafka_is_the_log(evidence).violations == []


def test_what_came_too_early_on_kafka_does_no_harm_when_it_comes_again() -> None:
    evidence = right().evidence()
    records = list(evidence.records)
    swapped_records(records)
    evidence.records = records
    assert not kafka_is_the_log(evidence).holds
    early = next(one for one in records if one.id == "e3")
    evidence.records = [*records, replace(early, offset=999)]
    assert kafka_is_the_log(evidence).violations == []


def test_a_notification_that_waits_for_its_next_attempt_is_not_lost() -> None:
    world = right()
    evidence = world.evidence()
    drop("notify.notification_sent", "n1")(world, evidence)
    evidence.owed = frozenset({"n1"})
    assert notifications_are_bounded(evidence).violations == []


def test_an_unknown_outcome_may_have_happened_or_not() -> None:
    world = right()
    request = {"service": "queue", "path": "/walk_in", "body": {}}
    world.see("walk_in", "invoke", "k-u", request)
    world.see("walk_in", "unknown", "k-u", request)
    assert all(check.holds for check in verdict.judge(world.evidence()))
    world.facts.append(fact_of_ticket(world))
    world.commands.append(Command("queue", "o", "k-u", "IssueTicket", {"ticket_id": "t4"}))
    assert all(check.holds for check in verdict.judge(world.evidence()))


def fact_of_ticket(world: World) -> Fact:
    first = world.facts[index_of(world, "queue.ticket_issued", "t3")]
    data = {**first.data, "number": 4, "step": 5}
    return replace(first, id="e-t4", aggregate_id="t4", key="t4", data=data)


def test_a_check_that_looked_at_nothing_does_not_hold_unless_that_is_allowed() -> None:
    checks = verdict.judge(Evidence())
    strict = verdict.as_json(checks, allow_empty=False)
    assert {one["id"] for one in strict["checks"] if one["holds"]} == {"I5b", "I5c", "I18"}
    assert strict["checks"][0]["violations"] == ["nothing was examined"]
    assert all(one["holds"] for one in verdict.as_json(checks, allow_empty=True)["checks"])


def test_the_verdict_counts_by_kind() -> None:
    evidence = right().evidence()
    evidence.recipients = frozenset()
    said = verdict.as_json(verdict.judge(evidence), allow_empty=False)
    assert (said["lost"], said["doubled"], said["misordered"], said["illegal"]) == (1, 0, 0, 0)
    assert "I1" in verdict.table(verdict.judge(evidence), allow_empty=False)
