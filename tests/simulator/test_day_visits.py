"""Who comes on a day: the same people for a seed, in the shares that are written down."""

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from simulator.day.visits import (
    ARRIVALS,
    ARRIVALS_OF,
    BOOKED_SHARE,
    GOES_ON_TO,
    PRIORITY_SHARE,
    REASONS,
    WEIGHTS,
    Opening,
    Visit,
    draw_visits,
    session_of,
)

ZONE = ZoneInfo("Asia/Jakarta")
WEDNESDAY, MONDAY = datetime(2026, 3, 4, 8, tzinfo=ZONE), datetime(2026, 3, 2, 8, tzinfo=ZONE)


def opening(at: datetime) -> Opening:
    """Eight hours, all services."""
    return Opening(at, at + timedelta(hours=8), tuple(sorted(WEIGHTS)))


def share(visits: list[Visit], hours: float, at: datetime) -> float:
    """How many of all come in the first hours."""
    early = sum(visit.comes_at < at + timedelta(hours=hours) for visit in visits)
    return early / len(visits)


def test_equal_seeds_make_equal_days_and_others_do_not() -> None:
    first = draw_visits(7, 350, opening(WEDNESDAY))
    assert draw_visits(7, 350, opening(WEDNESDAY)) == first
    assert draw_visits(8, 350, opening(WEDNESDAY)) != first


def test_visits_come_in_order_within_the_opening() -> None:
    visits = draw_visits(3, 350, opening(WEDNESDAY))
    assert [visit.number for visit in visits] == list(range(1, 351))
    assert visits == sorted(visits, key=lambda visit: visit.comes_at)
    assert visits[0].comes_at >= WEDNESDAY
    assert visits[-1].comes_at < WEDNESDAY + timedelta(hours=8)


def test_shares_are_those_that_are_written_down() -> None:
    visits = draw_visits(1, 40_000, opening(WEDNESDAY))
    services = Counter(visit.service for visit in visits)
    for service, weight in WEIGHTS.items():
        assert abs(services[service] / len(visits) - weight / sum(WEIGHTS.values())) < 0.01
    booked = sum(visit.session is not None for visit in visits)
    assert abs(booked / len(visits) - BOOKED_SHARE) < 0.01
    first = [visit for visit in visits if visit.priority is not None]
    assert abs(len(first) / len(visits) - PRIORITY_SHARE) < 0.01
    assert {visit.priority for visit in first} == set(REASONS)


def test_the_door_is_fuller_on_a_monday() -> None:
    ordinary = draw_visits(1, 20_000, opening(WEDNESDAY))
    monday = draw_visits(1, 20_000, opening(MONDAY))
    assert abs(share(ordinary, 1, WEDNESDAY) - ARRIVALS[0] / sum(ARRIVALS)) < 0.02
    assert share(monday, 1, MONDAY) > share(ordinary, 1, WEDNESDAY) + 0.03
    assert all(len(shape) == len(ARRIVALS) for shape in ARRIVALS_OF.values())


def test_who_stays_away_had_booked_and_who_goes_on_finds_the_service() -> None:
    visits = draw_visits(5, 5_000, opening(WEDNESDAY))
    away = [visit for visit in visits if not visit.comes]
    assert away
    assert all(visit.session is not None for visit in away)
    assert {visit.goes_on_to for visit in visits} == {None, *GOES_ON_TO.values()}
    small = Opening(WEDNESDAY, WEDNESDAY + timedelta(hours=8), ("DUK-KK",))
    assert all(visit.goes_on_to is None for visit in draw_visits(5, 500, small))


def test_a_session_is_the_hour_from_the_opening_on() -> None:
    hours = opening(WEDNESDAY)
    assert session_of(hours, WEDNESDAY + timedelta(minutes=59)) == WEDNESDAY
    assert session_of(hours, WEDNESDAY + timedelta(minutes=60)) == WEDNESDAY + timedelta(hours=1)
