"""A recovery is counted from the moment at which nothing was broken any more."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.history import Lines
from tests.chaos.recovery import Book, table
from tests.chaos.schedule import Fault


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(tmp_path: Path, clock: Clock) -> Iterator[Book]:
    made = Book(Lines(tmp_path / "faults.jsonl"), clock)
    yield made
    made.lines.close()


def test_a_healthy_look_after_the_heal_ends_a_fault(book: Book, clock: Clock) -> None:
    struck = book.strike(Fault("service frozen", "queue", 5))
    book.healthy(clock.now)  # it works still: this look proves nothing
    assert book.open == [struck]
    clock.now = 105.0
    book.heal(struck)
    clock.now = 107.0
    book.healthy(104.0)  # this look began before the heal
    assert book.open == [struck]
    book.healthy(106.0)
    assert struck.seconds == 2.0
    assert book.slowest == 2.0


def test_a_fault_does_not_answer_for_its_neighbour(book: Book, clock: Clock) -> None:
    killed = book.strike(Fault("service killed", "queue"))
    book.heal(killed)
    frozen = book.strike(Fault("service frozen", "booking", 10))
    clock.now = 110.0
    book.heal(frozen)
    clock.now = 113.0
    book.healthy(110.0)
    assert killed.seconds == frozen.seconds == 3.0


def test_what_never_recovers_is_written_down_and_counts_as_never(
    book: Book, tmp_path: Path, clock: Clock
) -> None:
    book.heal(book.strike(Fault("broker killed", "kafka-1")))
    book.close()
    assert math.isinf(book.slowest)
    (line,) = (tmp_path / "faults.jsonl").read_text(encoding="utf-8").splitlines()
    written = json.loads(line)
    assert written["healed_at"] == 100_000_000_000
    assert written["recovered_at"] is None
    assert (written["kind"], written["target"]) == ("broker killed", "kafka-1")


def test_the_table_has_one_row_per_kind_without_what_did_not_strike(
    book: Book, clock: Clock
) -> None:
    for seconds in (1.0, 2.0, 6.0):
        struck = book.strike(Fault("sockets cut", "queue"))
        book.heal(struck)
        began = clock.now
        clock.now += seconds
        book.healthy(began)
    missed = book.strike(Fault("fail-point", "queue@relay.after_send", hit=1))
    missed.reached = False
    book.heal(missed)
    (row,) = table(book.faults)
    assert (row.kind, row.times, row.fastest, row.median, row.slowest) == (
        "sockets cut", 3, 1.0, 2.0, 6.0,
    )  # fmt: skip
    assert book.count == 3
