"""The drill of tickets, in small; and its judge, which must see each of the faults."""

from io import StringIO

import pytest
from rich.console import Console

from tests.drills.tickets import Plan, run
from tests.drills.tickets_judge import Acknowledged, Life, verdict_of
from tests.journeys.own import own_home


def life(number: int, *calls: str) -> Life:
    """Issued, then called and finished at these counters in turn."""
    found: Life = [("queue.ticket_issued.v1", {"number": number})]
    for counter in calls:
        found += [
            ("queue.ticket_called.v1", {"counter": counter}),
            ("queue.ticket_finished.v1", {"counter": counter}),
        ]
    return found


def told(**numbers: int) -> Acknowledged:
    """Tickets that were issued, called at L-01 and finished."""
    found = Acknowledged()
    for ticket, number in numbers.items():
        found.issued_to("service", ticket, number)
        found.called_at("service", ticket, "L-01")
        found.finished.add(ticket)
    return found


def test_a_run_without_fault_is_good() -> None:
    lives = {"a": life(1, "L-01"), "b": life(2, "L-01")}
    found = verdict_of({"line": [1, 2]}, lives, told(a=1, b=2), 3)
    assert found.is_good
    assert found.line == ("drill-tickets: tickets=2 gaps=0 repeats=0 double_calls=0 lost=0 kills=3")


@pytest.mark.parametrize(
    "numbers, gaps, repeats", [([1, 3], 1, 0), ([2, 3], 1, 0), ([1, 1, 2], 0, 1)]
)
def test_numbers_that_are_missing_or_twice(numbers: list[int], gaps: int, repeats: int) -> None:
    found = verdict_of({"line": numbers}, {}, Acknowledged(), 0)
    assert (found.gaps, found.repeats, found.is_good) == (gaps, repeats, False)


def test_a_call_while_another_counter_has_the_ticket() -> None:
    doubled = life(1, "L-01")
    doubled.insert(2, ("queue.ticket_called.v1", {"counter": "L-02"}))
    found = verdict_of({"line": [1]}, {"a": doubled}, told(a=1), 0)
    assert (found.double_calls, found.is_good) == (1, False)


def test_two_counters_that_were_told_the_same_ticket() -> None:
    twice = told(a=1)
    twice.called_at("service", "a", "L-02")
    found = verdict_of({"line": [1]}, {"a": life(1, "L-01")}, twice, 0)
    assert (found.double_calls, found.is_good) == (1, False)


@pytest.mark.parametrize(
    "written", [[], life(2, "L-01"), life(1), life(1, "L-01")[:-1]], ids=lambda one: str(len(one))
)
def test_what_was_acknowledged_and_is_not_written_down(written: Life) -> None:
    found = verdict_of({"line": [1]}, {"a": written} if written else {}, told(a=1), 0)
    assert (found.lost, found.is_good) == (1, False)


def test_a_ticket_that_nobody_was_told_of() -> None:
    found = verdict_of({"line": [1]}, {"a": life(1, "L-01")}, Acknowledged(), 0)
    assert not found.is_good


@pytest.mark.timeout(300)
async def test_tickets_under_kills() -> None:
    with own_home("loket-drill-") as home:
        found = await run(home, Plan(1500, 5.2, 7.0, kills=3), Console(file=StringIO()))
    assert found.faults == []
    assert found.tickets >= 1500
    assert found.kills >= 3
