"""I18 judges what agencies send that nobody can read: parked, answered, settled, and by whom."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from checker.commands import no_ghosts, nothing_acknowledged_lost, one_effect_per_key
from checker.evidence import Command, Evidence, Kind, Parked, Record
from checker.poison import poison_is_parked
from checker.rest import everything_is_at_rest
from tests.checker.world import World, right

TOPIC = "agency.x.reports.v1"
BAD = b"{"
REQUEST = {
    "topic": TOPIC,
    "key": "app1",
    "reason": "not_json",
    "sha256": hashlib.sha256(BAD).hexdigest(),
    "report_id": "r-bad",
}
ROW = Parked(
    "tracking.reports", TOPIC, 0, 7, "app1", "not_json", False, False, service="tracking", id=3
)
SETTLED = replace(ROW, settled=True, settled_by="operator:o")
PATH = "/v1/parked/3/{}"


def poisoned(phase: str = "ok") -> World:
    """A right world in which one bad record was sent, parked and answered."""
    world = right()
    place = {"partition": 0, "offset": 7} if phase == "ok" else None
    world.see("poison", "invoke", None, REQUEST)
    world.see("poison", phase, None, REQUEST, place)
    key = f"rejected:{TOPIC}:0:7:r-bad"
    world.commands.append(
        Command("tracking", "system:tracking", key, "AnswerRejected", {"report_id": "r-bad"})
    )
    world.fact("tracking.report_refused", "r-bad", agency="x", code="not_json")
    return world


def evidence_of(world: World, *parked: Parked) -> Evidence:
    evidence = world.evidence()
    evidence.parked = list(parked)
    evidence.records = [*evidence.records, Record(TOPIC, 0, 7, "app1", "r-bad", BAD)]
    return evidence


def settle(world: World, verb: str, phase: str) -> None:
    request = {"service": "tracking", "path": PATH.format(verb), "body": {}}
    world.see(verb, "invoke", f"k-{verb}", request)
    world.see(verb, phase, f"k-{verb}", request, {"settled": 1} if phase == "ok" else None)


@pytest.mark.parametrize("phase", ["ok", "unknown"])
def test_bad_records_that_are_parked_and_answered_are_as_they_must_be(phase: str) -> None:
    evidence = evidence_of(poisoned(phase), ROW)
    for check in (
        poison_is_parked,
        everything_is_at_rest,
        no_ghosts,
        nothing_acknowledged_lost,
        one_effect_per_key,
    ):
        assert check(evidence).violations == []
    assert poison_is_parked(evidence).examined >= 3


def test_a_bad_record_whose_arrival_is_unknown_and_that_never_came_is_no_loss() -> None:
    world = right()
    world.see("poison", "unknown", None, REQUEST)
    assert poison_is_parked(world.evidence()).violations == []


@pytest.mark.parametrize("phase", ["ok", "unknown"])
def test_a_clerk_may_settle_what_nobody_will_mend(phase: str) -> None:
    world = poisoned()
    settle(world, "redrive", "refused")
    settle(world, "dismiss", phase)
    evidence = evidence_of(world, SETTLED)
    assert poison_is_parked(evidence).violations == []
    assert nothing_acknowledged_lost(evidence).violations == []
    assert no_ghosts(evidence).violations == []


def answered_with(**changed: Any) -> Callable[[World], None]:
    def spoil(world: World) -> None:
        world.facts[-1] = replace(world.facts[-1], **changed)

    return spoil


def unanswered(world: World) -> None:
    world.commands.pop()
    world.facts.pop()


def answered_twice(world: World) -> None:
    world.commands.append(world.commands[-1])


def told_as_settled(world: World) -> None:
    settle(world, "dismiss", "ok")


def applied_after_all(world: World) -> None:
    settle(world, "dismiss", "unknown")
    settle(world, "redrive", "ok")


def untouched(world: World) -> None:
    return


@pytest.mark.parametrize(
    "kind,row,spoil",
    [
        ("lost", None, untouched),
        ("illegal", replace(ROW, reason="handler_failed"), untouched),
        ("illegal", replace(ROW, blocking=True), untouched),
        ("lost", ROW, unanswered),
        ("doubled", ROW, answered_twice),
        ("lost", ROW, answered_with(data={"code": "unknown_event"})),
        ("lost", ROW, answered_with(topic="agency.y.answers.v1")),
        ("lost", ROW, told_as_settled),
        ("illegal", SETTLED, untouched),
        ("illegal", SETTLED, applied_after_all),
    ],
    ids=[
        "dropped",
        "another-reason",
        "holds-back-others",
        "unanswered",
        "answered-twice",
        "told-another-reason",
        "told-another-agency",
        "told-as-settled-and-is-not",
        "settled-by-nobody",
        "applied-though-unreadable",
    ],
)
def test_what_is_wrong_with_a_bad_record_is_found(
    kind: Kind, row: Parked | None, spoil: Callable[[World], None]
) -> None:
    world = poisoned()
    spoil(world)
    found = poison_is_parked(evidence_of(world, *([row] if row else [])))
    assert kind in found.counts, found.violations


def test_a_good_report_that_is_parked_under_the_key_of_a_bad_one_is_lost() -> None:
    good = replace(ROW, offset=8, id=4, reason="handler_failed")
    assert "lost" in everything_is_at_rest(evidence_of(poisoned(), ROW, good)).counts


def test_an_answer_to_a_record_that_nobody_sent_is_a_ghost() -> None:
    world = poisoned()
    key = f"rejected:{TOPIC}:0:9:r-other"
    world.commands.append(
        Command("tracking", "system:tracking", key, "AnswerRejected", {"report_id": "r-other"})
    )
    assert "illegal" in no_ghosts(evidence_of(world, ROW)).counts


@pytest.mark.parametrize(
    "request_",
    [
        {"topic": "agency.{}.reports.v1", "body": {"report_id": "r5"}},
        {"service": "tracking", "path": "/v1/agencies/{}/reports", "body": {"report_id": "r5"}},
    ],
    ids=["over-kafka", "over-http"],
)
def test_a_report_that_counts_for_another_agency_than_its_senders_is_found(
    request_: dict[str, Any],
) -> None:
    place = "topic" if "topic" in request_ else "path"
    for agency, holds in (("x", True), ("y", False)):
        world = right()
        sent = {**request_, place: request_[place].format(agency)}
        world.see("report_kafka", "invoke", "r5", sent)
        assert no_ghosts(world.evidence()).holds == holds
