"""The judge of a day sees each fault; facts as the steps of a line tell them."""

from typing import Any

import pytest

from simulator.day.judge import Findings, judge_calls, judge_numbers

RINGS = {"umum@1": [["prioritas"], ["reguler", "janji"], ["reguler", "janji"]]}


def issued(step: int, ticket: str, lane: str = "reguler") -> dict[str, Any]:
    """A ticket joins the line."""
    place = f"2026-03-02T01:00:00.{step:06}Z"
    return {
        "what": "issued",
        "step": step,
        "ticket_id": ticket,
        "lane": lane,
        "place_at": place,
    }


def called(step: int, ticket: str, turn: int, **more: Any) -> dict[str, Any]:
    """A counter calls a ticket."""
    stamp = {"policy": "umum", "policy_version": 1, "turn": turn}
    where = {"step": step, "ticket_id": ticket, "counter": "A-01"}
    return {"what": "called", **where, **stamp, **more}


def found(*facts: dict[str, Any]) -> Findings:
    """What the judge says of these."""
    findings = Findings()
    judge_calls(findings, "queue", facts, RINGS)
    return findings


def test_one_with_priority_for_two_others_is_right() -> None:
    findings = found(
        issued(1, "r1"),
        issued(2, "r2"),
        issued(3, "r3"),
        issued(4, "p1", "prioritas"),
        issued(5, "p2", "prioritas"),
        called(6, "p1", 0),
        called(7, "r1", 1),
        called(8, "r2", 2),
        called(9, "p2", 0),
        called(10, "r3", 1),
    )
    assert findings.is_good, findings.examples


@pytest.mark.parametrize(
    "facts",
    [
        (issued(1, "r1"), issued(2, "r2"), called(3, "r2", 0)),
        (issued(1, "r1"), issued(2, "p1", "prioritas"), called(3, "r1", 0)),
        (issued(1, "r1"), called(2, "r1", 1)),
    ],
    ids=["overtaken", "priority passed over", "wrong turn"],
)
def test_a_call_that_the_rule_does_not_give(facts: tuple[dict[str, Any], ...]) -> None:
    findings = found(*facts)
    assert (findings.off_rule, findings.is_good) == (1, False)


def test_out_of_order_with_a_reason_is_allowed_and_moves_no_turn() -> None:
    findings = found(
        issued(1, "r1"),
        issued(2, "r2"),
        issued(3, "p1", "prioritas"),
        called(4, "r2", 0, reason="darurat_medis"),
        called(5, "p1", 0),
        called(6, "r1", 1),
    )
    assert findings.is_good, findings.examples


def test_who_was_skipped_waits_again_in_the_same_lane() -> None:
    skipped = {**issued(3, "r1"), "what": "skipped", "lane": None}
    assert found(issued(1, "r1"), called(2, "r1", 0), skipped, called(4, "r1", 2)).is_good


@pytest.mark.parametrize("ticket", ["r1", "nobody"])
def test_a_call_of_somebody_who_does_not_wait(ticket: str) -> None:
    findings = found(issued(1, "r1"), called(2, "r1", 0), called(3, ticket, 2))
    assert (findings.double_calls, findings.is_good) == (1, False)


def test_a_step_that_is_missing() -> None:
    assert found(issued(1, "r1"), issued(3, "r2")).gaps == 1


@pytest.mark.parametrize(
    "numbers, gaps, repeats", [([1, 2, 3], 0, 0), ([], 0, 0), ([1, 3], 1, 0), ([1, 1, 2], 0, 1)]
)
def test_numbers(numbers: list[int], gaps: int, repeats: int) -> None:
    findings = Findings()
    judge_numbers(findings, "line", numbers)
    assert (findings.gaps, findings.repeats) == (gaps, repeats)
    assert findings.is_good == (not gaps and not repeats)
