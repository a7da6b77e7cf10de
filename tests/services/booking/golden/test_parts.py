"""Places cut into parts and among channels, as written down beforehand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.booking.domain import parts
from services.booking.domain.parts import Channels, Part

PARTS = (Part(7, time(7), 40), Part(7, time(12), 30), Part(6, time(19), 30))
MONDAY = date(2026, 3, 9)


@pytest.mark.parametrize(
    "capacity, percents, wanted",
    [
        (400, (40, 30, 30), (0, 160, 280, 400)),
        (7, (40, 30, 30), (0, 2, 4, 7)),
        (1, (40, 30, 30), (0, 0, 0, 1)),
        (3, (50, 50), (0, 1, 3)),
        (10, (100,), (0, 10)),
        (10_000, (1, 1, 98), (0, 100, 200, 10_000)),
    ],
)
def test_how_much_is_released_after_each_part(
    capacity: int, percents: Sequence[int], wanted: Sequence[int]
) -> None:
    found = [parts.released(capacity, percents, step) for step in range(len(percents) + 1)]
    assert found == list(wanted)
    assert parts.released(capacity, percents, len(percents) + 5) == capacity


@pytest.mark.parametrize(
    "zone, utc_hour",
    [("Asia/Jakarta", 0), ("Asia/Makassar", -1), ("Asia/Jayapura", -2)],
)
def test_a_part_is_due_at_the_time_on_the_wall_of_the_mall(zone: str, utc_hour: int) -> None:
    wanted = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=utc_hour)
    assert PARTS[0].moment(MONDAY, zone) == wanted


def test_parts_that_were_missed_are_made_good_in_one_step() -> None:
    moments = [part.moment(MONDAY, "Asia/Jakarta") for part in PARTS]
    first, second, third = moments
    micro = timedelta(microseconds=1)
    assert parts.step_at(moments, first - micro) == 0
    assert parts.step_at(moments, first) == 1
    assert parts.step_at(moments, second + timedelta(hours=1)) == 2
    assert parts.step_at(moments, third) == 3
    assert parts.next_moment(moments, 0) == first
    assert parts.next_moment(moments, 2) == third
    assert parts.next_moment(moments, 3) is None


@pytest.mark.parametrize(
    "capacity, wanted",
    [(40, Channels(28, 8, 4)), (7, Channels(6, 1, 0)), (1, Channels(1, 0, 0))],
)
def test_what_is_left_over_can_be_booked_online(capacity: int, wanted: Channels) -> None:
    found = parts.channels_of(capacity, counter_percent=20, partner_percent=10)
    assert found == wanted
    assert found.online + found.counter + found.partner == capacity
