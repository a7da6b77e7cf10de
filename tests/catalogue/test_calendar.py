"""The working-day engine: golden dates of 2026, and what holds for every date."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.load import DATA, read
from contracts.calendar import Office, WorkingDays, YearWithoutCalendar
from contracts.entries import Calendar, PromisedTime
from contracts.entry_base import Weekday

CALENDARS = [item.entry for item in read(DATA).loaded if isinstance(item.entry, Calendar)]
SIX_DAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat")
FIVE = WorkingDays(CALENDARS)
SIX = WorkingDays(CALENDARS, SIX_DAYS)
WIB = ZoneInfo("Asia/Jakarta")
OFFICE = Office(FIVE, WIB, time(8), time(15))
YEAR = [date(2026, 1, 1) + timedelta(days=offset) for offset in range(365)]

# Far enough from the end of the year for every promise that is tried.
days = st.dates(date(2026, 1, 1), date(2026, 9, 30))
offices = st.sampled_from([FIVE, SIX])
counts = st.integers(0, 30)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 9, 30)).map(  # noqa: DTZ001 - a zone follows
    lambda moment: moment.replace(tzinfo=WIB)
)


def at(day: str, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(date.fromisoformat(f"2026-{day}"), time(hour, minute), WIB)


def promised(value: int, unit: str) -> PromisedTime:
    return PromisedTime.model_validate({"value": value, "unit": unit})


GOLDEN = [
    ("03-16", 10, "04-07"),
    ("03-17", 1, "03-25"),
    ("02-13", 3, "02-20"),
    ("05-12", 3, "05-19"),
    ("05-26", 1, "05-29"),
    ("03-02", 28, "04-17"),
    ("12-23", 1, "12-28"),
]


@pytest.mark.parametrize("accepted, count, due", GOLDEN)
def test_golden_due_dates_of_2026(accepted: str, count: int, due: str) -> None:
    found = OFFICE.due_date(at(accepted, 10), promised(count, "working_days"))
    assert found == date.fromisoformat(f"2026-{due}")


def test_2026_has_240_working_days_in_a_five_day_week_and_291_in_a_six_day_week() -> None:
    assert sum(day in FIVE for day in YEAR) == 240
    assert sum(day in SIX for day in YEAR) == 291


@pytest.mark.parametrize(
    "accepted, day_zero",
    [
        (at("03-02", 15), "03-02"),  # at the stroke of closing
        (at("03-02", 15, 1), "03-03"),
        (at("03-02", 6), "03-02"),  # before opening
        (at("02-13", 16), "02-18"),  # a Friday; Monday and Tuesday are holidays
        (at("03-07", 10), "03-09"),  # a Saturday
    ],
)
def test_what_comes_after_closing_counts_as_the_next_working_day(
    accepted: datetime, day_zero: str
) -> None:
    assert OFFICE.day_zero(accepted) == date.fromisoformat(f"2026-{day_zero}")


def test_the_day_is_that_of_the_office_not_that_of_greenwich() -> None:
    late_in_greenwich = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # Monday 06.30 in Jakarta
    assert OFFICE.day_zero(late_in_greenwich) == date(2026, 3, 2)


def test_an_office_with_a_six_day_week_works_on_saturday() -> None:
    six = Office(SIX, WIB, time(8), time(15))
    assert six.due_date(at("03-06", 10), promised(1, "working_days")) == date(2026, 3, 7)
    assert OFFICE.due_date(at("03-06", 10), promised(1, "working_days")) == date(2026, 3, 9)


@pytest.mark.parametrize(
    "accepted, value, unit, due",
    [
        (at("03-02", 9), 15, "minutes", at("03-02", 9, 15)),
        (at("03-02", 14, 50), 15, "minutes", at("03-03", 8, 5)),
        (at("03-02", 9), 5, "hours", at("03-02", 14)),
        (at("03-02", 13), 5, "hours", at("03-03", 11)),
        (at("03-02", 6), 5, "hours", at("03-02", 13)),
        (at("03-02", 17), 5, "hours", at("03-03", 13)),
        (at("03-02", 9), 20, "hours", at("03-04", 15)),
        (at("03-17", 14), 2, "hours", at("03-25", 9)),
        (at("03-02", 9), 28, "calendar_days", at("03-30", 15)),
        (at("03-07", 9), 60, "calendar_days", at("05-06", 15)),
    ],
)
def test_hours_run_while_the_office_is_open_and_calendar_days_always(
    accepted: datetime, value: int, unit: str, due: datetime
) -> None:
    assert OFFICE.due_at(accepted, promised(value, unit)) == due


def test_a_count_into_a_year_without_calendar_says_which_calendar_is_missing() -> None:
    with pytest.raises(YearWithoutCalendar) as caught:
        FIVE.after(date(2026, 12, 30), 2)
    assert caught.value.year == 2027


@given(offices, days, counts)
def test_a_due_date_is_a_working_day_and_counting_back_gives_the_promise(
    office: WorkingDays, day: date, count: int
) -> None:
    start = office.on_or_after(day)
    due = office.after(start, count)
    assert due in office
    assert office.between(start, due) == count


@given(offices, days, counts, counts)
def test_two_promises_in_a_row_are_as_long_as_one_of_both(
    office: WorkingDays, day: date, first: int, second: int
) -> None:
    assert office.after(office.after(day, first), second) == office.after(day, first + second)


@given(days, counts)
def test_a_longer_week_is_never_later(day: date, count: int) -> None:
    assert SIX.after(SIX.on_or_after(day), count) <= FIVE.after(FIVE.on_or_after(day), count)


@given(moments, moments, st.integers(1, 30))
def test_who_is_accepted_earlier_is_never_due_later(
    one: datetime, other: datetime, value: int
) -> None:
    early, late = sorted((one, other))
    for unit in ("working_days", "calendar_days", "hours", "minutes"):
        promise = promised(value, unit)
        assert OFFICE.due_at(early, promise) <= OFFICE.due_at(late, promise)
        assert OFFICE.due_at(early, promise) > early


@given(moments, st.integers(1, 30), st.sampled_from(["hours", "minutes", "working_days"]))
def test_a_promise_ends_while_the_office_is_open(moment: datetime, value: int, unit: str) -> None:
    due = OFFICE.due_at(moment, promised(value, unit))
    assert due.date() in FIVE
    assert OFFICE.opens_at <= due.time() <= OFFICE.closes_at
