"""The rules of booking without any storage: histories of random commands, and the mall's day."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chassis.decide import Domain
from contracts.base import Command, Fact, Refused
from contracts.ids import (
    Actor,
    AgencyId,
    AppointmentId,
    MallId,
    PersonId,
    ServiceCode,
    ServiceDayId,
    SessionId,
)
from services.booking.commands.appointments import BookAppointment, CancelAppointment, CheckIn
from services.booking.commands.sessions import OpenSession
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.claims import Claims
from services.booking.domain.day import ServiceDay
from services.booking.domain.offer import Mall, Service
from services.booking.domain.session import Session
from services.booking.wiring import DOMAIN

MALL, SERVICE = MallId("mpp-uji"), ServiceCode("DUK-KTP")
AT = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)  # half past midnight on 2 March in Jayapura
SESSION, DAY = SessionId.of("session"), ServiceDayId.of("day")
PERSONS = [PersonId.of(str(number)) for number in range(5)]
CAPACITY = 3


@dataclass
class History:
    """What dispatch does, in memory: decide, apply, keep the facts."""

    domain: Domain = DOMAIN
    states: dict[Hashable, Any] = field(
        default_factory=lambda: {
            MALL: Mall(MALL, "Asia/Jayapura", (AgencyId("dukcapil"),)),
            SERVICE: Service(SERVICE, AgencyId("dukcapil")),
        }
    )
    facts: list[Fact] = field(default_factory=list)

    def ask(self, command: Command) -> str | None:
        """The code of the refusal, or None."""
        try:
            decision = self.domain.handlers[type(command)](command, self.states)
        except Refused as refusal:
            return refusal.code
        for fact in decision.facts:
            self.take(fact)
        return None

    def take(self, fact: Fact) -> None:
        self.facts.append(fact)
        for state in self.domain.evolve(self.states, fact, AT):
            self.states[state.id] = state

    def of(self, kind: type[Any]) -> list[Any]:
        return [state for state in self.states.values() if isinstance(state, kind)]


def common() -> dict[str, Any]:
    return {"actor": Actor("public"), "at": AT, "key": "key-of-test"}


def opened(**changes: Any) -> OpenSession:
    values = {
        "session_id": SESSION,
        "day_id": DAY,
        "seed_digest": "0" * 64,
        "mall": MALL,
        "service": SERVICE,
        "starts_at": AT,
        "ends_at": AT + timedelta(hours=2),
        "capacity": CAPACITY,
        "staff_mall": MALL,
        **changes,
    }
    return OpenSession.model_validate({**common(), **values})


def booked(number: int, person: PersonId) -> BookAppointment:
    return BookAppointment(
        **common(),
        appointment_id=AppointmentId.of(str(number)),
        session_id=SESSION,
        person_id=person,
    )


steps = st.lists(
    st.tuples(st.sampled_from(["book", "cancel", "check_in"]), st.integers(0, 30)), max_size=40
)


@given(steps)
def test_no_history_breaks_a_promise_and_the_trail_rebuilds_the_state(
    moves: list[tuple[str, int]],
) -> None:
    history = History()
    assert history.ask(opened()) is None
    for number, (move, choice) in enumerate(moves):
        known = history.of(Appointment)
        if move == "book":
            history.ask(booked(number, PERSONS[choice % len(PERSONS)]))
        elif known and move == "cancel":
            chosen = known[choice % len(known)].id
            history.ask(
                CancelAppointment(
                    **common(), appointment_id=chosen, staff_mall=None, reason="by_citizen"
                )
            )
        elif known:
            chosen = known[choice % len(known)].id
            history.ask(CheckIn(**common(), appointment_id=chosen, staff_mall=None))
        live = [one for one in history.of(Appointment) if one.status is not Status.CANCELLED]
        (session,) = history.of(Session)
        assert session.booked == len(live) <= CAPACITY
        assert max(Counter(one.person_id for one in live).values(), default=0) <= 1
        (day,) = history.of(ServiceDay)
        assert (day.taken, day.free_online) == (session.booked, CAPACITY - session.booked)
        seated = [claim for one in history.of(Claims) for claim in one.live]
        assert {claim.appointment_id for claim in seated} == {one.id for one in live}
        assert all(claim.nth == claim.most == 1 for claim in seated)
        assert len({claim.seats for claim in seated}) == len(seated)

    rebuilt = History()
    for fact in history.facts:
        rebuilt.take(fact)
    assert rebuilt.states == history.states


def test_the_day_of_a_session_is_the_day_on_the_wall_of_the_mall() -> None:
    history = History()
    history.ask(opened())
    (session,) = history.of(Session)
    assert session.service_date == date(2026, 3, 2)
    history.ask(booked(1, PERSONS[0]))
    early = CheckIn(
        **{**common(), "at": AT - timedelta(hours=1)},
        appointment_id=AppointmentId.of("1"),
        staff_mall=None,
    )
    assert history.ask(early) == "not_today"
    assert history.ask(early.model_copy(update={"at": AT})) is None


def test_a_session_may_not_reach_over_midnight_of_the_mall() -> None:
    before_midnight = opened(starts_at=AT - timedelta(hours=1))
    assert History().ask(before_midnight) == "span_impossible"


def test_a_place_cannot_be_given_up_when_the_session_is_over() -> None:
    history = History()
    history.ask(opened())
    history.ask(booked(1, PERSONS[0]))
    late = CancelAppointment(
        **{**common(), "at": AT + timedelta(hours=2)},
        appointment_id=AppointmentId.of("1"),
        staff_mall=None,
        reason="by_citizen",
    )
    assert history.ask(late) == "session_over"
    assert history.ask(booked(2, PERSONS[1])) is None
