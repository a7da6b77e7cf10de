"""Each command of the platform is known to the checker by what it makes true, or left out here."""

from importlib import import_module
from typing import Any

import pytest

from checker.effects import OF_CLIENTS, OF_FACTS_AND_TIME, REPORTS, ROOTS, effects_of, happened
from checker.evidence import Command
from tests.checker.world import World

# What several facts or none come of, and no answer names: other checks look at these facts.
LEFT_TO_OTHERS = {
    "AnnounceDay": "an earlier session may have announced the day",
    "CloseNumbers": "no number may follow: I4",
    "ReopenNumbers": "as above",
    "ResizeSession": "the sum of places: I5",
    "OverbookSession": "as above",
    "ReleasePart": "as above",
    "OpenPlanned": "as above",
    "ReleasePlace": "whoever leaves a list gives an offered place up, too: I5",
    "ExpireHold": "as above",
    "LeaveWait": "the order of lists: I5b",
    "OfferPlaces": "as above",
    "EndList": "as above",
    "DrawLottery": "the draw is recomputed: I5b",
    "RevealSeed": "as above",
    "RemindOrMiss": "one of two, or no more than a new time: I6",
    "OpenChannels": "the sum of places: I5",
    "SweepClosure": "a set of people each time",
    "BeginDeviceSession": "an epoch, no object of its own",
    "LockDevice": "histories of devices: I6",
    "UnlockDevice": "as above",
    "GrantSeries": "a line may have many letters: I4",
    "PauseCounter": "consent pauses a counter, too: I6",
    "WithdrawChange": "histories of counters: I6",
    "AnswerSurvey": "who answered cannot be told, and so it should be",
}


def commands_of(service: str) -> set[str]:
    domain = import_module(f"services.{service}.wiring").SERVICE.domain
    return {command.__name__ for command in domain.handlers}


@pytest.mark.parametrize("service", ["booking", "queue"])
def test_every_command_is_known_by_its_effects_or_left_to_others(service: str) -> None:
    known = OF_CLIENTS | OF_FACTS_AND_TIME
    assert not LEFT_TO_OTHERS.keys() & known
    assert commands_of(service) - known - LEFT_TO_OTHERS.keys() == set()


def test_nothing_is_left_out_that_is_not_there() -> None:
    assert LEFT_TO_OTHERS.keys() <= commands_of("booking") | commands_of("queue")


def test_what_a_command_names_is_looked_for() -> None:
    """Otherwise it would be missed in every run."""
    objects = ("session", "appointment", "wait", "closure", "ticket", "counter", "presence")
    answer: dict[str, Any] = {f"{one}_id": one for one in (*objects, "application", "checkpoint")}
    answer |= {"visit_id": "v", "stops": [], "cancelled": [], "slips": [], "is_open": True}
    for name in {*OF_CLIENTS, *OF_FACTS_AND_TIME} - REPORTS:
        assert {type_ for type_, _ in of(name, **answer)} <= ROOTS, name


def of(name: str, **answer: Any) -> list[tuple[str, str]]:
    return effects_of(Command("s", "officer:o", "k", name, answer))


@pytest.mark.parametrize(
    "name,answer,effects",
    [
        ("CallNextTicket", {"ticket": None}, []),
        (
            "BookAppointment",
            {"appointment_id": "a", "status": "requested"},
            [("booking.appointment_requested.v1", "a")],
        ),
        (
            "BookVisit",
            {"visit_id": "v", "stops": [{"appointment_id": "a"}, {"appointment_id": "b"}]},
            [
                ("booking.visit_booked.v1", "v"),
                ("booking.appointment_booked.v1", "a"),
                ("booking.appointment_booked.v1", "b"),
            ],
        ),
        ("SweepClosure", {"told": 3}, []),
    ],
)
def test_an_answer_says_what_became_true(
    name: str, answer: dict[str, Any], effects: list[tuple[str, str]]
) -> None:
    assert of(name, **answer) == effects


def test_what_time_gives_is_nobodys_command() -> None:
    world = World()
    world.fact("booking.session_opened", "s1", "system:booking", capacity=1)
    world.fact("booking.place_held", "a1", "system:booking")
    assert not happened(world.facts)
    world.fact("booking.place_held", "a2", "citizen:c")
    assert happened(world.facts) == {("booking.place_held.v1", "a2"): 1}
