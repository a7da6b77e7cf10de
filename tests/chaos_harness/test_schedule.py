"""The schedule is a pure function of its seed, and fair: everything comes up."""

import itertools
from collections import Counter

import pytest

from chassis.failpoints import POINTS
from local.plan import SERVICES
from tests.chaos.schedule import GAP_SECONDS, Round, rounds


def first(seed: int, brokers: int, count: int = 200) -> list[Round]:
    return list(itertools.islice(rounds(seed, brokers), count))


@pytest.mark.parametrize("brokers", [1, 3])
def test_a_seed_repeats_its_schedule(brokers: int) -> None:
    assert first(7, brokers) == first(7, brokers)
    assert first(7, brokers) != first(8, brokers)


def test_the_number_of_brokers_changes_the_schedule() -> None:
    assert first(7, 1) != first(7, 3)


@pytest.mark.parametrize("seed", range(8))
def test_every_service_and_every_fail_point_comes_up(seed: int) -> None:
    faults = [one for each in first(seed, 1) for one in each.faults]
    points = {one.target.partition("@")[2] for one in faults if one.kind == "fail-point"}
    assert points == set(POINTS)
    for kind in ("service killed", "service frozen", "service restarted", "sockets cut"):
        assert {one.target for one in faults if one.kind == kind} == set(SERVICES)
    assert {"postgres killed", "broker killed", "broker frozen", "kafka down"} <= {
        one.kind for one in faults
    }


@pytest.mark.parametrize("seed", range(8))
def test_with_three_brokers_leaders_fall_and_the_majority_is_lost(seed: int) -> None:
    kinds = Counter(one.kind for each in first(seed, 3) for one in each.faults)
    assert {"leader killed", "leader elected", "two brokers down"} <= set(kinds)
    assert kinds["kafka down"] == 0


@pytest.mark.parametrize("seed", range(8))
def test_no_round_strikes_one_victim_twice_and_an_outage_is_alone(seed: int) -> None:
    for one in first(seed, 1):
        victims = [fault.victim for fault in one.faults]
        assert len(victims) == len(set(victims)) <= 4
        assert len(victims) == 1 or not any(fault.is_outage for fault in one.faults)
        assert GAP_SECONDS[0] <= one.gap <= GAP_SECONDS[1]


def test_a_dense_schedule_has_no_calm_rounds() -> None:
    found = list(itertools.islice(rounds(7, 1, dense=True), 50))
    assert found[0].faults[0].is_outage
    outages = [one for one in found if any(fault.is_outage for fault in one.faults)]
    assert all(len(one.faults) >= 2 for one in found if one not in outages)


def test_some_rounds_are_calm_but_not_the_first() -> None:
    found = first(7, 1)
    assert found[0].faults
    assert any(not one.faults for one in found)


@pytest.mark.parametrize("brokers", [1, 3])
def test_some_rounds_do_not_wait_but_never_two_in_a_row_and_never_an_outage(brokers: int) -> None:
    found = first(7, brokers)
    impatient = [one for one in found if not one.waits]
    assert found[0].waits
    assert len(found) / 10 < len(impatient) < len(found) / 3
    assert all(one.waits or two.waits for one, two in itertools.pairwise(found))
    assert not any(one.is_outage or len(one.faults) > 2 for one in impatient)


@pytest.mark.parametrize("brokers", [1, 3])
@pytest.mark.parametrize("seed", range(8))
def test_rounds_bring_two_faults_on_average(seed: int, brokers: int) -> None:
    """So that a run of half an hour has 300."""
    assert sum(len(one.faults) for one in first(seed, brokers)) >= 2 * 200
