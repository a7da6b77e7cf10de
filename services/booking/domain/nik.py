"""Whether a NIK, the number of a citizen, can be one. It has no check digit, and nobody asks here.

Sixteen digits: region of the first registration (province first), day, month and year of birth
with 40 added to a woman's day, and a serial number from 0001. Whose it is, only the civil registry
knows.
"""

import re
from datetime import date

# Provinces by the ministry's codes; 54 stands in numbers that were given out before 2000.
# 99 is assigned to no province: it marks made-up people.
_PROVINCES = frozenset(
    {*range(11, 20), 21, *range(31, 37), *range(51, 55), *range(61, 66), *range(71, 77)}
    | {81, 82, *range(91, 97), 99}
)
_FORM = re.compile(r"([0-9]{2})[0-9]{4}([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{4})")
_WOMAN = 40


def is_possible(nik: str) -> bool:
    """Whether these sixteen digits can be a NIK."""
    found = _FORM.fullmatch(nik)
    if found is None:
        return False
    province, day, month, year, serial = map(int, found.groups())
    born = day - _WOMAN if day > _WOMAN else day
    return province in _PROVINCES and serial > 0 and _is_a_day(born, month, year)


def _is_a_day(day: int, month: int, year: int) -> bool:
    # The century is not in the number. 2000 was a leap year and 1900 was none.
    try:
        date(2000 + year, month, day)
    except ValueError:
        return False
    return True
