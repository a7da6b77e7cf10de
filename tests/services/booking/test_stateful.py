"""Booking against a small model: random days of holds, moves, lists and offers, judged twice."""

import json
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from checker.capacity import capacity_is_kept
from checker.draws import lists_are_in_order
from checker.evidence import Evidence
from checker.evidence import Fact as Told
from checker.legal import histories_are_legal
from contracts.base import Command, Fact, Refused
from contracts.booking_entries import BookingPolicy, ListRule
from contracts.ids import (
    Actor,
    AgencyId,
    AppointmentId,
    MallId,
    PersonId,
    PolicyCode,
    ServiceCode,
    ServiceDayId,
    SessionId,
    WaitId,
)
from services.booking.commands import appointments as places
from services.booking.commands import waits
from services.booking.commands.sessions import OpenSession
from services.booking.domain.appointment import Appointment
from services.booking.domain.claims import Asked
from services.booking.domain.day import ServiceDay
from services.booking.domain.offer import Mall, Service
from services.booking.domain.policy import BUILT_IN, Policy, PolicyKey, PolicyOf
from services.booking.domain.session import Session
from services.booking.domain.wait import Entering, ListOf, Wait, WaitList, in_order
from services.booking.wiring import DOMAIN
from tests.services.booking.model import HOLD, LIST_MOST, OFFER, OFFERS_MOST, Model

