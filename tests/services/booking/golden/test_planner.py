"""Visits over several agencies: the table of cases, and the plan against trying everything."""

from datetime import UTC, datetime, timedelta
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import ServiceCode, SessionId
from services.booking.domain.planner import (
    Choice,
    Clash,
    Errand,
    Plan,
    Walking,
    out_of_order,
    plans,
    timed,
    without_place,
    zone_of,
)

DAY = datetime(2026, 3, 10, tzinfo=UTC)
WALKING = Walking({frozenset({"Z1", "Z3"}): 4, frozenset({"Z2"}): 1}, default=5)
SKCK, KTP, SIM = ServiceCode("POL-SKCK"), ServiceCode("DUK-KTP"), ServiceCode("POL-SIM")


def at(text: str) -> datetime:
    hours, minutes = text.split(":")
    return DAY + timedelta(hours=int(hours), minutes=int(minutes))


def choice(name: str, start: str, end: str) -> Choice:
    return Choice(SessionId.of(name), at(start), at(end))


def errand(
    service: ServiceCode,
    zone: str,
    *choices: Choice,
    after: ServiceCode | None = None,
    minutes: int = 20,
) -> Errand:
    before = frozenset[ServiceCode]() if after is None else frozenset({after})
    return Errand(service, minutes, frozenset(zone.split()), before, choices)


FIRST = choice("first", "8:00", "8:20")


@pytest.mark.parametrize(
    "start, end, outcome",
    [
        ("8:24", "8:44", "8:24"),  # the very minute of arrival
        ("8:23", "8:43", None),  # one minute too early
        ("8:00", "10:00", "8:24"),  # a long session waits for who comes
        ("8:30", "10:00", "8:30"),  # who comes early waits for the session
        ("8:00", "8:44", "8:24"),  # done as it ends
        ("8:00", "8:43", None),
        ("8:24", "8:34", "8:24"),  # a session shorter than the service
        ("8:23", "8:33", None),
    ],
)
def test_the_second_stop_begins_when_one_can_be_there(
    start: str, end: str, outcome: str | None
) -> None:
    second = choice("second", start, end)
    stops = [(errand(KTP, "Z1", FIRST), FIRST), (errand(SKCK, "Z3", second), second)]
    plan = timed(stops, WALKING, DAY)
    if outcome is None:
        assert plan == Clash(KTP, SKCK, at("8:24"))
    else:
        assert isinstance(plan, Plan)
        assert plan.stops[1].starts_at == at(outcome)
        assert plan.walking_minutes == 4


@pytest.mark.parametrize(
    "origin, goal, minutes",
    [
        ("Z1", "Z3", 4),
        ("Z3", "Z1", 4),  # either direction
        ("Z1", "Z1", 0),  # one zone, nothing said
        ("Z2", "Z2", 1),  # one zone, something said
        ("Z1", "Z2", 5),  # nothing said: the default
        ("Z1", "Z1 Z3", 4),  # the counter is not known: the longest way
        ("Z1", "", 5),  # no counter is known
    ],
)
def test_walking_is_the_longest_way_that_may_be_needed(
    origin: str, goal: str, minutes: int
) -> None:
    assert WALKING.between(errand(KTP, origin), errand(SKCK, goal)) == minutes


def test_a_first_stop_that_is_over_is_a_clash_with_the_time_itself() -> None:
    stops = [(errand(KTP, "Z1", FIRST), FIRST)]
    assert timed(stops, WALKING, at("8:01")) == Clash(None, KTP, at("8:01"))
    assert isinstance(timed(stops, WALKING, at("8:00")), Plan)


def test_what_must_come_before_comes_before() -> None:
    long = choice("long", "8:00", "12:00")
    police, civil = errand(SKCK, "Z1", long, after=KTP), errand(KTP, "Z1", long)
    assert out_of_order([police, civil]) == (SKCK, KTP)
    assert out_of_order([civil, police]) is None
    found = plans([police, civil], WALKING, DAY)
    assert [[stop.service for stop in plan.stops] for plan in found] == [[KTP, SKCK]]


