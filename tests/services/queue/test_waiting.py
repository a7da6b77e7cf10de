"""The waiting range: golden cases, and five kinds of day on which it has to keep its promise."""

import heapq
import random
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.queue.domain.waiting import Pace, WaitRange

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TEN_MINUTES_MS = 600_000

RANGES = [
    (TEN_MINUTES_MS, 1_500, 3, (20, 55)),  # centre 35 minutes
    (TEN_MINUTES_MS, 1_500, 0, (0, 10)),
    (TEN_MINUTES_MS, 1_100, 0, (0, 10)),
    (TEN_MINUTES_MS, 6_000, 3, (5, 210)),
    (TEN_MINUTES_MS, 2_000, 1, (5, 30)),
    (1_000, 1_100, 0, (0, 5)),
]


@pytest.mark.parametrize("gap_ms, width_pm, before, expected", RANGES)
def test_a_range_is_whole_steps_of_five_minutes_around_its_centre(
    gap_ms: int, width_pm: int, before: int, expected: tuple[int, int]
) -> None:
    assert Pace(gap_ms, width_pm).range_for(before) == WaitRange(*expected)


def test_without_any_call_the_typical_time_is_shared_by_the_open_counters() -> None:
    assert Pace.at_first(10, 4).gap_ms == 150_000
    assert Pace.at_first(10, 0).gap_ms == TEN_MINUTES_MS


GAPS = [
    ("nothing is learnt from the first call", None, 3, TEN_MINUTES_MS),
    ("an eighth of the new gap", 2, 5, (TEN_MINUTES_MS * 7 + 120_000) // 8),
    ("a long gap counts as half an hour", 90, 95, (TEN_MINUTES_MS * 7 + 1_800_000) // 8),
    ("who came after the last call says nothing", 5, 3, TEN_MINUTES_MS),
    ("a clock that was set back is no gap", -5, 5, TEN_MINUTES_MS * 7 // 8),
]


@pytest.mark.parametrize("why, since_call, in_line, expected", GAPS)
def test_the_pace_is_learnt_from_gaps_while_somebody_waited(
    why: str, since_call: int | None, in_line: int, expected: int
) -> None:
    last = None if since_call is None else AT - since_call * MINUTE
    place_at = AT - max(in_line, 0) * MINUTE
    if last is not None and last > AT:
        place_at = last - MINUTE
    found = Pace(TEN_MINUTES_MS, last_call_at=last).after_call(AT, place_at, None)
    assert (found.gap_ms, found.last_call_at, found.predicted) == (expected, AT, 0)


def test_a_miss_widens_and_a_hit_narrows_by_what_keeps_four_fifths_right() -> None:
    told = WaitRange(5, 10)
    pace = Pace(TEN_MINUTES_MS, 2_000)
    hit = pace.after_call(AT, AT - 5 * MINUTE, told)
    assert (hit.width_pm, hit.predicted, hit.inside) == (1_980, 1, 1)
    for waited in (4, 11):
        miss = pace.after_call(AT, AT - waited * MINUTE, told)
        assert (miss.width_pm, miss.predicted, miss.inside) == (2_082, 1, 0)


@pytest.mark.parametrize("held, bound", [(True, 1_100), (False, 6_000)])
def test_the_width_has_bounds(held: bool, bound: int) -> None:
    pace = Pace(TEN_MINUTES_MS)
    for _ in range(200):
        pace = pace.put_to_the_test(held=held)
    assert pace.width_pm == bound


def test_a_new_day_keeps_what_was_learnt_and_counts_anew() -> None:
    worn = Pace(123_000, 1_700, AT, 20, 16)
    assert worn.next_day() == Pace(123_000, 1_700)


# ------------------------------------------------------------------ five kinds of day

# Minutes of service at a minute of the day, and how many counters serve then.
Service = Callable[[random.Random, float], float]
Counters = Callable[[float], int]
Arrivals = Callable[[random.Random, float], float]


def lasting(median: float) -> Service:
    return lambda dice, _: dice.lognormvariate(0, 0.5) * median


def every(mean: float) -> Arrivals:
    return lambda dice, _: dice.expovariate(1 / mean)


DAYS: dict[str, tuple[Arrivals, Service, Counters]] = {
    "steady": (every(4.2), lasting(11), lambda _: 3),
    "two speeds": (
        every(4.2),
        lambda dice, _: dice.lognormvariate(0, 0.3) * dice.choice([5, 19]),
        lambda _: 3,
    ),
    "a counter closes at noon": (
        lambda dice, minute: dice.expovariate(1 / (4.3 if minute < 1500 else 6.4)),
        lasting(11),
        lambda minute: 3 if minute < 1500 else 2,
    ),
    "rush": (
        lambda dice, minute: dice.expovariate(1 / (2 if minute % 480 < 60 else 5)),
        lasting(11),
        lambda _: 3,
    ),
    "outage": (every(4.2), lasting(11), lambda minute: 0 if 600 <= minute < 645 else 3),
}


def played(kind: str, seed: int, people: int = 900) -> list[bool]:
    """Whether each range that was told held, in the order of calls."""
    arrivals, service, counters = DAYS[kind]
    dice = random.Random(seed)
    pace = Pace.at_first(10, 3)
    waiting: deque[tuple[float, WaitRange]] = deque((0.0, pace.range_for(n)) for n in range(12))
    busy: list[float] = []
    comes, now, held = arrivals(dice, 0), 0.0, list[bool]()
    while len(held) < people:
        if busy and busy[0] <= comes:
            now = heapq.heappop(busy)
        else:
            now = comes
            waiting.append((now, pace.range_for(len(waiting))))
            comes = now + arrivals(dice, now)
        while waiting and len(busy) < counters(now):
            since, told = waiting.popleft()
            pace = pace.after_call(AT + now * MINUTE, AT + since * MINUTE, told)
            held.append(told.holds((now - since) * MINUTE))
            heapq.heappush(busy, now + service(dice, now))
    assert (pace.predicted, pace.inside) == (len(held), sum(held))
    return held


@pytest.mark.parametrize("kind", DAYS)
@pytest.mark.parametrize("seed", range(5))
def test_four_fifths_of_the_ranges_are_right_whatever_the_day_is_like(kind: str, seed: int) -> None:
    held = played(kind, seed)[300:]
    assert 0.72 <= sum(held) / len(held) <= 0.88
