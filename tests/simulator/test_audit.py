"""The order in which a place holds facts: a repeat may mend what came too early, nothing else."""

from collections.abc import Sequence

import pytest

from simulator import audit


@pytest.mark.parametrize(
    "held, misordered, repeats",
    [
        ([1, 2, 3], 0, 0),
        ([1, 2, 3, 2, 3], 0, 2),  # sent again after a crash
        ([3, 1, 2, 3], 0, 1),  # came to an emptied Kafka, then everything was sent again
        ([3, 1, 2], 1, 0),
        ([1, 3, 2], 1, 0),
        ([1, 3, 3, 2], 1, 1),
    ],
)
def test_what_came_too_early_must_come_again(
    held: Sequence[int], misordered: int, repeats: int
) -> None:
    facts = [audit.Held(str(n), "one", n, "topic", b"") for n in (1, 2, 3)]
    records = [(str(n), b"") for n in held]
    place, resent = audit.compare("Kafka", facts, records, repeats_allowed=True)
    assert (place.misordered, resent) == (misordered, repeats)
    assert (place.lost, place.doubled, place.altered) == (0, 0, 0)


def test_where_nothing_may_come_twice_a_repeat_mends_nothing() -> None:
    facts = [audit.Held(str(n), "one", n, "topic", b"") for n in (1, 2)]
    place, _ = audit.compare("ledger", facts, [("2", None), ("1", None), ("2", None)])
    assert place.doubled == 1
    assert not place.is_good