MALL, SERVICE, CODE = MallId("mpp-uji"), ServiceCode("DUK-KTP"), PolicyCode("uji")
BEGIN = datetime(2026, 3, 1, 1, tzinfo=UTC)
DAY = ServiceDayId.of("day")
SESSIONS = [SessionId.of(f"session {number}") for number in range(2)]
PERSONS = [PersonId.of(f"person {number}") for number in range(8)]
CAPACITIES = [2, 1]
RULES = BUILT_IN.model_copy(
    update={
        "code": CODE,
        "hold": BUILT_IN.hold.model_copy(update={"minutes": HOLD // timedelta(minutes=1)}),
        "waiting": ListRule(
            most=LIST_MOST,
            minutes=OFFER // timedelta(minutes=1),
            least_minutes=5,
            before_start_minutes=60,
            most_offers=OFFERS_MOST,
        ),
    }
)
# Making the shortest story of a mistake takes its time.
pytestmark = pytest.mark.timeout(300)
STEPS = (
    *["book", "hold", "desk", "cancel", "move", "release", "leave"],
    *["confirm", "join", "offer", "timer"] * 2,
    *["1", "9", "11", "31"],
)
chosen = st.integers(0, 99)
person = st.integers(0, len(PERSONS) - 1)
session = st.integers(0, len(SESSIONS) - 1)


def looked_up(rules: BookingPolicy) -> dict[Hashable, Any]:
    """What the store would find beside what was decided."""
    mall = Mall(MALL, "Asia/Jakarta", (AgencyId("dukcapil"),), policy=CODE)
    return {
        MALL: mall,
        SERVICE: Service(SERVICE, AgencyId("dukcapil")),
        PolicyOf(MALL, SERVICE): Policy(PolicyOf(MALL, SERVICE), 1, rules),
        PolicyKey(CODE, 1): Policy(PolicyKey(CODE, 1), 1, rules),
        ListOf(DAY): WaitList(ListOf(DAY), tuple(SESSIONS)),
    }


class Day(RuleBasedStateMachine):
    """Every step is asked of the model and of booking; both must answer the same."""

    @initialize()
    def open(self) -> None:
        self.model = Model(list(CAPACITIES), BEGIN)
        self.states = looked_up(RULES)
        self.facts: list[tuple[Fact, datetime]] = []
        self.count = 0
        # Names of the model -> ids of booking.
        self.ids: dict[str, AppointmentId | WaitId] = {}
        for number, capacity in enumerate(CAPACITIES):
            starts_at = BEGIN + timedelta(days=20, hours=2 * number)
            opened = self.ask(
                OpenSession,
                session_id=SESSIONS[number],
                day_id=DAY,
                seed_digest="0" * 64,
                mall=MALL,
                service=SERVICE,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=1),
                capacity=capacity,
                staff_mall=MALL,
            )
            assert opened is None
        # A full day with a line is where the rules meet; emptier ones come by themselves.
        for who, where in enumerate([0, 0, 1]):
            self.take(who, where)
        for who in (3, 4):
            self.join(who)

    @rule(what=st.sampled_from(STEPS), number=chosen, who=person, where=session)
    def step(self, what: str, number: int, who: int, where: int) -> None:
        """One step of somebody, or of time."""
        if what in {"book", "hold", "desk"}:
            self.take(who, where, online=what != "desk", hold=what == "hold")
        elif what in {"confirm", "release", "cancel"}:
            self.act(number, what)
        elif what == "move":
            self.move(number, where)
        elif what == "join":
            self.join(who)
        elif what == "leave":
            self.leave(number)
        elif what == "offer":
            self.offer()
        elif what == "timer":
            self.timer()
        else:
            self.pass_by(int(what))

    def ask(self, kind: type[Command], **values: Any) -> str | None:
        """What booking answers: the code of a refusal, or None."""
        # Nothing happens at the same microsecond, so that nobody joins a line beside another.
        self.model.now += timedelta(microseconds=1)
        common = {"actor": Actor("public"), "at": self.model.now, "key": "key-of-test"}
        command = kind.model_validate({**common, **values})
        for key in command.needs():
            if isinstance(key, Asked):
                self.states[key.id] = key
            elif isinstance(key, Entering):
                self.states[key.entry.id] = key.entry
        try:
            decision = DOMAIN.handlers[kind](command, self.states)
        except Refused as refusal:
            return refusal.code
        for fact in decision.facts:
            self.facts.append((fact, self.model.now))
            for state in DOMAIN.evolve(self.states, fact, self.model.now):
                self.states[state.id] = state
        return None

    def name(self, kind: type[AppointmentId] | type[WaitId]) -> str:
        self.count += 1
        name = f"{kind.__name__} {self.count}"
        self.ids[name] = kind.of(name)
        return name

    def pick(self, names: list[str], number: int) -> str:
        return names[number % len(names)]

    def of_place(self, kind: type[Command], name: str, **more: Any) -> str | None:
        return self.ask(kind, appointment_id=self.ids[name], staff_mall=None, **more)

    def take(self, who: int, where: int, *, online: bool = True, hold: bool = False) -> None:
        name = self.name(AppointmentId)
        answer = self.ask(
            places.HoldPlace if hold else places.BookAppointment,
            appointment_id=self.ids[name],
            session_id=SESSIONS[where],
            person_id=PERSONS[who],
            channel="online" if online else "counter",
        )
        assert answer == self.model.take(name, who, where, online=online, hold=hold)

    def act(self, number: int, what: str) -> None:
        name = self.pick(list(self.model.places), number)
        kinds: dict[str, type[Command]] = {
            "confirm": places.ConfirmPlace,
            "release": places.ReleasePlace,
            "cancel": places.CancelAppointment,
        }
        more = {"reason": "by_citizen"} if what == "cancel" else {}
        answer = self.of_place(kinds[what], name, **more)
        assert answer == getattr(self.model, what)(name)

    def move(self, number: int, where: int) -> None:
        name = self.pick(list(self.model.places), number)
        answer = self.of_place(
            places.MoveAppointment, name, session_id=SESSIONS[where], reason="by_citizen"
        )
        assert answer == self.model.move(name, where)

    def join(self, who: int) -> None:
        name = self.name(WaitId)
        answer = self.ask(
            waits.JoinWait,
            wait_id=self.ids[name],
            day_id=DAY,
            person_id=PERSONS[who],
            drawn_rank=0,
        )
        assert answer == self.model.join(name, who)

    def leave(self, number: int) -> None:
        name = self.pick(list(self.model.entries), number)
        assert self.ask(waits.LeaveWait, wait_id=self.ids[name]) == self.model.leave(name)

    def offer(self) -> None:
        assert self.ask(waits.OfferPlaces, day_id=DAY) is None
        self.model.offer()
        for name, entry in self.model.entries.items():
            if entry.place is not None and entry.place not in self.ids:
                wait = self.ids[name]
                self.ids[entry.place] = AppointmentId.of("offer", str(wait), str(entry.offers))

    def pass_by(self, minutes: int) -> None:
        self.model.now += timedelta(minutes=minutes)

    def timer(self) -> None:
        for name in self.model.over():
            assert self.of_place(places.ExpireHold, name) is None
        early = [name for name, place in self.model.places.items() if place.status == "held"]
        for name in early[:1]:
            assert self.of_place(places.ExpireHold, name) == "not_due"

    @invariant()
    def both_know_the_same(self) -> None:
        if not hasattr(self, "model"):
            return
        for number, session_id in enumerate(SESSIONS):
            found: Session = self.states[session_id]
            assert found.taken == self.model.taken(number) <= CAPACITIES[number]
        day: ServiceDay = self.states[DAY]
        assert (day.taken, day.waiting) == (
            sum(CAPACITIES) - len(self.model.free()),
            len(self.model.line),
        )
        for name, place in self.model.places.items():
            assert self.states[self.ids[name]].status == place.status
        for name, entry in self.model.entries.items():
            wait: Wait = self.states[self.ids[name]]
            assert (wait.status, wait.offers) == (entry.status, entry.offers)
        line = [one.id for one in in_order(self.states, DAY)]
        assert line == [self.ids[name] for name in self.model.line]

    def teardown(self) -> None:
        if not hasattr(self, "facts"):
            return
        told = Evidence(facts=as_checked(self.facts))
        for check in (histories_are_legal, capacity_is_kept, lists_are_in_order):
            assert check(told).violations == []
        rebuilt = looked_up(RULES)
        for fact, at in self.facts:
            for state in DOMAIN.evolve(rebuilt, fact, at):
                rebuilt[state.id] = state
        for key, state in self.states.items():
            if isinstance(state, Session | Appointment | ServiceDay | Wait):
                assert rebuilt[key] == state


def as_checked(facts: list[tuple[Fact, datetime]]) -> list[Told]:
    """The facts as the checker reads them, which knows nothing of our types."""
    versions: dict[str, int] = {}
    told = []
    for number, (fact, at) in enumerate(facts, start=1):
        id_, payload = str(fact.aggregate_id), fact.model_dump_json()
        versions[id_] = versions.get(id_, 0) + 1
        told.append(
            Told(
                "booking",
                number,
                f"event-{number}",
                fact.wire_type(),
                id_,
                versions[id_],
                fact.topic_name,
                fact.key,
                at,
                at,
                "public",
                payload,
                json.loads(payload),
            )
        )
    return told


TestDay = Day.TestCase
TestDay.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
