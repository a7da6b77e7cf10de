"""The crowd of a rush is the same for the same seed, and its fairness is computed right."""

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from contracts.booking import LotteryDrawn, WaitJoined
from services.booking.domain.draw import in_order
from services.booking.domain.room import Room, holder_of
from simulator.rush.crowd import Group, crowd
from simulator.rush.fairness import Chance, above, advantage_of_rank, chances, same_chance
from simulator.rush.judge import share_of
from simulator.rush.lottery import faults_of_draw


def test_the_same_seed_makes_the_same_crowd() -> None:
    assert crowd(7, 200, 3, 8, 5) == crowd(7, 200, 3, 8, 5)
    assert crowd(7, 200, 3, 8, 5) != crowd(8, 200, 3, 8, 5)


def test_a_crowd_comes_in_order_and_has_everybody_in_it() -> None:
    people = crowd(1, 2000, 3, 8, 5)
    assert [one.comes_at for one in people] == sorted(one.comes_at for one in people)
    assert len({one.person_id for one in people}) == 2000
    assert {one.group for one in people} == set(Group)
    assert 0.05 < sum(one.is_late for one in people) / 2000 < 0.15
    for one in people:
        assert len(one.wishes) == (1 if one.group is Group.ONCE else 3)
        assert all(0 <= session < 8 for session in one.wishes)
        assert -5 <= one.comes_at <= 2


@pytest.mark.parametrize(
    "won, value",
    [
        ([True, True, False, False], 1.0),
        ([False, False, True, True], 0.0),
        ([True, False, True, False], 0.75),
        ([False, True, True, False], 0.5),
    ],
)
def test_what_rank_was_worth(won: list[bool], value: float) -> None:
    found = advantage_of_rank(won)
    assert found is not None
    assert found.value == value
    assert found.spread == pytest.approx(1.96 * math.sqrt(5 / (12 * 4)))


def test_rank_says_nothing_where_all_have_the_same() -> None:
    assert advantage_of_rank([True, True]) is None
    assert advantage_of_rank([]) is None


# The usual tables of the chi-square distribution: p = 0.05 and 0.01.
@pytest.mark.parametrize(
    "degrees, square, p",
    [
        (1, 3.841, 0.05),
        (2, 5.991, 0.05),
        (3, 7.815, 0.05),
        (4, 9.488, 0.05),
        (5, 11.070, 0.05),
        (10, 18.307, 0.05),
        (1, 6.635, 0.01),
        (3, 11.345, 0.01),
        (4, 13.277, 0.01),
    ],
)
def test_the_chi_square_distribution(degrees: int, square: float, p: float) -> None:
    assert above(square, degrees) == pytest.approx(p, rel=2e-3)


def test_groups_with_and_without_the_same_chance() -> None:
    assert same_chance([Chance(100, 10), Chance(200, 20), Chance(50, 5)]) == pytest.approx(1)
    assert same_chance([Chance(100, 60), Chance(100, 40)]) == pytest.approx(above(8, 1))
    assert same_chance([Chance(100, 0), Chance(100, 0)]) == 1


def test_chances_and_their_intervals() -> None:
    found = chances([("a", True), ("b", False), ("a", False), ("a", True)])
    assert found == {"a": Chance(3, 2), "b": Chance(1, 0)}
    low, high = Chance(5000, 400).interval
    assert (round(low, 4), round(high, 4)) == (0.0728, 0.0878)
    assert Chance(10, 0).interval[0] == 0
    assert Chance(10, 10).interval[1] == pytest.approx(1)


def test_a_turn_is_recomputed_from_the_contract_alone_as_booking_computes_it() -> None:
    opens_at = datetime(2026, 3, 2, tzinfo=UTC)
    before = opens_at - timedelta(seconds=1)
    for number in range(50):
        person, seed = UUID(int=number), number.to_bytes(32, "big")
        turn = Room(opens_at, 60).turn_at(seed, holder_of(person.bytes), before)
        assert (turn - opens_at).total_seconds() == share_of(seed, person, 60)


def _drawn(entries: list[str], seed: bytes) -> list[tuple[str, dict[str, object]]]:
    joined: list[tuple[str, dict[str, object]]] = [
        (WaitJoined.wire_type(), {"wait_id": entry}) for entry in entries
    ]
    return [*joined, (LotteryDrawn.wire_type(), {"seed": seed.hex(), "entries": len(entries)})]


def test_a_draw_is_recomputed_and_each_deviation_found() -> None:
    seed, entries = bytes(range(32)), [str(UUID(int=number)) for number in range(20)]
    winners = [str(one) for one in in_order(seed, map(UUID, entries))[:5]]
    drawn = _drawn(entries, seed)
    assert not faults_of_draw(drawn, entries, winners)
    assert faults_of_draw(drawn, entries[1:], winners)
    assert faults_of_draw(drawn, entries, [*winners[1:], next(iter({*entries} - {*winners}))])
    assert faults_of_draw(drawn[:-1], entries, winners)
    assert faults_of_draw([*drawn, drawn[-1]], entries, winners)
    assert faults_of_draw(_drawn(entries, bytes(32)), entries, winners)
