"""The comparison finds what is planted: lost, doubled, swapped, altered, and no more than that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.replay.book import Expected, Seen, content_of
from simulator.replay.compare import Faults, compare


def said(number: int) -> Expected:
    return Expected(bytes([number]), content_of("agency", f"step {number}", "complete", "time"))


def fact(version: int, number: int | None = None) -> Seen:
    event = b"event-%d" % version
    if number is None:
        return Seen(version, event)
    return Seen(version, event, said(number).report, said(number).content)


LOG = [said(number) for number in range(1, 5)]
GOOD = [fact(1), *(fact(number + 1, number) for number in range(1, 5))]


def counts(faults: Faults) -> tuple[int, int, int]:
    return len(faults.lost), faults.doubled, faults.misordered


def judged(seen: list[Seen], *, repeats_allowed: bool = False) -> tuple[int, int, int]:
    return counts(compare(LOG, seen, repeats_allowed=repeats_allowed))


def test_a_trail_that_tells_the_log_has_no_faults() -> None:
    assert judged(GOOD) == (0, 0, 0)
    assert compare(LOG, GOOD, repeats_allowed=False).is_good


def test_nothing_seen_is_all_lost() -> None:
    faults = compare(LOG, [], repeats_allowed=False)
    assert counts(faults) == (4, 0, 0)
    assert faults.lost == {one.report for one in LOG}


def test_a_fact_that_is_missing_is_lost_once() -> None:
    assert judged([*GOOD[:2], *GOOD[3:]]) == (1, 0, 0)


def test_a_report_recorded_under_two_versions_is_doubled() -> None:
    assert judged([*GOOD, fact(6, 2)]) == (0, 1, 0)


def test_two_facts_under_one_version_are_doubled() -> None:
    other = Seen(3, b"another event", said(2).report, said(2).content)
    assert judged([*GOOD, other], repeats_allowed=True) == (0, 1, 0)


def test_a_fact_that_the_log_does_not_account_for_is_doubled() -> None:
    assert judged([*GOOD, fact(6, 9)]) == (0, 1, 0)


def test_meeting_a_fact_again_is_allowed_on_kafka_only() -> None:
    again = [*GOOD[:3], GOOD[1], GOOD[2], *GOOD[3:]]
    assert judged(again, repeats_allowed=True) == (0, 0, 0)
    assert compare(LOG, again, repeats_allowed=True).met_again == 2
    assert judged(again) == (0, 2, 0)


def test_activities_recorded_in_another_order_are_misordered() -> None:
    swapped = [fact(1), fact(2, 2), fact(3, 1), fact(4, 3), fact(5, 4)]
    assert judged(swapped) == (0, 0, 1)


def test_versions_that_come_in_another_order_are_misordered() -> None:
    assert judged([GOOD[0], GOOD[2], GOOD[1], *GOOD[3:]], repeats_allowed=True) == (0, 0, 3)


def test_versions_that_came_early_and_again_in_their_order_can_be_read() -> None:
    early = [GOOD[0], GOOD[2], GOOD[1], *GOOD[2:]]
    assert judged(early, repeats_allowed=True) == (0, 0, 0)


def test_a_fact_that_says_something_else_is_lost_and_another_in_its_place() -> None:
    altered = Seen(3, b"event-3", said(2).report, content_of("agency", "else", "complete", "time"))
    assert judged([*GOOD[:2], altered, *GOOD[3:]]) == (1, 1, 0)


def test_a_hole_in_the_versions_without_a_lost_report_is_a_fault() -> None:
    holed = [fact(1), fact(2, 1), fact(4, 2), fact(5, 3), fact(6, 4)]
    assert judged(holed) == (0, 0, 1)


def test_an_application_without_its_submission_is_a_fault() -> None:
    assert not compare(LOG, GOOD[1:], repeats_allowed=False).is_good


@pytest.mark.parametrize("repeats_allowed", [True, False])
@given(data=st.data())
def test_every_reordering_that_changes_the_story_is_found(
    data: st.DataObject, repeats_allowed: bool
) -> None:
    order = data.draw(st.permutations(range(len(GOOD))))
    faults = compare(LOG, [GOOD[place] for place in order], repeats_allowed=repeats_allowed)
    assert faults.is_good == (list(order) == sorted(order))


@given(
    st.lists(st.integers(0, 4), min_size=0, max_size=6),
)
def test_repeats_anywhere_behind_the_first_time_change_nothing(places: list[int]) -> None:
    met = [*GOOD, *(GOOD[place] for place in places)]
    assert compare(LOG, met, repeats_allowed=True).is_good
