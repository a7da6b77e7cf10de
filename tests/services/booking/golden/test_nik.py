"""Which sixteen digits can be the number of a citizen. All of these are made up."""

import pytest

from services.booking.domain import nik

POSSIBLE = {
    "a man": "9901010101900001",
    "a woman: 40 is added to the day": "9901014101900001",
    "the last day of a woman": "9901017101900001",
    "the last day of a man": "9901013101900001",
    "29 February of a leap year": "9901012902960001",
    "29 February of 2000, which 1900 had not": "9901012902000001",
    "a woman of 29 February": "9901016902000001",
    "the last serial": "9901010101909999",
    "a province that was divided off lately": "9601010101900001",
}
IMPOSSIBLE = {
    "day 0": "9901010001900001",
    "day 32": "9901013201900001",
    "day 40": "9901014001900001",
    "day 72": "9901017201900001",
    "30 February": "9901013002900001",
    "29 February of no leap year": "9901012902970001",
    "a woman of 30 February": "9901017002960001",
    "31 April": "9901013104900001",
    "month 0": "9901010100900001",
    "month 13": "9901010113900001",
    "serial 0": "9901010101900000",
    "a province that there is not": "0101010101900001",
    "another province that there is not": "4101010101900001",
    "a digit missing": "990101010190001",
    "a digit too many": "99010101019000011",
    "a letter": "990101010190000A",
    "spaces": "9901 0101 0190 0001",
    "a line behind it": "9901010101900001\n",
    "digits of another script": "９９01010101900001",  # noqa: RUF001 - exactly these must not pass
    "nothing": "",
}


@pytest.mark.parametrize("number", POSSIBLE.values(), ids=POSSIBLE)
def test_can_be_one(number: str) -> None:
    assert nik.is_possible(number)


@pytest.mark.parametrize("number", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_cannot_be_one(number: str) -> None:
    assert not nik.is_possible(number)
