"""I6 for booking: what may follow what in the life of an appointment, a session, a day, a wait."""

import pytest

from checker.evidence import Check
from checker.legal import histories_are_legal
from tests.checker.world import World

LEGAL = [
    "place_held appointment_booked appointment_moved appointment_reminded appointment_checked_in",
    "place_held appointment_requested appointment_booked appointment_missed miss_pardoned",
    "place_held appointment_lapsed",
    "appointment_requested appointment_moved appointment_declined",
    "appointment_requested appointment_cancelled",
    "appointment_booked rebooking_flagged appointment_disturbed appointment_cancelled",
    "session_opened session_resized session_closed places_released session_reopened",
    # Two closures meet: when the first one is lifted, the second one goes on to close the session.
    "session_opened session_closed session_closed session_reopened",
    "closure_declared closure_swept closure_swept",
    "day_announced quota_changed lottery_drawn quota_changed",
    "day_announced seed_revealed",
    "wait_joined wait_offered wait_passed wait_offered wait_served",
    "wait_joined wait_offered wait_left",
    "closure_declared closure_swept closure_lifted",
    "visit_booked visit_cancelled",
]
ILLEGAL = [
    ("place_held appointment_lapsed", "appointment_booked"),
    ("place_held", "appointment_checked_in"),
    ("place_held appointment_booked", "appointment_lapsed"),
    ("appointment_requested", "appointment_checked_in"),
    ("appointment_booked appointment_cancelled", "appointment_moved"),
    ("appointment_booked appointment_checked_in", "appointment_missed"),
    ("appointment_booked appointment_missed miss_pardoned", "miss_pardoned"),
    ("session_opened", "session_reopened"),
    ("day_announced lottery_drawn", "lottery_drawn"),
    ("wait_joined", "wait_served"),
    ("wait_joined wait_offered", "wait_offered"),
    ("wait_joined wait_left", "wait_offered"),
    ("closure_declared closure_lifted", "closure_swept"),
    ("visit_booked visit_cancelled", "visit_cancelled"),
]


def judged(names: str) -> Check:
    world = World()
    for name in names.split():
        world.fact(f"booking.{name}", "one")
    return histories_are_legal(world.evidence())


@pytest.mark.parametrize("names", LEGAL)
def test_what_booking_does_is_allowed(names: str) -> None:
    assert judged(names).violations == []


@pytest.mark.parametrize("names,then", ILLEGAL)
def test_what_cannot_follow_is_found(names: str, then: str) -> None:
    assert judged(names).violations == []
    found = judged(f"{names} {then}")
    assert found.counts["illegal"] == 1, found.violations
