"""Advised overbooking beside sums with exact fractions."""

from fractions import Fraction
from math import comb

import pytest

from services.booking.domain import advice


@pytest.mark.parametrize(
    "capacity, show_rate, more",
    [
        (10, "0.8", 0),  # 0.8^11 = 8.6 %
        (10, "0.7", 1),  # 0.7^11 = 2.0 %; two more: 8.5 %
        (10, "0.5", 2),  # a fifth is the bound
        (4, "0.1", 0),  # a fifth of four is less than one place
        (10, "1", 0),
        (10, "0", 2),
        (40, "0.9", 1),
        (40, "0.8", 5),
        (100, "0.9", 6),
    ],
)
def test_the_greatest_number_within_the_risk(capacity: int, show_rate: str, more: int) -> None:
    share = Fraction(show_rate)
    found = advice.advised_at(capacity, float(share))
    assert found.more == more == _exactly(capacity, share)
    assert found.risk == pytest.approx(float(_risk(capacity, share, more)), abs=1e-9)


def _exactly(capacity: int, share: Fraction) -> int:
    fitting = (
        tried
        for tried in range(capacity // 5, 0, -1)
        if _risk(capacity, share, tried) <= Fraction(5, 100)
    )
    return next(fitting, 0)


def _risk(capacity: int, share: Fraction, more: int) -> Fraction:
    booked = capacity + more
    return sum(
        (
            comb(booked, come) * share**come * (1 - share) ** (booked - come)
            for come in range(capacity + 1, booked + 1)
        ),
        Fraction(0),
    )


def test_of_too_few_appointments_nothing_is_said() -> None:
    assert advice.advised(10, known=49, missed=49) is None
    assert advice.advised(10, known=50, missed=25) is not None


def test_nobody_missed_means_nothing_more() -> None:
    assert advice.advised(40, known=1000, missed=0) == advice.Advice(0, 1.0, 0.0)


def test_few_numbers_are_trusted_less_than_many() -> None:
    few, many = advice.advised(40, 50, 10), advice.advised(40, 5000, 1000)
    assert few is not None
    assert many is not None
    assert few.show_rate > many.show_rate > 0.8
    assert few.more < many.more


def test_the_lower_end_of_the_interval() -> None:
    # Lower ends of the 90 % interval: solved for p in |hits/n - p| = z * sqrt(p (1 - p) / n).
    for hits, tries in ((1, 50), (10, 50), (200, 1000), (50, 50)):
        lower = advice.wilson_lower(hits, tries, advice.Z_ONE_SIDED_95)
        gap = (hits / tries - lower) ** 2
        assert gap == pytest.approx(1.645**2 * lower * (1 - lower) / tries, rel=1e-9)
        assert 0 < lower < hits / tries or hits == tries


def test_a_session_of_thousands_can_be_computed() -> None:
    found = advice.advised_at(10_000, 0.9)
    assert 0 < found.more <= 2000
    assert found.risk <= 0.05