def test_what_must_come_before_does_not_matter_when_it_is_no_part_of_the_visit() -> None:
    long = choice("long", "8:00", "12:00")
    found = plans([errand(SKCK, "Z1", long, after=KTP), errand(SIM, "Z1", long)], WALKING, DAY)
    assert len(found) == 2


def test_the_best_plan_ends_first_then_walks_least_then_goes_by_ids() -> None:
    early, late = choice("early", "8:00", "9:00"), choice("late", "9:30", "10:30")
    three = [
        errand(KTP, "Z1", early, late),
        errand(SKCK, "Z3", early, late),
        errand(SIM, "Z1", late),
    ]
    found = plans(three, WALKING, DAY)
    # The two orders with SIM last end at 9:50; the one that walks once is better.
    assert [(plan.ends_at, plan.walking_minutes) for plan in found] == [
        (at("9:50"), 4),
        (at("9:50"), 8),
        (at("10:10"), 4),
    ]
    assert [stop.service for stop in found[0].stops] == [SKCK, KTP, SIM]
    alike = [errand(KTP, "Z1", early), errand(SKCK, "Z1", choice("other", "8:00", "9:00"))]
    firsts = [plan.stops[0].session_id for plan in plans(alike, WALKING, DAY)]
    assert firsts == sorted(firsts)


def test_a_service_without_a_place_is_named_and_nothing_is_planned() -> None:
    visit = [errand(KTP, "Z1", FIRST), errand(SKCK, "Z1")]
    assert without_place(visit) == [SKCK]
    assert plans(visit, WALKING, DAY) == []


@pytest.mark.parametrize("code, zone", [("Z1-04", "Z1"), ("A-01", "A"), ("PINTU", "PINTU")])
def test_the_zone_stands_in_the_code_of_the_counter(code: str, zone: str) -> None:
    assert zone_of(code) == zone


@st.composite
def visits(draw: st.DrawFn) -> list[Errand]:
    """Two or three errands with up to three sessions each, some after another."""
    services = [KTP, SKCK, SIM][: draw(st.integers(2, 3))]
    found = []
    for service in services:
        starts = draw(st.lists(st.integers(0, 12), min_size=1, max_size=3, unique=True))
        lengths = draw(st.lists(st.integers(1, 8), min_size=3, max_size=3))
        choices = tuple(
            Choice(
                SessionId.of(service, str(start)),
                DAY + timedelta(minutes=10 * start),
                DAY + timedelta(minutes=10 * (start + length)),
            )
            for start, length in zip(starts, lengths, strict=False)
        )
        earlier = draw(st.sampled_from([None, *[one for one in services if one != service]]))
        zone = draw(st.sampled_from(["Z1", "Z2", "Z3", "Z1 Z2"]))
        found.append(
            errand(service, zone, *choices, after=earlier, minutes=draw(st.integers(5, 40)))
        )
    return found


@given(visits())
def test_no_order_and_no_choice_of_sessions_ends_sooner_than_the_first_plan(
    visit: list[Errand],
) -> None:
    tried = [
        timed(list(zip(order, chosen, strict=True)), WALKING, DAY)
        for order in permutations(visit)
        if out_of_order(order) is None
        for chosen in product(*(one.choices for one in order))
    ]
    possible = [plan.ends_at for plan in tried if isinstance(plan, Plan)]
    found = plans(visit, WALKING, DAY)
    assert [plan.ends_at for plan in found[:1]] == sorted(possible)[:1]
    for plan in found:
        ways = [
            later.starts_at - one.ends_at
            for one, later in zip(plan.stops, plan.stops[1:], strict=False)
        ]
        assert sum(ways, timedelta()) >= timedelta(minutes=plan.walking_minutes)
