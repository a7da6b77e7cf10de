"""When one may book, come, move; what is due next; who is blocked: written out case by case."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from contracts.base import Refused
from contracts.booking_entries import BookingPolicy
from contracts.ids import (
    AppointmentId,
    ClosureId,
    MallId,
    PersonId,
    ServiceCode,
    ServiceDayId,
    SessionId,
)
from services.booking.domain import keeping
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.claims import Kind, Seats, SeatsOf
from services.booking.domain.misses import blocked_until
from services.booking.domain.offer import Mall
from services.booking.domain.policy import BUILT_IN
from services.booking.domain.session import Session

ZONES = {"Asia/Jakarta": 7, "Asia/Makassar": 8, "Asia/Jayapura": 9}


def rules(**changes: Any) -> BookingPolicy:
    return BookingPolicy.model_validate({**BUILT_IN.model_dump(), **changes})


def mall(zone: str = "Asia/Jakarta") -> Mall:
    return Mall(MallId("mpp-uji"), zone, ())


def wall(text: str, zone: str = "Asia/Jakarta") -> datetime:
    """An instant of 10 March 2026 on the wall, or of another day if the text names one."""
    text = text if "-" in text else f"2026-03-10 {text}"
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=ZONES[zone])


def session(starts: str = "08:00", ends: str = "10:00", zone: str = "Asia/Jakarta") -> Session:
    return Session(
        SessionId.of("s"),
        1,
        ServiceDayId.of("d"),
        MallId("mpp-uji"),
        ServiceCode("DUK-KTP"),
        date(2026, 3, 10),
        wall(starts, zone),
        wall(ends, zone),
        40,
    )


def appointment(**changes: Any) -> Appointment:
    return replace(
        Appointment(
            AppointmentId.of("a"),
            1,
            SessionId.of("s"),
            PersonId.of("p"),
            ServiceCode("DUK-KTP"),
            date(2026, 3, 10),
        ),
        **changes,
    )


def said(refusable: Any) -> str:
    try:
        refusable()
    except Refused as refusal:
        return refusal.code
    return "ok"


SEVEN_DAYS = {"window": {"opens_days": 7, "closes_minutes": 0}}
HOUR_BEFORE = {"window": {"closes_minutes": 60}}
WINDOWS = [
    (SEVEN_DAYS, "2026-03-02 23:59:59", "outside_window"),
    (SEVEN_DAYS, "2026-03-03 00:00:00", "ok"),
    (SEVEN_DAYS, "07:59:59", "ok"),
    (SEVEN_DAYS, "08:00:00", "outside_window"),
    (HOUR_BEFORE, "2026-01-01 00:00:00", "ok"),
    (HOUR_BEFORE, "06:59:59", "ok"),
    (HOUR_BEFORE, "07:00:00", "outside_window"),
    ({"window": {"opens_days": 0}}, "2026-03-09 23:59:59", "outside_window"),
    ({"window": {"opens_days": 0}}, "00:00:00", "ok"),
    ({}, "2020-01-01 00:00:00", "ok"),
    ({}, "09:59:59", "ok"),
]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("changes,at,answer", WINDOWS)
def test_a_day_is_open_for_booking_on_the_wall_of_its_mall(
    changes: dict[str, Any], at: str, answer: str, zone: str
) -> None:
    found = said(
        lambda: keeping.must_be_in_window(
            session(zone=zone), mall(zone), rules(**changes), wall(at, zone)
        )
    )
    assert found == answer


CHECK_IN = {"check_in": {"before_minutes": 15, "grace_minutes": 15}}
COMING = [
    ("08:00", "10:00", "07:44:59", "too_early"),
    ("08:00", "10:00", "07:45:00", "ok"),
    ("08:00", "10:00", "08:15:01", "ok"),  # a session is a span
    ("08:00", "10:00", "10:00:00", "ok"),
    ("08:00", "10:00", "10:00:01", "too_late"),
    ("08:00", "08:10", "08:15:00", "ok"),
    ("08:00", "08:10", "08:15:01", "too_late"),
]


@pytest.mark.parametrize("starts,ends,at,answer", COMING)
def test_one_comes_a_quarter_of_an_hour_early_or_late(
    starts: str, ends: str, at: str, answer: str
) -> None:
    one, policy = session(starts, ends), rules(**CHECK_IN)
    assert said(lambda: keeping.must_be_time_to_check_in(one, policy, wall(at))) == answer
    missed = keeping.missed_at(one, policy)
    assert missed is not None
    assert (wall(at) >= missed) == (answer == "too_late")


def test_without_a_rule_one_comes_at_any_time_and_misses_nothing() -> None:
    for at in (wall("00:00:00"), wall("23:59:59")):
        keeping.must_be_time_to_check_in(session(), BUILT_IN, at)
    assert keeping.missed_at(session(), BUILT_IN) is None


MOVES = [
    ({"most": 2, "until_minutes": 60}, {"moves": 1}, "06:59:59", "ok"),
    ({"most": 2, "until_minutes": 60}, {"moves": 2}, "06:59:59", "moved_too_often"),
    ({"most": 2, "until_minutes": 60}, {"moves": 0}, "07:00:00", "too_late_to_move"),
    ({"most": 0, "until_minutes": 0}, {"moves": 0}, "07:00:00", "moved_too_often"),
    ({"until_minutes": 0}, {"moves": 99}, "09:59:59", "ok"),
    ({"most": 0, "until_minutes": 60}, {"disturbed_by": ClosureId.of("c")}, "09:00:00", "ok"),
]


@pytest.mark.parametrize("rule,state,at,answer", MOVES)
def test_one_moves_a_few_times_and_not_at_the_last_moment(
    rule: dict[str, int], state: dict[str, Any], at: str, answer: str
) -> None:
    found = said(
        lambda: keeping.must_be_movable(
            appointment(**state), session(), rules(moves=rule), wall(at)
        )
    )
    assert found == answer


REMINDED = {"reminders_hours": [2, 24], **CHECK_IN}
DUE = [
    (REMINDED, "2026-03-08 00:00:00", 0, "2026-03-09 08:00:00"),
    (REMINDED, "2026-03-09 08:00:00", 1, "06:00:00"),
    (REMINDED, "06:00:00", 2, "10:00:01"),
    (CHECK_IN, "2026-03-08 00:00:00", 0, "10:00:01"),
    ({"reminders_hours": [2]}, "2026-03-08 00:00:00", 0, "06:00:00"),
    ({"reminders_hours": [2]}, "06:00:00", 1, None),
    ({}, "2026-03-08 00:00:00", 0, None),
]


@pytest.mark.parametrize("changes,at,step,due", DUE)
def test_what_is_due_next_leaves_out_what_has_passed(
    changes: dict[str, Any], at: str, step: int, due: str | None
) -> None:
    found = keeping.scheduled(None, appointment(), session(), rules(**changes), wall(at))
    assert (found.step, found.due_at) == (step, wall(due) if due is not None else None)


def test_who_was_told_of_a_closure_is_not_reminded_and_misses_nothing() -> None:
    closed = replace(session(), closed_by=ClosureId.of("c"))
    told = appointment(disturbed_by=ClosureId.of("c"))
    found = keeping.scheduled(appointment(), told, closed, rules(**REMINDED), wall("05:00:00"))
    assert found.due_at is None


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.CHECKED_IN, Status.MISSED])
def test_nothing_is_due_after_the_end(status: Status) -> None:
    ended = appointment(status=status, due_at=wall("05:00:00"))
    found = keeping.scheduled(appointment(), ended, session(), rules(**REMINDED), wall("05:00:00"))
    assert found.due_at is None


TODAY = date(2026, 3, 10)
MISSES = [
    ([-29, -10, -1], -29),
    ([-30, -10, -1], None),  # the first one is too long ago
    ([-29, -10], None),  # two, or three of which one was pardoned
    ([-29, -20, -10, -1], -20),  # blocked until the third last one is past
    ([-1, -1, -1], -1),
    ([], None),
]


@pytest.mark.parametrize("days,counts_from", MISSES)
def test_three_misses_in_thirty_days_block_until_there_are_two(
    days: list[int], counts_from: int | None
) -> None:
    policy = rules(misses={"block_after": 3, "within_days": 30})
    found = blocked_until([TODAY + timedelta(days=day) for day in days], policy, TODAY)
    expected = None if counts_from is None else TODAY + timedelta(days=counts_from + 30)
    assert found == expected
    if expected is not None:
        missed = [TODAY + timedelta(days=day) for day in days]
        assert blocked_until(missed, policy, expected) is None
        assert blocked_until(missed, policy, expected - timedelta(days=1)) is not None


@pytest.mark.parametrize(
    "taken,free", [((), 1), ((1, 3), 2), ((1, 2, 3), 4), ((2, 3), 1), ((3,), 1)]
)
def test_whoever_comes_takes_the_lowest_seat_that_is_free(
    taken: tuple[int, ...], free: int
) -> None:
    seats = Seats(SeatsOf(Kind.PERSON_LIVE, b"p"), frozenset(taken))
    assert seats.lowest_free == free


CHANNELS = [(40, 28, 8, 4), (7, 6, 1, 0), (1, 1, 0, 0)]


@pytest.mark.parametrize("capacity,online,counter,partner", CHANNELS)
def test_places_are_shared_among_channels_until_these_are_opened(
    capacity: int, online: int, counter: int, partner: int
) -> None:
    policy = rules(channels={"online": 70, "counter": 20, "partner": 10, "open_before_hours": 2})
    shared = keeping.with_channels(replace(session(), capacity=capacity), policy)
    free = [shared.free(channel) for channel in ("online", "counter", "partner")]
    assert free == [online, counter, partner]
    assert shared.due_at == wall("06:00:00")
    opened = shared.channels_opened()
    assert {opened.free(channel) for channel in ("online", "counter", "partner")} == {capacity}
    fewer = keeping.with_channels(replace(shared, capacity=1, taken_counter=counter), policy)
    assert fewer.most_counter == max(counter, 0)


def test_who_books_at_the_counter_asks_for_no_approval() -> None:
    wanting = rules(approve={"within_hours": 5})
    for channel, expected in (("online", True), ("partner", True), ("counter", False)):
        assert keeping.needs_approval(session(), wanting, channel) is expected
        assert keeping.needs_approval(session(), BUILT_IN, channel) is False
        by_session = replace(session(), approve=True)
        assert keeping.needs_approval(by_session, BUILT_IN, channel) is expected
    assert keeping.request_ends(session(), wanting, wall("04:00:00")) == wall("09:00:00")
    assert keeping.request_ends(session(), wanting, wall("07:00:00")) == wall("10:00:00")
    assert keeping.request_ends(session(), BUILT_IN, wall("2026-03-01 07:00:00")) == wall(
        "2026-03-02 07:00:00"
    )
