"""The index of satisfaction at its thresholds and traps, case by case."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.queue.domain.ikm import ELEMENTS, Grade, ikm_of

# Respondents, sum of all scores, as shown, grade.
GOLDEN: list[tuple[int, int, str, Grade]] = [
    (1000, 23_396, "64.99", "D"),
    (5, 117, "65.00", "C"),
    (5000, 116_990, "64.99", "D"),
    (5000, 116_991, "65.00", "C"),  # exactly 64.995: half up, and graded as it is shown
    (125, 3_447, "76.60", "C"),
    (1000, 27_580, "76.61", "B"),
    (5000, 137_889, "76.61", "B"),  # exactly 76.605
    (250, 7_947, "88.30", "B"),
    (1000, 31_792, "88.31", "A"),
    (5000, 158_949, "88.31", "A"),  # exactly 88.305
    (7, 7 * 36, "100.00", "A"),
    (7, 7 * 9, "25.00", "D"),
    (3, 72, "66.67", "C"),  # with means rounded before they are added: 66.75
]


def spread(respondents: int, total: int) -> list[int]:
    """Nine sums with this total, as even as they can be."""
    each, rest = divmod(total, ELEMENTS)
    return [each + (place < rest) for place in range(ELEMENTS)]


@pytest.mark.parametrize("respondents, total, shown, grade", GOLDEN)
def test_the_index_is_exact_until_it_is_rounded_once(
    respondents: int, total: int, shown: str, grade: Grade
) -> None:
    found = ikm_of(respondents, spread(respondents, total))
    assert (str(found.value), found.grade) == (shown, grade)


@pytest.mark.parametrize("respondents, total", [(5000, 137_889), (5000, 158_949)])
def test_binary_fractions_would_grade_a_boundary_otherwise(respondents: int, total: int) -> None:
    """These are boundary cases in earnest: weights of a ninth as floats take away a grade."""
    sums = spread(respondents, total)
    in_floats = round(25 * sum(one / respondents * (1 / 9) for one in sums), 2)
    assert ikm_of(respondents, sums).value - Decimal(str(in_floats)) == Decimal("0.01")


def test_the_means_of_the_elements_are_rounded_each_and_change_nothing() -> None:
    found = ikm_of(3, [8] * ELEMENTS)
    assert found.elements == (Decimal("2.67"),) * ELEMENTS
    assert str(found.value) == "66.67"


@pytest.mark.parametrize(
    "respondents, sums",
    [(0, [0] * 9), (2, [2] * 8), (2, [2] * 10), (2, [1] + [2] * 8), (2, [9] + [2] * 8)],
)
def test_sums_that_no_answers_add_up_to_have_no_index(respondents: int, sums: list[int]) -> None:
    with pytest.raises(ValueError, match="answer"):
        ikm_of(respondents, sums)


@given(st.lists(st.lists(st.integers(1, 4), min_size=9, max_size=9), min_size=1, max_size=40))
def test_the_index_is_within_half_a_hundredth_of_the_exact_mean(answers: list[list[int]]) -> None:
    sums = [sum(scores) for scores in zip(*answers, strict=True)]
    found = ikm_of(len(answers), sums)
    exact = Fraction(25 * sum(sums), ELEMENTS * len(answers))
    away = Fraction(found.value) - exact
    assert Fraction(-1, 200) < away <= Fraction(1, 200)
    assert Decimal("25.00") <= found.value <= Decimal("100.00")
