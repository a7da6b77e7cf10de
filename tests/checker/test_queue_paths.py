"""I6 for the queue: which detours of tickets, counters, lines and devices are legal histories."""

from collections.abc import Sequence
from typing import Any

import pytest

from checker.evidence import Check
from checker.legal import histories_are_legal
from checker.paths import PATHS
from contracts.catalog import EVENTS
from tests.checker.world import World

Step = str | tuple[str, dict[str, Any]]
APPLICATION_OR_REPORT = {"application", "report", "entry"}


def judged(*steps: Step) -> Check:
    world = World()
    for step in steps:
        name, data = (step, {}) if isinstance(step, str) else step
        world.fact(f"queue.{name}", "one", **data)
    return histories_are_legal(world.evidence())


GONE = ("ticket_skipped", {"reason": "officer_gone"})
OVER = ("ticket_transferred", {"handed_over": True})
ON = ("ticket_transferred", {"handed_over": False})
CALLED = ("ticket_issued", "ticket_called")
SERVED = (*CALLED, "ticket_served")
OPEN = ("counter_opened",)
ASKED = (*OPEN, "counter_change_requested")

LEGAL: Sequence[Sequence[Step]] = (
    (*CALLED, "ticket_recalled", "ticket_recalled", "ticket_finished"),
    (*CALLED, "ticket_skipped", "ticket_near", "ticket_called", "ticket_served"),
    (*SERVED, "ticket_held", "ticket_resumed", "ticket_served", "ticket_finished"),
    (*SERVED, "ticket_held", "ticket_returned", "ticket_called"),
    (*SERVED, ON, "ticket_called"),
    (*SERVED, OVER, "ticket_finished"),
    (*CALLED, OVER, "ticket_served"),
    (*SERVED, GONE, "ticket_called"),
    ("ticket_issued", "ticket_reclassified", "ticket_lapsed", "ticket_disputed"),
    (*SERVED, "ticket_held", "ticket_lapsed"),
    (*OPEN, "counter_paused", "counter_resumed", "counter_taken_over", "counter_closed"),
    (*ASKED, "counter_change_decided", "counter_paused", "counter_closed", "counter_opened"),
    (*OPEN, "counter_paused", "counter_change_requested", "counter_resumed", "counter_closed"),
    ("numbers_closed", "numbers_reopened", "numbers_closed", "line_closed"),
    ("series_granted", "line_closed"),
    ("device_session_began", "device_session_began", "device_locked", "device_unlocked"),
    ("agency_absent", "agency_present"),
    ("survey_answered",),
)
ILLEGAL: Sequence[Sequence[Step]] = (
    (*CALLED, "ticket_called"),
    (*SERVED, "ticket_recalled"),
    (*SERVED, "ticket_skipped"),
    (*CALLED, ("ticket_finished", {"outcome": "served"})),
    (*SERVED, "ticket_held", "ticket_finished"),
    (*SERVED, ON, "ticket_finished"),
    (*CALLED, OVER, "ticket_called"),
    (*CALLED, "ticket_reclassified"),
    (*SERVED, "ticket_lapsed"),
    ("ticket_issued", "ticket_lapsed", "ticket_called"),
    ("ticket_disputed",),
    (*OPEN, "counter_paused", "counter_paused"),
    (*OPEN, "counter_resumed"),
    (*OPEN, "counter_change_decided"),
    (*ASKED, "counter_change_requested"),
    (*ASKED, "counter_change_decided", "counter_change_decided"),
    (*OPEN, "counter_closed", "counter_taken_over"),
    ("numbers_reopened",),
    ("numbers_closed", "line_closed", "numbers_reopened"),
    ("series_granted", "series_granted"),
    ("device_locked", "device_session_began"),
    ("agency_present", "agency_absent"),
    ("survey_answered", "survey_answered"),
)


@pytest.mark.parametrize("steps", LEGAL, ids=str)
def test_a_legal_detour_is_not_blamed(steps: Sequence[Step]) -> None:
    assert judged(*steps).violations == []


@pytest.mark.parametrize("steps", ILLEGAL, ids=str)
def test_an_illegal_detour_is_found_where_it_leaves_the_path(steps: Sequence[Step]) -> None:
    *right, last = steps
    assert judged(*right).violations == []
    found = judged(*right, last)
    assert found.counts["illegal"] == 1, found.violations


def test_every_event_but_those_of_applications_has_its_path() -> None:
    wanted = {event.wire_type() for event in EVENTS if event.aggregate not in APPLICATION_OR_REPORT}
    assert set(PATHS) == wanted
