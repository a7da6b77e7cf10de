"""When an office is open: the table of 2026, written by hand from the calendar of the catalogue."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contracts.entries import Calendar
from services.booking.domain.hours import CalendarMissing, Office, OpeningHours, Ruling

CALENDAR = Calendar.model_validate(
    yaml.safe_load(Path("catalogue/data/calendars/nasional-2026.yaml").read_text(encoding="utf-8"))
)
ZONES = ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]
KNOWN = datetime(2026, 1, 5, tzinfo=UTC)
LATER = datetime(2026, 2, 10, 3, tzinfo=UTC)
MUCH_LATER = datetime(2026, 2, 11, 3, tzinfo=UTC)
NOW = datetime(2026, 2, 12, tzinfo=UTC)
IMLEK = date(2026, 2, 17)
FIRST = OpeningHours(1, time(8), time(15), KNOWN)


def office(zone: str = "Asia/Jakarta", *rulings: Ruling) -> Office:
    return Office(ZoneInfo(zone), [FIRST], {2026: CALENDAR}, rulings=rulings)


def wall(zone: str, on: date, hour: int) -> datetime:
    return datetime.combine(on, time(), ZoneInfo(zone)) + timedelta(hours=hour)


def ruling(
    number: int, kind: str, span: tuple[int, int], known_at: datetime = LATER, zone: str = ZONES[0]
) -> Ruling:
    start, end = wall(zone, IMLEK, span[0]), wall(zone, IMLEK, span[1])
    chosen: Literal["closure", "special_opening"] = (
        "closure" if kind == "closure" else "special_opening"
    )
    return Ruling(UUID(int=number), chosen, start, end, known_at)


def shown(one: Office, on: date, as_of: datetime = NOW) -> list[tuple[str, bool, str]]:
    return [
        (
            f"{stretch.starts_at.astimezone(one.zone):%H}-{stretch.ends_at.astimezone(one.zone):%H}",
            stretch.is_open,
            stretch.why,
        )
        for stretch in one.day(on, as_of)
    ]


OPENING = ruling(1, "special_opening", (9, 12))
CLOSURE = ruling(2, "closure", (10, 11), MUCH_LATER)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "on, is_open, why",
    [
        (date(2026, 3, 10), True, "week"),  # Tuesday
        (date(2026, 3, 14), False, "week"),  # Saturday
        (date(2026, 2, 17), False, "holiday"),  # Imlek
        (date(2026, 2, 16), False, "holiday"),  # joint leave before it
        (date(2026, 3, 18), False, "holiday"),
        (date(2026, 3, 21), False, "holiday"),  # Idulfitri on a Saturday: the holiday says why
        (date(2026, 12, 24), False, "holiday"),
        (date(2026, 12, 28), True, "week"),
    ],
)
def test_week_and_holidays_of_2026(zone: str, on: date, is_open: bool, why: str) -> None:
    assert shown(office(zone), on) == [("08-15", is_open, why)]


def test_2026_has_240_working_days_in_a_week_of_five_and_291_in_one_of_six() -> None:
    five = office()
    six = replace(five, open_days=frozenset({"mon", "tue", "wed", "thu", "fri", "sat"}))
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    assert [sum(one.day(on, NOW)[0].is_open for on in days) for one in (five, six)] == [240, 291]


@pytest.mark.parametrize(
    "rulings, expected",
    [
        ([], [("08-15", False, "holiday")]),
        (
            [OPENING],
            [
                ("08-09", False, "holiday"),
                ("09-12", True, "special_opening"),
                ("12-15", False, "holiday"),
            ],
        ),
        (  # the closure was declared later
            [OPENING, CLOSURE],
            [
                ("08-09", False, "holiday"),
                ("09-10", True, "special_opening"),
                ("10-11", False, "closure"),
                ("11-12", True, "special_opening"),
                ("12-15", False, "holiday"),
            ],
        ),
        (  # the same two, declared the other way round
            [replace(OPENING, known_at=MUCH_LATER), replace(CLOSURE, known_at=LATER)],
            [
                ("08-09", False, "holiday"),
                ("09-12", True, "special_opening"),
                ("12-15", False, "holiday"),
            ],
        ),
        (  # lifted: as before
            [OPENING, replace(CLOSURE, lifted_at=NOW)],
            [
                ("08-09", False, "holiday"),
                ("09-12", True, "special_opening"),
                ("12-15", False, "holiday"),
            ],
        ),
        (  # declared at one moment: the id decides, so all see the same
            [OPENING, replace(CLOSURE, known_at=LATER)],
            [
                ("08-09", False, "holiday"),
                ("09-10", True, "special_opening"),
                ("10-11", False, "closure"),
                ("11-12", True, "special_opening"),
                ("12-15", False, "holiday"),
            ],
        ),
        (  # beyond the usual hours
            [ruling(3, "special_opening", (16, 18))],
            [("08-15", False, "holiday"), ("16-18", True, "special_opening")],
        ),
        ([ruling(4, "closure", (-24, 48))], [("00-00", False, "closure")]),
    ],
)
def test_rulings_beat_the_holiday_and_the_later_one_beats_the_earlier(
    rulings: list[Ruling], expected: list[tuple[str, bool, str]]
) -> None:
    assert shown(office(ZONES[0], *rulings), IMLEK) == expected


@pytest.mark.parametrize("zone", ZONES)
def test_a_ruling_holds_on_the_wall_of_its_mall(zone: str) -> None:
    one = office(zone, ruling(1, "special_opening", (9, 12), zone=zone))
    assert shown(one, IMLEK)[1] == ("09-12", True, "special_opening")
    assert one.is_open(wall(zone, IMLEK, 9), wall(zone, IMLEK, 12), NOW)
    assert not one.is_open(wall(zone, IMLEK, 8), wall(zone, IMLEK, 12), NOW)
    assert not one.is_open(wall(zone, IMLEK, 9), wall(zone, IMLEK, 13), NOW)


def test_open_over_two_causes_is_open_and_over_a_gap_is_not() -> None:
    on = date(2026, 3, 10)
    span = wall(ZONES[0], on, 15), wall(ZONES[0], on, 17)
    longer = Ruling(UUID(int=1), "special_opening", *span, LATER)
    gap = Ruling(UUID(int=2), "closure", span[0], span[0] + timedelta(minutes=1), MUCH_LATER)
    both = wall(ZONES[0], on, 14), wall(ZONES[0], on, 17)
    assert office(ZONES[0], longer).is_open(*both, NOW)
    assert not office(ZONES[0], longer, gap).is_open(*both, NOW)


def test_history_shows_what_was_known_when() -> None:
    lifted = replace(CLOSURE, lifted_at=NOW)
    one = office(ZONES[0], OPENING, lifted)
    assert shown(one, IMLEK, LATER - timedelta(seconds=1)) == [("08-15", False, "holiday")]
    assert ("10-11", False, "closure") not in shown(one, IMLEK, LATER)
    assert ("10-11", False, "closure") in shown(one, IMLEK, MUCH_LATER)
    assert ("10-11", False, "closure") not in shown(one, IMLEK, NOW)


def test_new_hours_count_from_when_they_were_known_and_not_for_days_that_were_over() -> None:
    shorter = OpeningHours(2, time(8), time(14), datetime(2026, 2, 18, 5, tzinfo=UTC))
    one = replace(office(), hours=[shorter, FIRST])
    now = datetime(2026, 3, 1, tzinfo=UTC)
    days = {date(2026, 2, 13): 1, date(2026, 2, 18): 2, date(2026, 2, 19): 2}
    assert {on: one.day(on, now)[0].revision for on in days} == days
    assert one.day(date(2026, 2, 19), NOW)[0].revision == 1
    # Before anything was known there is nothing better than what was known first.
    assert one.day(date(2026, 1, 2), KNOWN - timedelta(days=1))[0].revision == 1


def test_a_year_without_calendar_is_said_and_not_guessed() -> None:
    with pytest.raises(CalendarMissing) as missing:
        office().day(date(2027, 1, 4), NOW)
    assert missing.value.year == 2027


@st.composite
def many(draw: st.DrawFn) -> list[Ruling]:
    found = []
    for number in range(draw(st.integers(0, 5))):
        start = draw(st.integers(-4, 24))
        end = start + draw(st.integers(1, 20))
        kind = draw(st.sampled_from(["closure", "special_opening"]))
        known = KNOWN + timedelta(hours=draw(st.integers(0, 3)))
        found.append(ruling(number, kind, (start, end), known))
    return found


@given(many())
def test_stretches_never_overlap_and_agree_with_looking_at_each_hour(rulings: list[Ruling]) -> None:
    one = office(ZONES[0], *rulings)
    day = one.day(IMLEK, NOW)
    assert all(left.ends_at <= right.starts_at for left, right in pairwise(day))
    for hour in range(24):
        moment = wall(ZONES[0], IMLEK, hour)
        over = sorted(
            (each.known_at, each.id, each.kind)
            for each in rulings
            if each.from_at <= moment < each.until_at
        )
        expected = over[-1][2] == "special_opening" if over else False
        assert expected == any(
            each.is_open for each in day if each.starts_at <= moment < each.ends_at
        )
