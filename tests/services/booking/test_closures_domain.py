"""Closures without any storage: whatever is declared, lifted, opened and booked, hours decide."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.base import Command, Fact, Refused
from contracts.booking import AppointmentDisturbed
from contracts.ids import (
    Actor,
    AgencyId,
    AppointmentId,
    ClosureId,
    MallId,
    PersonId,
    ServiceCode,
    ServiceDayId,
    SessionId,
)
from services.booking.commands.appointments import BookAppointment, CancelAppointment
from services.booking.commands.closures import DeclareClosure, LiftClosure, SweepClosure
from services.booking.commands.sessions import OpenSession
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.closure import Closure, Conflicts, ConflictsOf
from services.booking.domain.day import DayKey
from services.booking.domain.offer import Mall, Service
from services.booking.domain.session import Session
from services.booking.wiring import DOMAIN

MALL, SERVICE, AGENCY = MallId("mpp-uji"), ServiceCode("DUK-KTP"), AgencyId("dukcapil")
MORNING = datetime(2026, 3, 2, tzinfo=UTC)
SLOTS = 12
CHUNK = 2


def slot(number: int) -> datetime:
    return MORNING + timedelta(hours=8, minutes=30 * number)


@dataclass
class Office:
    """What dispatch and store do, in memory. Each command comes a second after the last."""

    states: dict[Hashable, Any] = field(
        default_factory=lambda: {
            MALL: Mall(MALL, "Asia/Jakarta", (AGENCY,)),
            SERVICE: Service(SERVICE, AGENCY),
        }
    )
    facts: list[Fact] = field(default_factory=list)
    now: datetime = MORNING

    def ask(self, wanted: type[Command], **values: Any) -> str | None:
        self.now += timedelta(seconds=1)
        command = wanted(actor=Actor("public"), at=self.now, key=f"key-{self.now}", **values)
        if isinstance(command, SweepClosure):
            self._look_up(command.closure_id)
        try:
            decision = DOMAIN.handlers[wanted](command, self.states)
        except Refused as refusal:
            return refusal.code
        for fact in decision.facts:
            self.facts.append(fact)
            for state in DOMAIN.evolve(self.states, fact, self.now):
                self.states[state.id] = state
        return None

    def of(self, kind: type[Any]) -> list[Any]:
        return [state for state in self.states.values() if isinstance(state, kind)]

    def to_tell(self, closure_id: ClosureId) -> list[AppointmentId]:
        return [
            one.id
            for one in self.of(Appointment)
            if one.status is Status.BOOKED
            and self.states[one.session_id].closed_by == closure_id
            and one.disturbed_by != closure_id
        ]

    def sweep(self) -> None:
        for closure in self.of(Closure):
            while self.states[closure.id].due_at is not None:
                assert self.ask(SweepClosure, closure_id=closure.id) is None

    def _look_up(self, closure_id: ClosureId) -> None:
        ids = self.to_tell(closure_id)
        closed = sum(one.closed_by == closure_id for one in self.of(Session))
        key = ConflictsOf(closure_id)
        self.states[key] = Conflicts(key, tuple(ids[:CHUNK]), closed, more=len(ids) > CHUNK)


def should_be_closed(office: Office, session: Session) -> bool:
    """Looked at half an hour by half an hour, as a person would with a pencil."""
    for number in range(SLOTS):
        if not session.starts_at <= slot(number) < session.ends_at:
            continue
        over = [
            (one.declared_at, one.kind)
            for one in office.of(Closure)
            if one.lifted_at is None and one.from_at <= slot(number) < one.until_at
        ]
        if over and max(over)[1] == "closure":
            return True
    return False


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["open", "book", "book", "cancel", "close", "close", "extra", "lift", "sweep"]
        ),
        st.integers(0, SLOTS - 1),
        st.integers(1, 4),
    ),
    max_size=40,
)


def play(office: Office, number: int, step: tuple[str, int, int]) -> None:
    move, start, length = step
    span = slot(start), slot(min(start + length, SLOTS))
    sessions, closures = office.of(Session), office.of(Closure)
    booked = [one for one in office.of(Appointment) if one.status is Status.BOOKED]
    if move == "open":
        office.ask(
            OpenSession,
            session_id=SessionId.of(str(number)),
            day_id=ServiceDayId.of(str(DayKey(MALL, SERVICE, MORNING.date()))),
            seed_digest="0" * 64,
            mall=MALL,
            service=SERVICE,
            starts_at=span[0],
            ends_at=span[1],
            capacity=5,
            staff_mall=None,
        )
    elif move == "book" and sessions:
        office.ask(
            BookAppointment,
            appointment_id=AppointmentId.of(str(number)),
            session_id=sessions[start % len(sessions)].id,
            person_id=PersonId.of(str(number)),
        )
    elif move == "cancel" and booked:
        office.ask(
            CancelAppointment,
            appointment_id=booked[start % len(booked)].id,
            staff_mall=None,
            reason="by_citizen",
        )
    elif move in {"close", "extra"}:
        office.ask(
            DeclareClosure,
            closure_id=ClosureId.of(str(number)),
            kind="closure" if move == "close" else "special_opening",
            mall=MALL,
            agency=AGENCY if length == 1 else None,
            service=None,
            from_at=span[0],
            until_at=span[1],
            reason="drill",
            staff_mall=MALL,
        )
    elif move == "lift" and closures:
        office.ask(
            LiftClosure,
            closure_id=closures[start % len(closures)].id,
            reason="is_back",
            staff_mall=None,
        )
    elif move == "sweep":
        office.sweep()


@settings(max_examples=300, deadline=None)
@given(steps)
def test_a_session_is_closed_exactly_when_the_hours_say_so_and_each_is_told_once(
    moves: list[tuple[str, int, int]],
) -> None:
    office = Office()
    for number, step in enumerate([("open", 0, 3), ("open", 3, 3), ("book", 0, 1), *moves]):
        play(office, number, step)
        for session in office.of(Session):
            assert (session.closed_by is not None) == should_be_closed(office, session)
            if session.closed_by is not None:
                closure = office.states[session.closed_by]
                assert closure.kind == "closure"
                assert closure.lifted_at is None
        (day,) = {one.day_id for one in office.of(Session)}
        free = sum(one.free("online") for one in office.of(Session))
        assert office.states[day].free_online == free

    office.sweep()
    told = Counter(
        (fact.closure_id, fact.appointment_id)
        for fact in office.facts
        if isinstance(fact, AppointmentDisturbed)
    )
    assert max(told.values(), default=1) == 1
    for closure in office.of(Closure):
        assert office.to_tell(closure.id) == []
        assert closure.told == sum(count for (one, _), count in told.items() if one == closure.id)
