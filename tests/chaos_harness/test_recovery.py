"""A recovery is counted from the fault's own heal, and ends when all is level again."""

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


def test_each_fault_counts_from_its_own_heal(book: Book, clock: Clock) -> None:
    killed = book.strike(Fault("service killed", "queue"))
    book.heal(killed)
    clock.now = 101.0
    frozen = book.strike(Fault("service frozen", "booking", 9))
    clock.now = 110.0
    book.heal(frozen)
    clock.now = 113.0
    book.healthy(110.0)
    assert (killed.seconds, frozen.seconds) == (13.0, 3.0)


def test_what_was_level_while_a_neighbour_still_worked_has_recovered(
    book: Book, clock: Clock
) -> None:
    killed = book.strike(Fault("service killed", "queue"))
    book.heal(killed)
    armed = book.strike(Fault("fail-point", "booking@relay.after_send", hit=4))
    clock.now = 104.0
    book.healthy(101.0)
    assert killed.seconds == 4.0
    assert book.open == [armed]


def test_a_restart_counts_from_its_signal_and_is_proven_only_after_the_end(
    book: Book, clock: Clock
) -> None:
    restarted = book.strike(Fault("service restarted", "queue"))
    book.count(restarted)
    clock.now = 102.0
    book.healthy(101.0)  # the old process still answered
    assert book.open == [restarted]
    book.heal(restarted)
    clock.now = 106.0
    book.healthy(103.0)
    assert restarted.seconds == 6.0


def test_the_last_heal_is_what_a_look_must_have_begun_after(book: Book, clock: Clock) -> None:
    assert book.last_heal is None
    first, second = (book.strike(Fault("sockets cut", name)) for name in ("queue", "booking"))
    book.heal(first)
    clock.now = 103.0
    book.heal(second)
    assert book.last_heal == 103.0
    book.healthy(101.0)
    assert book.open == [second]
    book.healthy(103.0)
    assert book.last_heal is None


def test_what_never_recovers_is_written_down_and_counts_as_never(
    book: Book, tmp_path: Path, clock: Clock
) -> None:
    book.heal(book.strike(Fault("broker killed", "kafka-1")))
    book.close()
    assert math.isinf(book.slowest)
    (line,) = (tmp_path / "faults.jsonl").read_text(encoding="utf-8").splitlines()
    written = json.loads(line)
    assert written["counted_from"] == written["healed_at"] == 100_000_000_000
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
    assert book.struck == 3
