"""Level means that each consumer stands at the end of every partition of its topics."""

import pytest

from tests.chaos.backlog import covers

POSITIONS = {("ledger", "a", 0): 5, ("ledger", "b", 0): 2, ("notify", "a", 0): 5}


@pytest.mark.parametrize(
    "ends,is_level",
    [
        ({("a", 0): 5, ("b", 0): 2}, True),
        ({("a", 0): 4, ("b", 0): 0}, True),
        ({("a", 0): 6, ("b", 0): 2}, False),
        ({("a", 0): 5, ("b", 0): 2, ("b", 1): 1}, False),
        ({("a", 0): 5, ("b", 1): 0}, True),
        ({("of nobody", 0): 9}, True),
    ],
    ids=["at-the-end", "beyond", "behind", "a-partition-not-begun", "an-empty-one", "not-read"],
)
def test_everybody_is_at_the_end(ends: dict[tuple[str, int], int], is_level: bool) -> None:
    assert covers(POSITIONS, ends) == is_level
