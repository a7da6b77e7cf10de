"""I1 to I3 for what counters and kiosks tell later, and for counters that change hands."""

from collections.abc import Callable, Sequence

import pytest

from checker.commands import no_ghosts, nothing_acknowledged_lost, one_effect_per_key
from checker.evidence import Check
from tests.checker.world import World

LATE = {"occurred_at": "2026-03-02T03:34:00Z"}


def outage(*, told: int = 1, printed: int = 1) -> World:
    """A kiosk tells one slip, a counter one service; so often are the facts there."""
    world = World()
    slip = {"ticket_id": "t1", "outcome": "issued"}
    world.command("merge", "queue", "MergeSeries", "k-1", {"slips": [slip]})
    for _ in range(printed):
        world.fact("queue.ticket_issued", "t1", **LATE)
    slips = [{"ticket_id": "t1", "outcome": "merged"}, {"ticket_id": "t2", "outcome": "disputed"}]
    world.command("tell", "queue", "MergeServices", "k-2", {"slips": slips})
    for _ in range(told):
        for what in ("called", "served", "finished"):
            world.fact(f"queue.ticket_{what}", "t1", **LATE)
    return world


def hands(*, closed: int = 2, opened: int = 2) -> World:
    """An officer opens, goes to another counter and another screen, and is freed by somebody."""
    world = World()
    world.command("open", "queue", "OpenCounter", "k-1", {"counter_id": "a"})
    moved = {"counter_id": "b", "left": "a"}
    world.command("move", "queue", "TakeOverCounter", "k-2", moved)
    same = {"counter_id": "b", "left": "b"}
    world.command("move", "queue", "TakeOverCounter", "k-3", same)
    kept = {"counter_id": "b", "is_open": True}
    world.command("decide", "queue", "DecideChange", "k-4", kept)
    world.command("free", "queue", "ReleaseCounter", "k-5", {"counter_id": "b"})
    for counter in ("a", "b")[:opened]:
        world.fact("queue.counter_opened", counter)
    for counter in ("a", "b")[:closed]:
        world.fact("queue.counter_closed", counter)
    return world


CHECKS: Sequence[Callable[..., Check]] = (nothing_acknowledged_lost, no_ghosts, one_effect_per_key)


@pytest.mark.parametrize("world", [outage(), hands()], ids=["outage", "hands"])
@pytest.mark.parametrize("check", CHECKS)
def test_what_was_told_and_done_is_in_order(check: Callable[..., Check], world: World) -> None:
    assert check(world.evidence()).violations == []


@pytest.mark.parametrize(
    "world, kind",
    [
        (outage(told=0), "lost"),
        (outage(told=2), "doubled"),
        (outage(printed=0), "lost"),
        (outage(printed=2), "doubled"),
        (hands(closed=1), "lost"),
        (hands(opened=1), "lost"),
    ],
)
def test_one_fact_too_many_or_too_few_is_found(world: World, kind: str) -> None:
    assert one_effect_per_key(world.evidence()).counts == {kind: 1}


def test_a_service_that_no_counter_told_is_a_ghost() -> None:
    world = World()
    world.fact("queue.ticket_finished", "t1", **LATE)
    assert no_ghosts(world.evidence()).counts == {"illegal": 1}
