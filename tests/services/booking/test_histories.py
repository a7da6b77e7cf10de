"""Whole lives of appointments in random order: whatever happens, every place is counted once."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Command
from contracts.ids import AppointmentId, ServiceDayId, SessionId
from services.booking.commands.appointments import (
    BookAppointment,
    CancelAppointment,
    CheckIn,
    ConfirmPlace,
    ExpireHold,
    HoldPlace,
    MoveAppointment,
    ReleasePlace,
)
from services.booking.commands.requests import ApproveAppointment, DeclineAppointment
from services.booking.domain import claims
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.claims import Claims, Seats
from services.booking.domain.day import ServiceDay
from services.booking.domain.session import Session
from tests.services.booking.test_domain import AT, PERSONS, History, common, opened

CHANNELS = ("online", "counter", "partner")
SESSIONS = [SessionId.of(str(number)) for number in range(4)]


def begun() -> History:
    """Two days with two sessions each; in one of them the office approves."""
    history = History()
    for number, session_id in enumerate(SESSIONS):
        start = AT + timedelta(days=number // 2)
        wanted = opened(
            session_id=session_id,
            day_id=ServiceDayId.of(str(number // 2)),
            starts_at=start,
            ends_at=start + timedelta(hours=2),
            capacity=2 + number % 2,
            approve=number == 3,
        )
        assert history.ask(wanted) is None
    return history


def taking(kind: type[Any], number: int, choice: int) -> Command:
    command: Command = kind(
        **common(),
        appointment_id=AppointmentId.of(str(number)),
        session_id=SESSIONS[choice % 4],
        person_id=PERSONS[choice // 4 % len(PERSONS)],
        channel=CHANNELS[choice % 3],
    )
    return command


def step(kind: type[Any], chosen: Appointment, choice: int) -> Command:
    more: dict[str, Any] = {}
    if kind is MoveAppointment:
        more = {"session_id": SESSIONS[choice % 4], "reason": "by_citizen"}
    elif kind is CancelAppointment:
        more = {"reason": "by_citizen"}
    elif kind is DeclineAppointment:
        more = {"reason": "papers_missing"}
    elif kind is ExpireHold:
        more = {"at": AT + timedelta(minutes=choice)}
    values = {**common(), "appointment_id": chosen.id, "staff_mall": None, **more}
    command: Command = kind.model_validate(values)
    return command


TAKING = [BookAppointment, HoldPlace]
STEPS = [
    ConfirmPlace,
    ReleasePlace,
    ExpireHold,
    MoveAppointment,
    CancelAppointment,
    CheckIn,
    ApproveAppointment,
    DeclineAppointment,
]


def play(moves: Sequence[tuple[int, int]]) -> History:
    """The history of these moves, with every promise looked at after each."""
    history = begun()
    for number, (move, choice) in enumerate(moves):
        known = history.of(Appointment)
        if move < len(TAKING):
            history.ask(taking(TAKING[move], number, choice))
        elif known:
            chosen = known[choice % len(known)]
            history.ask(step(STEPS[move - len(TAKING)], chosen, choice))
        keeps_every_promise(history)
    return history


def keeps_every_promise(history: History) -> None:
    appointments = history.of(Appointment)
    live = [one for one in appointments if one.status.is_live]
    for session in history.of(Session):
        own = [one for one in live if one.session_id == session.id]
        held = sum(one.places for one in own if one.status is Status.HELD)
        assert (session.held, session.taken) == (held, sum(one.places for one in own))
        assert session.taken <= session.capacity
        by_channel = Counter(one.channel for one in own)
        assert [by_channel[name] for name in CHANNELS] == [
            session.taken_online,
            session.taken_counter,
            session.taken_partner,
        ]
    for day in history.of(ServiceDay):
        sessions = [one for one in history.of(Session) if one.day_id == day.id]
        assert day.taken == sum(one.taken for one in sessions)
        assert day.free_online == sum(one.free("online") for one in sessions)
    assert max(Counter((one.person_id, one.service_date) for one in live).values(), default=0) <= 1
    assert all((one.held_until is not None) == (one.status is Status.HELD) for one in appointments)
    seated = [claim for one in history.of(Claims) for claim in one.live]
    assert {claim.appointment_id for claim in seated} == {one.id for one in live}
    assert len({(claim.seats, claim.nth) for claim in seated}) == len(seated)
    assert all(1 <= claim.nth <= claim.most for claim in seated)
    taken = {(claim.seats, claim.nth) for claim in seated}
    assert {(one.id, nth) for one in history.of(Seats) for nth in one.taken} == taken


moves = st.lists(
    st.tuples(st.integers(0, len(TAKING) + len(STEPS) - 1), st.integers(0, 60)), max_size=60
)


@given(moves)
def test_no_life_of_an_appointment_breaks_a_promise(moves: list[tuple[int, int]]) -> None:
    history = play(moves)
    rebuilt = History()
    for fact in history.facts:
        rebuilt.take(fact)
    assert rebuilt.states == history.states


# Book, hold, confirm, move to another day, hold again, let go, cancel, and what comes then.
STORY = [(0, 0), (1, 6), (2, 1), (5, 2), (1, 9), (3, 2), (6, 0), (1, 10), (4, 43), (0, 16), (5, 1)]


def _hold_not_counted(self: Session, places: int, channel: str, *, held: bool) -> Session:
    return self if held else _WITH_PLACES(self, places, channel, held=held)


def _other_channel(self: Session, places: int, channel: str, *, held: bool) -> Session:
    return _WITH_PLACES(self, places, "online", held=held)


def _day_forgotten(self: ServiceDay, before: Session | None, after: Session) -> ServiceDay:
    return self if before is not None else _FOLLOWING(self, before, after)


def _ends_without_end(self: Appointment, status: Status, at: Any) -> Appointment:
    return replace(_AT_STATUS(self, status, at), held_until=self.held_until)


_WITH_PLACES, _FOLLOWING, _AT_STATUS = (
    Session.with_places,
    ServiceDay.following,
    Appointment.at_status,
)
PLANTED: dict[str, tuple[type[Any], str, Callable[..., Any]]] = {
    "a hold is not counted": (Session, "with_places", _hold_not_counted),
    "the channel is another": (Session, "with_places", _other_channel),
    "the day is forgotten": (ServiceDay, "following", _day_forgotten),
    "a hold goes on after its end": (Appointment, "at_status", _ends_without_end),
}


def test_the_story_breaks_no_promise() -> None:
    found = Counter(one.status for one in play(STORY).of(Appointment))
    assert {Status.LAPSED, Status.CANCELLED, Status.BOOKED} <= found.keys()


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found_by_the_story(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, planted = PLANTED[bug]
    monkeypatch.setattr(owner, name, planted)
    with pytest.raises(AssertionError):
        play(STORY)


def test_claims_that_are_not_followed_are_found_by_the_story(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claims, "followed", lambda *_: ())
    with pytest.raises(AssertionError):
        play(STORY)
