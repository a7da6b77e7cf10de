"""I5c: whole visits and notices of closures; and planted mistakes."""

from collections.abc import Callable
from typing import Any

import pytest

from checker.evidence import Kind
from checker.promises import visits_are_whole_and_people_are_told
from tests.checker.world import World


class Story(World):
    """Facts of booking in short."""

    def say(self, name: str, id_: str, **data: Any) -> "Story":
        self.fact(f"booking.{name}", id_, **data)
        return self

    def place(self, id_: str, name: str = "appointment_booked", **data: Any) -> "Story":
        return self.say(name, id_, **{"session_id": "s", **data})

    def stop(self, id_: str) -> "Story":
        return self.place(id_, visit_id="v")

    def visit(self, *stops: tuple[str, int, int]) -> "Story":
        made = [
            {
                "appointment_id": id_,
                "starts_at": f"2026-03-10T{start:02}:00:00+00:00",
                "ends_at": f"2026-03-10T{end:02}:00:00+00:00",
            }
            for id_, start, end in stops
        ]
        return self.say("visit_booked", "v", stops=made)

    def closed(self, closure: str = "c") -> "Story":
        self.say("closure_declared", closure)
        return self.say("session_closed", "s", closure_id=closure)

    def told(self, id_: str, closure: str = "c") -> "Story":
        return self.place(id_, "appointment_disturbed", closure_id=closure)


BOOKED = ("a", 8, 9), ("b", 9, 10)
RIGHT: dict[str, Callable[[], Story]] = {
    "a visit": lambda: Story().stop("a").stop("b").visit(*BOOKED),
    "a visit of which one stop is given up": lambda: (
        Story().stop("a").stop("b").visit(*BOOKED).place("a", "appointment_cancelled")
    ),
    "a closure that is told": lambda: (
        Story().place("a").closed().told("a").say("closure_swept", "c")
    ),
    "who gave up, came or moved away is not told": lambda: (
        Story()
        .place("a")
        .place("b")
        .place("d")
        .closed()
        .place("a", "appointment_cancelled")
        .place("b", "appointment_checked_in")
        .place("d", "appointment_moved", session_id="other")
        .say("closure_swept", "c")
    ),
    "a hold is not told": lambda: (
        Story().place("a", "place_held").closed().say("closure_swept", "c")
    ),
    "lifted before all were told": lambda: (
        Story()
        .place("a")
        .place("b")
        .closed()
        .told("a")
        .say("closure_lifted", "c")
        .say("session_reopened", "s", closure_id="c")
    ),
    "the run ends before all are told": lambda: Story().place("a").place("b").closed().told("a"),
    "a second closure takes over": lambda: (
        Story()
        .place("a")
        .closed()
        .told("a")
        .say("closure_swept", "c")
        .say("closure_declared", "d")
        .say("closure_swept", "d")
        .say("closure_lifted", "c")
        .say("session_closed", "s", closure_id="d")
        .told("a", "d")
        .say("closure_swept", "d")
    ),
}
WRONG: dict[str, tuple[Callable[[], Story], Kind]] = {
    "a stop is missing": (lambda: Story().stop("a").visit(*BOOKED), "lost"),
    "stops without a visit": (lambda: Story().stop("a").stop("b"), "lost"),
    "a stop too many": (lambda: Story().stop("a").stop("b").stop("d").visit(*BOOKED), "lost"),
    "two stops at once": (
        lambda: Story().stop("a").stop("b").visit(("a", 8, 10), ("b", 9, 11)),
        "misordered",
    ),
    "told twice": (lambda: Story().place("a").closed().told("a").told("a"), "doubled"),
    "told after the closure was lifted": (
        lambda: Story().place("a").closed().say("closure_lifted", "c").told("a"),
        "illegal",
    ),
    "told in an open session": (
        lambda: Story().place("a").say("closure_declared", "c").told("a"),
        "illegal",
    ),
    "told after moving away": (
        lambda: (
            Story()
            .place("a")
            .closed()
            .place("a", "appointment_moved", session_id="other")
            .told("a")
        ),
        "illegal",
    ),
    "overlooked": (
        lambda: Story().place("a").place("b").closed().told("a").say("closure_swept", "c"),
        "lost",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_not_blamed(name: str) -> None:
    assert visits_are_whole_and_people_are_told(RIGHT[name]().evidence()).violations == []


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_mistake_is_found(name: str) -> None:
    story, kind = WRONG[name]
    found = visits_are_whole_and_people_are_told(story().evidence())
    assert found.counts == {kind: 1}, found.violations
