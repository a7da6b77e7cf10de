"""The index of satisfaction (IKM) of a survey, exact until it is rounded once.

PermenPANRB 14/2017: nine elements, each answered 1 to 4; the index is 25 times the mean of the
elements' means. Offices that compute with a weight of 0.11 or 0.111 show 99.00 or 99.90 for a
survey in which everybody is fully content; here the weight is one ninth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final, Literal

ELEMENTS: Final = 9
LOWEST, HIGHEST = 1, 4
MINIMUM_CELL = 5
"""Fewer answers than these are not published: each of so few could guess who the others are."""

Grade = Literal["A", "B", "C", "D"]

# The lower ends in hundredths. C ends at 76.60: a source that prints 76.66 contradicts its own
# scale of 1 to 4, on which C ends at 3.064.
_GRADES: tuple[tuple[int, Grade], ...] = ((8831, "A"), (7661, "B"), (6500, "C"), (2500, "D"))


@dataclass(frozen=True, slots=True)
class Ikm:
    """An index: 25.00 to 100.00, its grade, and the mean of each element, 1.00 to 4.00."""

    respondents: int
    value: Decimal
    grade: Grade
    elements: tuple[Decimal, ...]


def ikm_of(respondents: int, sums: Sequence[int]) -> Ikm:
    """The index of so many answers, given the sum of the scores of each element.

    Rounded once, half up, and graded as it is shown. Raises ValueError when no such answers can
    have been given.
    """
    if len(sums) != ELEMENTS or respondents < 1:
        raise ValueError("an index needs nine sums and somebody who answered")
    if not all(LOWEST * respondents <= one <= HIGHEST * respondents for one in sums):
        raise ValueError("each answer is 1 to 4")
    value = _rounded(Fraction(25 * sum(sums), ELEMENTS * respondents))
    means = tuple(_rounded(Fraction(one, respondents)) for one in sums)
    return Ikm(respondents, value, _grade(value), means)


def _grade(value: Decimal) -> Grade:
    hundredths = int(value * 100)
    return next(grade for least, grade in _GRADES if hundredths >= least)


def _rounded(exact: Fraction) -> Decimal:
    # floor(x + 1/2) in hundredths: half up, without a binary or decimal approximation before it.
    hundredths = (2 * 100 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    return (Decimal(hundredths) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
