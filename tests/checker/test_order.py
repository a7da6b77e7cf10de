"""I4b and I4c: calls are recomputed, and what breaks the rule, a step or a counter is found."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from checker.counters import counters_have_one
from checker.evidence import Check, Evidence, Record
from checker.order import calls_follow_the_rule
from tests.checker.world import World

# At most one priority for two others; a counter with two queues takes priority first.
SLOTS = [["prioritas"], ["reguler", "janji"], ["reguler", "janji"]]
POLICY = {"slots": SLOTS, "across": "prioritas_first"}
MALL = {"policy": "p", "lines": [{"service": "B", "policy": None}]}


@dataclass
class Hall:
    """Facts as a mall with the queues `a` and `b` would write them, one method for each."""

    world: World = field(default_factory=World)
    steps: dict[str, int] = field(default_factory=dict)
    lane_of: dict[str, str] = field(default_factory=dict)
    clock: int = 0

    def step(self, queue: str) -> int:
        self.steps[queue] = self.steps.get(queue, 0) + 1
        return self.steps[queue]

    def place(self) -> str:
        self.clock += 1
        return f"2026-03-02T01:00:{self.clock:02d}+00:00"

    def opens(self, code: str = "Z1", officer: str = "officer:o") -> None:
        where = {"mall": "m", "counter": code}
        self.world.fact("queue.counter_opened", f"id-{code}", officer, **where, officer=officer)

    def issues(self, *tickets: str, lane: str = "reguler", queue: str = "a") -> None:
        for ticket in tickets:
            self.lane_of[ticket] = lane
            self.world.fact(
                "queue.ticket_issued", ticket, line_id=queue, queue_id=queue, mall="m",
                service=queue.upper(), number=1, lane=lane, step=self.step(queue),
                place_at=self.place(),
            )  # fmt: skip

    def calls(self, ticket: str, turn: int = 0, queue: str = "a", **more: Any) -> None:
        said = {"policy": "p", "policy_version": 1, "turn": turn, "counter": "Z1", **more}
        self.world.fact(
            "queue.ticket_called", ticket, "officer:o", line_id=queue, queue_id=queue, mall="m",
            lane=self.lane_of[ticket], step=self.step(queue), **said,
        )  # fmt: skip

    def does(self, what: str, ticket: str, *, queue: str | None = None, **more: Any) -> None:
        if queue is not None:
            more = {"queue_id": queue, "step": self.step(queue), "place_at": self.place(), **more}
        said = {"line_id": "a", "counter": "Z1", **more}
        self.world.fact(f"queue.ticket_{what}", ticket, "officer:o", **said)

    def ends(self, ticket: str) -> None:
        self.does("finished", ticket, outcome="no_show")

    def found(self, check: Callable[[Evidence], Check] = calls_follow_the_rule) -> Check:
        evidence = self.world.evidence()
        entries = [
            {"kind": "queue_policy", "code": "p", "revision": 1, "body": POLICY},
            {"kind": "mall", "code": "m", "revision": 1, "body": MALL},
        ]
        evidence.records = [
            Record("catalogue.entries.v1", 0, offset, "k", "", json.dumps(entry).encode())
            for offset, entry in enumerate(entries)
        ]
        return check(evidence)


def holds(hall: Hall) -> bool:
    found = [hall.found(check) for check in (calls_follow_the_rule, counters_have_one)]
    assert [text for one in found for text in one.violations] == []
    return all(one.examined for one in found)


def blames(hall: Hall, kind: str, words: str) -> bool:
    found = hall.found()
    return kind in found.counts and any(words in text for text in found.violations)


def test_one_priority_for_two_others_is_the_rule() -> None:
    hall = Hall()
    hall.opens()
    hall.issues("p1", "p2", "p3", lane="prioritas")
    hall.issues("r1", "r2", "r3", "r4")
    turns = {"p1": 0, "r1": 1, "r2": 2, "p2": 0, "r3": 1, "r4": 2, "p3": 0}
    for ticket, turn in turns.items():
        hall.calls(ticket, turn)
        hall.ends(ticket)
    assert holds(hall)


@pytest.mark.parametrize(
    "called,turn,words", [("r1", 0, "before p1"), ("p2", 0, "before p1"), ("p1", 1, "turn 1")]
)
def test_another_call_than_the_rule_gives_is_found(called: str, turn: int, words: str) -> None:
    hall = Hall()
    hall.issues("p1", "p2", lane="prioritas")
    hall.issues("r1")
    hall.calls(called, turn)
    assert blames(hall, "illegal", words)


def test_a_turn_that_did_not_move_is_found() -> None:
    hall = Hall()
    hall.issues("p1", "p2", lane="prioritas")
    hall.issues("r1")
    hall.calls("p1", 0)
    hall.calls("p2", 0)
    assert blames(hall, "illegal", "turn 0 instead of 1")


def test_who_is_skipped_held_and_sent_on_stands_where_the_facts_say() -> None:
    hall = Hall()
    hall.opens()
    hall.issues("r1", "r2", "r3")
    hall.calls("r1", 0)
    hall.does("skipped", "r1", queue="a", times=1)
    hall.calls("r2", 2)
    hall.does("held", "r2", reason="bayar")
    hall.calls("r3", 0)
    hall.does("transferred", "r3", queue="b", lane="lanjutan", service="B", handed_over=False)
    hall.calls("r1", 2)
    hall.ends("r1")
    hall.does("returned", "r2", queue="a", lane="lanjutan")
    hall.lane_of["r2"] = hall.lane_of["r3"] = "lanjutan"
    hall.calls("r3", 0, queue="b", others=[{"queue_id": "a", "step": hall.steps["a"]}])
    hall.ends("r3")
    assert holds(hall)


def test_turns_after_calls_that_used_the_second_and_third_slot_go_on() -> None:
    hall = Hall()
    hall.issues("r1", "r2")
    hall.calls("r1", 0)
    hall.issues("p1", lane="prioritas")
    hall.calls("r2", 1)  # used the slot 1 before, so it is the turn of slot 2
    assert blames(hall, "illegal", "turn 1 instead of 2")


def test_a_call_out_of_order_moves_no_turn() -> None:
    hall = Hall()
    hall.opens()
    hall.issues("r1", "r2", "r3")
    hall.calls("r3", 0, reason="darurat_medis")
    hall.ends("r3")
    hall.calls("r1", 0)
    assert holds(hall)


def test_whoever_waits_for_one_counter_only_comes_first_there_and_nowhere_else() -> None:
    def sent_on() -> Hall:
        hall = Hall()
        hall.opens()
        hall.issues("r1", "r2")
        hall.calls("r1", 0)
        more = {"lane": "lanjutan", "service": "A", "handed_over": False, "to_counter": "Z1"}
        hall.does("transferred", "r1", queue="a", **more)
        return hall

    right = sent_on()
    right.calls("r1", 2)
    right.ends("r1")
    right.calls("r2", 2)
    assert holds(right)
    wrong = sent_on()
    wrong.calls("r2", 2)
    assert blames(wrong, "illegal", "waits there only")
    elsewhere = sent_on()
    elsewhere.calls("r1", 2, counter="Z2")
    assert blames(elsewhere, "illegal", "waits for Z1")


def test_a_counter_with_two_queues_takes_priority_first_and_then_the_earlier_place() -> None:
    def both() -> Hall:
        hall = Hall()
        hall.opens()
        hall.issues("a1")
        hall.issues("b1", queue="b")
        hall.issues("b2", queue="b", lane="prioritas")
        return hall

    right = both()
    right.calls("b2", 0, queue="b", others=[{"queue_id": "a", "step": 1}])
    right.ends("b2")
    right.calls("a1", 0, others=[{"queue_id": "b", "step": 3}])
    assert holds(right)
    wrong = both()
    wrong.calls("a1", 0, others=[{"queue_id": "b", "step": 2}])
    assert blames(wrong, "illegal", "before b2")
    unseen = both()
    unseen.calls("b2", 0, queue="b", others=[{"queue_id": "a", "step": 0}])
    assert blames(unseen, "misordered", "saw step 0 of a")


@pytest.mark.parametrize("change,kind", [(0, "doubled"), (2, "lost")])
def test_steps_that_repeat_or_leave_out_are_found(change: int, kind: str) -> None:
    hall = Hall()
    hall.issues("r1", "r2")
    facts = hall.world.facts
    facts[1] = replace(facts[1], data={**facts[1].data, "step": 1 + change})
    assert blames(hall, kind, "step")


def test_a_second_call_of_a_ticket_that_did_not_wait_is_found() -> None:
    hall = Hall()
    hall.issues("r1", "r2")
    hall.calls("r1", 0)
    hall.calls("r1", 2)
    assert blames(hall, "doubled", "did not wait")


def test_a_policy_that_nobody_published_is_found() -> None:
    hall = Hall()
    hall.issues("r1")
    hall.calls("r1", 0, policy_version=2)
    assert blames(hall, "illegal", "never published")


def test_an_officer_at_two_counters_and_another_officers_hand_are_found() -> None:
    hall = Hall()
    hall.opens("Z1")
    hall.opens("Z2")
    assert "doubled" in hall.found(counters_have_one).counts
    other = Hall()
    other.opens("Z1", "officer:other")
    other.issues("r1")
    other.calls("r1", 0)
    assert "illegal" in other.found(counters_have_one).counts


def test_two_tickets_at_a_counter_and_a_ticket_at_two_counters_are_found() -> None:
    hall = Hall()
    hall.opens()
    hall.issues("r1", "r2")
    hall.calls("r1", 0)
    hall.calls("r2", 2)
    assert "doubled" in hall.found(counters_have_one).counts
    twice = Hall()
    twice.issues("r1")
    twice.calls("r1", 0)
    twice.does("held", "r1")
    twice.does("resumed", "r1", counter="Z1")
    twice.does("resumed", "r1", counter="Z2")
    assert "doubled" in twice.found(counters_have_one).counts


def test_a_counter_that_closes_with_its_ticket_is_found() -> None:
    hall = Hall()
    hall.opens()
    hall.issues("r1")
    hall.calls("r1", 0)
    hall.world.fact("queue.counter_closed", "id-Z1", "officer:o", mall="m", reason="end_of_day")
    assert "illegal" in hall.found(counters_have_one).counts
