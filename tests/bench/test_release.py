"""What makes a figure of a release wrong, and that everybody tries as often as the others."""

from collections import Counter

import pytest

from bench.release import Size, Told, tries_of

SIZE = Size(people=10, places=4)


def kept(booked: int = 4, stored: int = 4, people: int = 4) -> dict[str, int]:
    return {"booked": booked, "stored": stored, "people": people}


def told(won: int = 4, refused: int = 26, **others: int) -> Told:
    other = {int(status.removeprefix("got_")): count for status, count in others.items()}
    return Told(Counter({201: won, 409: refused, **other}))


def test_all_places_sold_once_is_right() -> None:
    assert told().faults(SIZE, kept()) == []


@pytest.mark.parametrize(
    "row",
    [
        kept(booked=5, stored=5, people=5),
        kept(booked=3, stored=3, people=3),
        kept(people=3),
        kept(stored=5),
    ],
)
def test_too_many_too_few_or_two_for_one_is_wrong(row: dict[str, int]) -> None:
    assert len(told().faults(SIZE, row)) == 1


def test_a_place_that_was_promised_and_not_kept_is_wrong() -> None:
    assert len(told(won=5).faults(SIZE, kept())) == 1


def test_any_other_answer_is_wrong() -> None:
    assert told(got_500=2).faults(SIZE, kept()) == ["2 answers 500"]


def test_everybody_tries_as_often_as_the_others() -> None:
    people = [str(number) for number in range(50)]
    tries = tries_of(people)
    assert set(Counter(tries).values()) == {3}
    assert set(tries) == set(people)
    assert tries != people * 3
    assert tries == tries_of(people)
