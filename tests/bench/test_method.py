"""Percentiles, disturbed runs, and ratios of legs taken in turns."""

import pytest

from bench.method import Leg, Pairs, Stopwatch, alternate, has_moved, percentile


def leg(rate: float, *faults: str) -> Leg:
    return Leg(1000, 1000 / rate, 0.01, 0.02, faults)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)) == (
        50,
        99,
        100,
    )
    assert percentile([7.0], 0.99) == 7.0
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_a_run_is_disturbed_when_its_calibration_moved_by_more_than_fifteen_percent() -> None:
    assert not has_moved([100.0, 86.0])
    assert has_moved([100.0, 84.0])


def test_the_ratio_is_the_middle_of_the_pairs() -> None:
    ours = (leg(50), leg(90), leg(60))
    pairs = Pairs(ours, (leg(100), leg(100), leg(100)), (1.0, 1.0))
    assert pairs.ratio == pytest.approx(0.6)
    assert "ratio 0.60 (0.50-0.90)" in pairs.told()
    assert pairs.suffix == ""


def test_the_faults_of_every_leg_are_told() -> None:
    pairs = Pairs((leg(1, "a lost"),), (leg(1, "b lost"),), (1.0, 2.0))
    assert pairs.faults == ["a lost", "b lost"]
    assert "not quiet" in pairs.suffix


async def test_ours_and_the_reference_take_turns() -> None:
    order: list[str] = []

    async def ours() -> Leg:
        order.append("ours")
        return leg(1)

    async def reference() -> Leg:
        order.append("reference")
        return leg(2)

    told: list[str] = []
    pairs = await alternate(ours, reference, 2, told.append)
    assert order == ["ours", "reference"] * 2
    assert (len(pairs.ratios), len(pairs.calibrations), len(told)) == (2, 3, 2)


def test_processor_time_is_counted_per_operation() -> None:
    watch = Stopwatch()
    sum(range(200_000))
    found = watch.leg(10)
    assert found.client_cpu > 0
    assert found.cpu_us[0] == pytest.approx(found.client_cpu * 1e5)
    assert found.server_cpu == 0
