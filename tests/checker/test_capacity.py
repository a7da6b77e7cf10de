"""I5 and I5b: what takes a place, what gives it back, who comes first; and planted mistakes."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from checker.capacity import capacity_is_kept
from checker.draws import lists_are_in_order
from services.booking.domain import draw
from tests.checker.world import BEGIN, World

SPACE = UUID(int=7)
SEED = bytes(range(32))
LATER = (BEGIN + timedelta(days=5)).isoformat()


def named(name: str) -> str:
    return str(uuid5(SPACE, name))


class Story(World):
    """Facts of booking in short."""

    def say(self, name: str, id_: str, **data: Any) -> "Story":
        self.fact(f"booking.{name}", named(id_), **data)
        return self

    def session(self, id_: str = "s", capacity: int = 1, **data: Any) -> "Story":
        more = {"day_id": named("d"), "starts_at": LATER, **data}
        return self.say("session_opened", id_, capacity=capacity, **more)

    def place(self, id_: str, name: str = "appointment_booked", **data: Any) -> "Story":
        values = {
            "session_id": named("s"),
            "person_id": f"person of {id_}",
            "service": "S",
            "service_date": "2026-03-07",
            "channel": "online",
            **data,
        }
        return self.say(name, id_, **values)

    def wait(self, name: str, id_: str, **data: Any) -> "Story":
        return self.say(f"wait_{name}", id_, day_id=named("d"), **data)


def full() -> Story:
    return Story().say("day_announced", "d", most=None).session().place("a")


RIGHT = {
    "a hold that is confirmed takes one place": lambda: (
        Story().session().place("a", "place_held").place("a").place("a", "appointment_checked_in")
    ),
    "what lapses, is declined, cancelled or missed is free again": lambda: (
        Story()
        .session()
        .place("a", "place_held")
        .place("a", "appointment_lapsed")
        .place("b", "appointment_requested")
        .place("b", "appointment_declined")
        .place("c")
        .place("c", "appointment_missed")
        .place("d")
        .place("d", "appointment_cancelled")
        .place("e")
    ),
    "a move gives one place back and takes another": lambda: (
        Story()
        .session()
        .session("other")
        .place("a")
        .place("a", "appointment_moved", session_id=named("other"))
        .place("b")
    ),
    "places on top": lambda: full().say("session_resized", "s", capacity=1, overbook=1).place("b"),
    "a list gets its place": lambda: (
        full()
        .wait("joined", "w", kind="list")
        .place("a", "appointment_cancelled")
        .place("x", "place_held", wait_id=named("w"))
        .wait("offered", "w")
    ),
    "two free and one waits": lambda: (
        Story().session(capacity=2).wait("joined", "w", kind="list").place("b")
    ),
}
WRONG = {
    "a hold is not counted": lambda: full().place("b", "place_held"),
    "a request is not counted": lambda: full().place("b", "appointment_requested"),
    "freed twice": lambda: (
        Story()
        .session()
        .place("a")
        .place("a", "appointment_cancelled")
        .place("a", "appointment_cancelled")
        .place("b")
        .place("c")
    ),
    "moved into a full one": lambda: (
        full().session("other").place("b", session_id=named("other"))
        .place("b", "appointment_moved")
    ),
    "places of several services": lambda: Story().session(capacity=2).place("a", places=3),
    "beyond a channel": lambda: (
        Story().session(capacity=5, most_online=1).place("a").place("b")
    ),
    "beyond a part": lambda: (
        Story().session(capacity=5).say("places_released", "s", released=1).place("a").place("b")
    ),
    "beyond the quota": lambda: (
        Story().say("day_announced", "d", most=1).session(capacity=5).place("a").place("b")
    ),
    "while closed": lambda: Story().session().say("session_closed", "s").place("a"),
    "two of one person by a further service": lambda: (
        Story()
        .session(capacity=5)
        .place("a", person_id="p", also=["T"])
        .place("b", person_id="p", service="T")
    ),
    "somebody jumps the list": lambda: (
        full().wait("joined", "w", kind="list").place("a", "appointment_cancelled").place("b")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_not_blamed(name: str) -> None:
    check = capacity_is_kept(RIGHT[name]().evidence())
    assert check.violations == []
    assert check.examined


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str) -> None:
    assert not capacity_is_kept(WRONG[name]().evidence()).holds


def test_the_end_of_channels_parts_and_closures_is_seen() -> None:
    story = Story().session(capacity=3, most_online=1).place("a").say("channels_opened", "s")
    story.place("b").say("session_closed", "s").say("session_reopened", "s").place("c")
    assert capacity_is_kept(story.evidence()).violations == []
    parts = Story().session(capacity=2).say("places_released", "s", released=1).place("a")
    parts.say("places_released", "s", released=2).place("b")
    assert capacity_is_kept(parts.evidence()).violations == []


def drawn(*, seed: bytes = SEED, entries: int = 3, order: list[int] | None = None) -> Story:
    """Three who enter, the draw, and offers in the order of ranks, or in another."""
    story = Story().say("day_announced", "d", seed_digest=hashlib.sha256(SEED).hexdigest())
    names = [f"w{number}" for number in range(3)]
    for name in names:
        story.wait("joined", name, kind="lottery")
    ids = [UUID(named(name)) for name in names]
    digest = draw.entries_digest(ids[:entries])
    story.say("lottery_drawn", "d", seed=seed.hex(), entries=entries, entries_digest=digest)
    ranked = draw.in_order(SEED, ids)
    for place in order or [0, 1, 2]:
        story.fact("booking.wait_offered", str(ranked[place]), day_id=named("d"))
    return story


def test_a_draw_is_recomputed_as_booking_computes_it() -> None:
    check = lists_are_in_order(drawn().evidence())
    assert check.violations == []
    assert check.examined == 7


@pytest.mark.parametrize(
    "story,kind",
    [
        (drawn(seed=bytes(32)), "illegal"),
        (drawn(entries=2), "illegal"),
        (drawn(order=[1, 0, 2]), "misordered"),
    ],
    ids=["another seed", "an entry left out", "another order"],
)
def test_a_draw_that_was_chosen_is_found(story: Story, kind: Any) -> None:
    assert lists_are_in_order(story.evidence()).counts[kind]


def test_an_offer_before_the_draw_is_found() -> None:
    story = Story().wait("joined", "w", kind="lottery").wait("offered", "w")
    assert lists_are_in_order(story.evidence()).counts["illegal"] == 1


def test_who_passes_stands_behind_and_who_leaves_is_gone() -> None:
    story = Story()
    for name in ("a", "b", "c"):
        story.wait("joined", name, kind="list")
    story.wait("offered", "a").wait("passed", "a", times=1).wait("left", "b").wait("offered", "c")
    story.wait("offered", "a")
    assert lists_are_in_order(story.evidence()).violations == []
    story = Story().wait("joined", "a", kind="list").wait("joined", "b", kind="list")
    assert lists_are_in_order(story.wait("offered", "b").evidence()).counts["misordered"] == 1
