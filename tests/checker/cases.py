"""A case: a check, the kind of violation it must find, what is wrong, and what spoils it so."""

import re
from collections.abc import Callable, Sequence

import pytest

from checker.evidence import Check, Evidence
from tests.checker.spoils import Spoil
from tests.checker.world import right

Case = tuple[Callable[[Evidence], Check], str, str, list[Spoil]]


def each_of(cases: Sequence[Case]) -> pytest.MarkDecorator:
    """A test for each, named after its check and what is wrong."""
    ids = [f"{check.__name__}-{re.sub('[^a-z]+', '-', what)}" for check, _, what, _ in cases]
    return pytest.mark.parametrize("case", cases, ids=ids)


def must_find(case: Case) -> None:
    """The check finds a violation of this kind in a right world that was spoilt."""
    check, kind, _, spoils = case
    world = right()
    evidence = world.evidence()
    for spoil in spoils:
        spoil(world, evidence)
    found = check(evidence)
    assert not found.holds
    assert kind in found.counts, found.violations
