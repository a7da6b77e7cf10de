"""I7 to I18 find what they are there for: ledger, Kafka, read model, mails, what is left."""

from dataclasses import replace

from checker.evidence import Leaf, Line, Place, Record
from checker.poison import poison_is_parked
from checker.readmodel import read_model_is_the_fold, reads_never_go_back
from checker.rest import everything_is_at_rest, notifications_are_bounded
from checker.trail import kafka_is_the_log, ledger_is_the_log
from tests.checker.cases import Case, each_of, must_find
from tests.checker.spoils import (
    POISON,
    again,
    change,
    drop,
    listed,
    older_view,
    other_view,
    poison_seen,
    put,
    read_back,
    stream_back,
    stream_jump,
    swapped_places,
    swapped_records,
)

CASES: list[Case] = [
    (ledger_is_the_log, "lost", "no leaf", [listed("leaves", lambda rows: rows.pop())]),
    (
        ledger_is_the_log,
        "doubled",
        "two leaves",
        [
            listed(
                "leaves",
                lambda rows: rows.append(
                    replace(rows[-1], seq=len(rows) + 1, position=rows[-1].position + 1)
                ),
            )
        ],
    ),
    (ledger_is_the_log, "misordered", "out of order", [listed("leaves", swapped_places)]),
    (
        ledger_is_the_log,
        "illegal",
        "a leaf from nowhere",
        [
            listed(
                "leaves",
                lambda rows: rows.append(
                    Leaf(len(rows) + 1, "q", 1, "nowhere", "queue.tickets.v1", b"{}")
                ),
            )
        ],
    ),
    (
        ledger_is_the_log,
        "illegal",
        "other bytes",
        [listed("leaves", lambda rows: rows.append(replace(rows.pop(), value=b"{}")))],
    ),
    (kafka_is_the_log, "lost", "not in Kafka", [listed("records", lambda rows: rows.pop())]),
    (kafka_is_the_log, "misordered", "out of order", [listed("records", swapped_records)]),
    (
        kafka_is_the_log,
        "illegal",
        "from nowhere",
        [
            listed(
                "records",
                lambda rows: rows.append(Record("queue.tickets.v1", 0, 99, "k", "nowhere", b"")),
            )
        ],
    ),
    (
        kafka_is_the_log,
        "illegal",
        "other bytes",
        [listed("records", lambda rows: rows.append(replace(rows.pop(), value=b"x")))],
    ),
    (
        kafka_is_the_log,
        "illegal",
        "another key",
        [listed("records", lambda rows: rows.append(replace(rows.pop(), key="x")))],
    ),
    (read_model_is_the_fold, "lost", "no row", [listed("views", lambda rows: rows.pop())]),
    (read_model_is_the_fold, "lost", "an older row", [listed("views", older_view)]),
    (read_model_is_the_fold, "illegal", "another row", [listed("views", other_view)]),
    (
        read_model_is_the_fold,
        "doubled",
        "two rows",
        [listed("views", lambda rows: rows.append(rows[0]))],
    ),
    (
        read_model_is_the_fold,
        "illegal",
        "a row from nowhere",
        [listed("views", lambda rows: rows.append({"application_id": "nowhere"}))],
    ),
    (read_model_is_the_fold, "lost", "not shown", [listed("timeline", lambda rows: rows.pop())]),
    (
        read_model_is_the_fold,
        "doubled",
        "shown twice",
        [listed("timeline", lambda rows: rows.append(Line(len(rows) + 1, rows[0].event_id)))],
    ),
    (
        read_model_is_the_fold,
        "misordered",
        "shown out of order",
        [listed("timeline", swapped_places)],
    ),
    (reads_never_go_back, "misordered", "an older version", [read_back]),
    (reads_never_go_back, "misordered", "the stream goes back", [stream_back]),
    (reads_never_go_back, "lost", "the stream jumps", [stream_jump]),
    (notifications_are_bounded, "lost", "no mail", [put("mails", {})]),
    (notifications_are_bounded, "doubled", "four mails", [put("mails", {"n1": 4})]),
    (notifications_are_bounded, "doubled", "more mails than attempts", [put("mails", {"n1": 2})]),
    (notifications_are_bounded, "lost", "no count", [put("deliveries", {})]),
    (notifications_are_bounded, "illegal", "an unknown mail", [put("mails", {"n1": 1, "q": 1})]),
    (
        notifications_are_bounded,
        "lost",
        "never ended",
        [drop("notify.notification_sent", "n1")],
    ),
    (
        notifications_are_bounded,
        "doubled",
        "two for one cause",
        [again],
    ),
    (everything_is_at_rest, "lost", "unsent", [change("queue.ticket_served", "t1", sent=False)]),
    (
        everything_is_at_rest,
        "lost",
        "lag",
        [listed("places", lambda rows: rows.append(Place("r", "t", 0, 3, 4)))],
    ),
    (
        everything_is_at_rest,
        "illegal",
        "a position behind the end",
        [listed("places", lambda rows: rows.append(Place("r", "t", 0, 5, 4)))],
    ),
    (everything_is_at_rest, "lost", "parked", [put("parked", [POISON])]),
    (everything_is_at_rest, "illegal", "idle in transaction", [put("idle_in_transaction", ["x"])]),
    (poison_is_parked, "lost", "dropped", [poison_seen(7)]),
    (poison_is_parked, "doubled", "twice", [put("parked", [POISON, POISON]), poison_seen(7)]),
    (poison_is_parked, "illegal", "no reason", [put("parked", [replace(POISON, reason="")])]),
    (
        poison_is_parked,
        "illegal",
        "another key waits",
        [put("parked", [POISON, replace(POISON, key="t8", offset=8, reason="behind")])],
    ),
]


@each_of(CASES)
def test_a_check_finds(case: Case) -> None:
    must_find(case)
