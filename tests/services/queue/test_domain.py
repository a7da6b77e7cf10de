"""The rules of the queue without any storage: histories of random commands, and the mall's day."""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.decide import Domain
from contracts.base import Answer, Command, Fact, Refused
from contracts.ids import (
    Actor,
    CounterCode,
    CounterSessionId,
    LineId,
    MallId,
    ServiceCode,
    TicketId,
)
from contracts.queue import TicketCalled, TicketIssued
from services.queue.commands.calls import CallNextTicket, FinishTicket, ServeTicket
from services.queue.commands.counters import CloseCounter, OpenCounter
from services.queue.commands.tickets import IssueTicket
from services.queue.domain.counter import Counter, counter_id_of
from services.queue.domain.line import Line, line_id_of
from services.queue.domain.mall import Mall, prefix_of
from services.queue.domain.order import WALK_IN, HeadOf, QueueHead
from services.queue.domain.ticket import Status, Ticket
from services.queue.wiring import DOMAIN

MALL = MallId("mpp-uji")
KTP, KIA = ServiceCode("DUK-KTP"), ServiceCode("DUK-KIA")
COUNTERS = {CounterCode("K-01"): (KTP, KIA), CounterCode("K-02"): (KTP,)}
AT = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)  # half past midnight on 2 March in Jayapura
TODAY = date(2026, 3, 2)
SESSION = CounterSessionId.of("one")
LINES = [line_id_of(MALL, service, TODAY) for service in (KTP, KIA)]


# What happens more often in an office stands here twice.
MOVES = ["issue", "issue", "open", "close", "call", "call", "serve", "finish", "give_up"]


def at_first() -> dict[Hashable, Any]:
    heads = [QueueHead.of(line_id) for line_id in LINES]
    return {
        MALL: Mall(MALL, "Asia/Jayapura", COUNTERS),
        **{head.id: head for head in heads},
    }


@dataclass
class History:
    """What dispatch does, in memory: decide, apply, keep the facts."""

    domain: Domain = DOMAIN
    states: dict[Hashable, Any] = field(default_factory=at_first)
    facts: list[tuple[Fact, datetime]] = field(default_factory=list)

    def ask(self, command: Command) -> Answer | str:
        """The answer, or the code of the refusal."""
        try:
            decision = self.domain.handlers[type(command)](command, self.states)
        except Refused as refusal:
            return refusal.code
        for fact in decision.facts:
            self.take(fact, command.at)
        return decision.answer

    def take(self, fact: Fact, at: datetime) -> None:
        self.facts.append((fact, at))
        for state in self.domain.evolve(self.states, fact, at):
            self.states[state.id] = state

    def of(self, kind: type[Any]) -> list[Any]:
        return [state for state in self.states.values() if isinstance(state, kind)]


def command(kind: type[Command], at: datetime = AT, **values: Any) -> Command:
    common = {"actor": Actor("officer:one"), "at": at, "key": "key-of-test"}
    return kind.model_validate({**common, **values})


def by_its_officer(code: CounterCode, made: Command) -> Command:
    """The same, wanted by whoever sits at this counter."""
    return made.model_copy(update={"actor": Actor(f"officer:{code.lower()}")})


def move_of(history: History, move: str, choice: int, at: datetime) -> Command:
    """A command that may or may not be allowed now."""
    code = list(COUNTERS)[choice % 2]
    own = {"mall": MALL, "counter": code}
    at_counter = {"counter_id": counter_id_of(MALL, code), "staff_mall": MALL}
    issued = len(history.of(Ticket))
    ticket = {"ticket_id": TicketId.of(str(choice % max(issued, 1)))}
    form = {"mall": MALL, "service": (KTP, KIA)[choice % 2], "staff_mall": MALL}
    commands = {
        "issue": command(IssueTicket, at, ticket_id=TicketId.of(str(issued)), **form),
        "open": command(OpenCounter, at, **own, session_id=SESSION),
        "close": command(CloseCounter, at, **own, reason="end_of_day"),
        "call": command(CallNextTicket, at, **at_counter),
        "serve": command(ServeTicket, at, **ticket, **at_counter),
        "finish": command(FinishTicket, at, **ticket, **at_counter, outcome="served"),
        "give_up": command(FinishTicket, at, **ticket, **at_counter, outcome="no_show"),
    }
    return by_its_officer(code, commands[move])


moves = st.lists(
    st.tuples(
        st.sampled_from(
            ["issue", "issue", "open", "close", "call", "call", "serve", "finish", "give_up"]
        ),
        st.integers(0, 60),
    ),
    max_size=60,
)


@given(moves)
def test_no_history_breaks_a_promise_and_the_trail_rebuilds_the_state(
    chosen: list[tuple[str, int]],
) -> None:
    history = History()
    for second, (move, choice) in enumerate(chosen):
        history.ask(move_of(history, move, choice, AT + timedelta(seconds=second)))
        check_promises(history)
    rebuilt = History()
    for fact, at in history.facts:
        rebuilt.take(fact, at)
    assert rebuilt.states == history.states


def check_promises(history: History) -> None:
    issued: dict[LineId, list[int]] = defaultdict(list)
    called: dict[LineId, list[int]] = defaultdict(list)
    for fact, _ in history.facts:
        if isinstance(fact, TicketIssued):
            issued[fact.line_id].append(fact.number)
        elif isinstance(fact, TicketCalled):
            called[fact.line_id].append(fact.number)
    for numbers in (*issued.values(), *called.values()):
        assert numbers == list(range(1, len(numbers) + 1))
    for line in history.of(Line):
        assert line.waiting.total == line.last_number - len(called[line.id])
        head = history.states[HeadOf(line.id)].standing(WALK_IN)
        assert len(head.places) == line.waiting.total
    check_counters(history)


def check_counters(history: History) -> None:
    at_counters = [one.ticket_id for one in history.of(Counter) if one.ticket_id is not None]
    live = [one.id for one in history.of(Ticket) if one.status in {Status.CALLED, Status.SERVED}]
    assert sorted(at_counters) == sorted(live)


def test_the_day_of_a_ticket_is_the_day_on_the_wall_of_the_mall() -> None:
    history = History()
    for at in (AT - timedelta(hours=1), AT):
        made = TicketId.of(at.isoformat())
        form = {"ticket_id": made, "mall": MALL, "service": KTP, "staff_mall": MALL}
        history.ask(command(IssueTicket, at, **form))
    days = [
        (fact.service_date, fact.number)
        for fact, _ in history.facts
        if isinstance(fact, TicketIssued)
    ]
    assert days == [(date(2026, 3, 1), 1), (date(2026, 3, 2), 1)]


@pytest.mark.parametrize(
    "service, number, label",
    [("DUK-KTP", 7, "KTP-007"), ("PTSP-SIP", 120, "SIP-120"), ("DUK-KTP", 1000, "KTP-1000")],
)
def test_a_label_names_service_and_number(service: str, number: int, label: str) -> None:
    line = Line.begun(MALL, ServiceCode(service), TODAY)
    assert line.label_of(prefix_of(line.service), number) == label
