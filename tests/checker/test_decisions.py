"""I1 to I6 find what they are there for: commands, tickets, places, legal histories."""

from dataclasses import replace

from checker.capacity import capacity_is_kept
from checker.commands import no_ghosts, nothing_acknowledged_lost, one_effect_per_key
from checker.evidence import Command
from checker.legal import histories_are_legal
from checker.places import tickets_count_without_gap
from tests.checker.cases import Case, each_of, must_find
from tests.checker.spoils import (
    BOOK,
    STAGE,
    change,
    drop,
    index_of,
    listed,
    other_answer,
    put,
    refused_in_table,
    refused_report,
    repeat,
    seen,
    swap,
    told_early,
    without_command,
)

CASES: list[Case] = [
    (nothing_acknowledged_lost, "lost", "not in the command table", [without_command("k-b1")]),
    (
        nothing_acknowledged_lost,
        "lost",
        "written as refused",
        [listed("commands", refused_in_table)],
    ),
    (nothing_acknowledged_lost, "lost", "no fact", [drop("booking.appointment_booked", "b1")]),
    (nothing_acknowledged_lost, "lost", "told another id", [listed("commands", other_answer)]),
    (nothing_acknowledged_lost, "lost", "no recipient", [put("recipients", frozenset())]),
    (
        nothing_acknowledged_lost,
        "doubled",
        "two rows",
        [listed("commands", lambda rows: rows.append(rows[0]))],
    ),
    (
        no_ghosts,
        "illegal",
        "never asked for",
        [listed("commands", lambda rows: rows.append(replace(rows[0], key="k-ghost")))],
    ),
    (
        no_ghosts,
        "illegal",
        "refused, yet effective",
        [
            listed(
                "commands",
                lambda rows: rows.append(
                    Command("booking", "o", "k-no", "BookAppointment", {"appointment_id": "b1"})
                ),
            )
        ],
    ),
    (no_ghosts, "illegal", "a fact without a command", [without_command("k-t2")]),
    (one_effect_per_key, "doubled", "two facts", [repeat("booking.appointment_booked", "b1")]),
    (
        one_effect_per_key,
        "doubled",
        "two steps for one report",
        [repeat("tracking.stage_returned", "app1")],
    ),
    (
        no_ghosts,
        "illegal",
        "a step for a refused report",
        [listed("commands", refused_report)],
    ),
    (one_effect_per_key, "lost", "too few facts", [drop("queue.ticket_called", "t1")]),
    (
        one_effect_per_key,
        "doubled",
        "two bodies",
        [seen("book", "k-b1", BOOK, {"appointment_id": "b1"})],
    ),
    (
        one_effect_per_key,
        "doubled",
        "two answers",
        [
            seen(
                "book",
                "k-b1",
                {**BOOK, "body": {"person_id": "p1"}},
                {"appointment_id": "other"},
            )
        ],
    ),
    (tickets_count_without_gap, "lost", "a gap", [drop("queue.ticket_issued", "t2")]),
    (
        tickets_count_without_gap,
        "doubled",
        "one number twice",
        [change("queue.ticket_issued", "t3", data={"number": 2})],
    ),
    (
        tickets_count_without_gap,
        "misordered",
        "given out of order",
        [
            change("queue.ticket_issued", "t2", data={"number": 3}),
            change("queue.ticket_issued", "t3", data={"number": 2}),
        ],
    ),
    (tickets_count_without_gap, "misordered", "against real time", [told_early]),
    (capacity_is_kept, "illegal", "too many", [drop("booking.appointment_cancelled", "b1")]),
    (
        capacity_is_kept,
        "illegal",
        "one person twice",
        [
            drop("booking.appointment_cancelled", "b1"),
            change("booking.session_opened", "s1", data={"capacity": 9}),
            change("booking.appointment_booked", "b2", data={"person_id": "p1"}),
        ],
    ),
    (histories_are_legal, "misordered", "a version is missing", [drop(f"{STAGE}accepted", "app1")]),
    (histories_are_legal, "doubled", "a version twice", [repeat("queue.ticket_served", "t1")]),
    (
        histories_are_legal,
        "illegal",
        "a step that is not open",
        [swap("queue.ticket_called", "queue.ticket_served", "t1")],
    ),
    (
        histories_are_legal,
        "illegal",
        "served without service",
        [drop("queue.ticket_served", "t1")],
    ),
    (
        histories_are_legal,
        "illegal",
        "another agency's stage",
        [change(f"{STAGE}accepted", "app1", actor="agency:y", data={"agency": "y"})],
    ),
    (
        histories_are_legal,
        "illegal",
        "another actor",
        [change(f"{STAGE}accepted", "app1", actor="agency:y")],
    ),
    (
        histories_are_legal,
        "illegal",
        "an unknown stage",
        [change(f"{STAGE}accepted", "app1", data={"stage": "zzz"})],
    ),
    (
        histories_are_legal,
        "illegal",
        "a stage that may not return",
        [put("journeys", {("j", 1): [{"code": "a", "agency": "x"}, {"code": "b", "agency": "y"}]})],
    ),
    (histories_are_legal, "illegal", "an unknown journey", [put("journeys", {})]),
    (
        histories_are_legal,
        "illegal",
        "opened too early",
        [swap(f"{STAGE}done", "tracking.application_completed", "app1")],
    ),
    (
        histories_are_legal,
        "lost",
        "a stage that is never opened",
        [
            lambda world, evidence: world.facts.__delitem__(
                slice(index_of(world, f"{STAGE}done", "app1") + 2, None)
            )
        ],
    ),
]


@each_of(CASES)
def test_a_check_finds(case: Case) -> None:
    must_find(case)
