"""Until when an offer of the wait list holds, case by case, in each zone of the country."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from contracts.booking_entries import ListRule, Quiet
from services.booking.domain.offering import offer_until

ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
RULE = ListRule(
    most=200,
    minutes=30,
    quiet=Quiet(starts_at=time(21), ends_at=time(6)),
    least_minutes=5,
    before_start_minutes=60,
    most_offers=2,
)
NO_QUIET = RULE.model_copy(update={"quiet": None})
SIESTA = RULE.model_copy(update={"quiet": Quiet(starts_at=time(13), ends_at=time(14))})
LONG = RULE.model_copy(update={"minutes": 1440})
# Offered at, on 10 March; the session begins at; the offer ends at: day and time, or not at all.
CASES = [
    (RULE, "10 14:00", "12 08:00", "10 14:30"),
    (RULE, "10 20:30", "12 08:00", "10 21:00"),
    (RULE, "10 20:45", "12 08:00", "11 06:15"),
    (RULE, "10 21:00", "12 08:00", "11 06:30"),
    (RULE, "10 23:00", "12 08:00", "11 06:30"),
    (RULE, "10 00:10", "12 08:00", "10 06:30"),
    (RULE, "10 05:59", "12 08:00", "10 06:30"),
    (RULE, "10 06:00", "12 08:00", "10 06:30"),
    (RULE, "10 06:40", "10 08:00", "10 07:00"),
    (RULE, "10 06:55", "10 08:00", "10 07:00"),
    (RULE, "10 06:56", "10 08:00", None),
    (RULE, "10 08:30", "10 08:00", None),
    (RULE, "10 23:00", "11 07:00", "11 06:00"),
    (NO_QUIET, "10 23:00", "12 08:00", "10 23:30"),
    (SIESTA, "10 12:50", "12 08:00", "10 14:20"),
    (SIESTA, "10 13:30", "12 08:00", "10 14:30"),
    (LONG, "10 12:00", "20 08:00", "11 21:00"),
]


def moment(text: str, zone: str) -> datetime:
    return datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("rule,offered,starts,ends", CASES)
def test_the_end_of_an_offer(
    rule: ListRule, offered: str, starts: str, ends: str | None, zone: str
) -> None:
    found = offer_until(rule, zone, moment(offered, zone), moment(starts, zone))
    assert found == (None if ends is None else moment(ends, zone))


@pytest.mark.parametrize("zone", ZONES)
def test_winners_may_take_their_time_until_one_moment_for_all(zone: str) -> None:
    closed, starts = moment("10 20:00", zone), moment("18 08:00", zone)
    by = closed + timedelta(hours=24)
    for offered in ("10 20:00", "11 03:00", "11 19:00"):
        assert offer_until(RULE, zone, moment(offered, zone), starts, by) == by
    late = offer_until(RULE, zone, moment("11 19:45", zone), starts, by)
    assert late == moment("11 20:15", zone)


@pytest.mark.parametrize("minute", range(0, 1440, 7))
def test_an_offer_always_leaves_its_minutes_awake(minute: int) -> None:
    zone = ZONES[0]
    offered = moment("10 00:00", zone) + timedelta(minutes=minute)
    until = offer_until(RULE, zone, offered, moment("20 08:00", zone))
    assert until is not None
    awake = 0
    at = offered
    while at < until:
        awake += 6 <= at.hour < 21
        at += timedelta(minutes=1)
    assert awake == RULE.minutes
