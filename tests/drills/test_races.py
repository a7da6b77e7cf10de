"""The drill of races, in small; and its judge, which must see each of the faults."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from tests.drills.races import Plan, Race, run, verdict_of
from tests.journeys.own import own_home


def kept(*people: str, booked: int = 1) -> list[dict[str, Any]]:
    return [{"session": "s", "booked": booked, "people": list(people)}]


def test_one_place_for_one_who_was_told_so_is_good() -> None:
    found = verdict_of([Race("s", ["ani"], full=4)], kept("ani"), 2)
    assert found.faults == []
    assert found.line == "drill: races=1 tries=5 sold=1 oversold=0 kills=2"


@pytest.mark.parametrize(
    "winners, people, booked",
    [
        (["ani", "budi"], ["ani", "budi"], 2),
        (["ani"], ["ani", "budi"], 1),
        (["ani", "budi"], ["ani"], 1),
        (["ani"], ["ani"], 2),
    ],
)
def test_a_place_for_two(winners: list[str], people: list[str], booked: int) -> None:
    found = verdict_of([Race("s", winners, full=3)], kept(*people, booked=booked), 0)
    assert (found.oversold, len(found.faults)) == (1, 1)


@pytest.mark.parametrize("people, booked", [(["ani"], 1), ([], 0), (["budi"], 1)])
def test_a_place_that_nobody_or_another_was_told_of(people: list[str], booked: int) -> None:
    winners = ["ani"] if people == ["budi"] else []
    found = verdict_of([Race("s", winners, full=3)], kept(*people, booked=booked), 0)
    assert (found.oversold, len(found.faults)) == (0, 1)


def test_an_answer_that_nobody_should_get() -> None:
    found = verdict_of([Race("s", ["ani"], full=3, others=["500 None"])], kept("ani"), 0)
    assert found.faults == ["s: answered 500 None"]


@pytest.mark.timeout(300)
async def test_ten_races_and_three_kills() -> None:
    with own_home("loket-drill-") as home:
        found = await run(home, Plan(10, 100, kill_every=3), Console(file=StringIO()))
    assert found.faults == []
    assert (found.races, found.tries, found.sold, found.oversold) == (10, 1000, 10, 0)
    assert found.kills == 3
