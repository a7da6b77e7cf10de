"""A small run in which everything is right, to be spoilt in one place at a time."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from checker.evidence import Command, Event, Evidence, Fact, Leaf, Line, Place, Record
from checker.readmodel import SHOWN_TOPICS, fold
from checker.trail import in_ledger

OFFICER = "officer:o"
BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
STAGES: list[dict[str, Any]] = [
    {"code": "a", "agency": "x", "may_return": True},
    {"code": "b", "agency": "y", "after": ["a"]},
]
TOPICS = {
    "session_opened": "booking.sessions.v1",
    "appointment": "booking.appointments.v1",
    "counter": "queue.counters.v1",
    "ticket": "queue.tickets.v1",
    "report": "agency.x.answers.v1",
    "notification": "notify.notifications.v1",
    "checkpoint": "ledger.checkpoints.v1",
}


@dataclass
class World:
    """Commands, what clients saw of them, and their facts."""

    facts: list[Fact] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    history: list[Event] = field(default_factory=list)
    _versions: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def fact(self, type_: str, id_: str, actor: str = "system:x", **data: Any) -> None:
        service, _, name = type_.partition(".")
        topic = next(
            (topic for word, topic in TOPICS.items() if name.startswith(word)),
            "tracking.applications.v1",
        )
        self._versions[id_] += 1
        number = len(self.facts) + 1
        at = BEGIN + timedelta(seconds=number)
        self.facts.append(
            Fact(
                service, number, f"e{number}", f"{type_}.v1", id_, self._versions[id_], topic, id_,
                at, at, actor, json.dumps(data), data,
            )
        )  # fmt: skip

    def command(  # a row, and what its client saw
        self, op: str, service: str, name: str, key: str, answer: Mapping[str, Any], **body: Any
    ) -> None:
        stored = f"report:{body['report_id']}" if "report_id" in body else key
        self.commands.append(Command(service, "operator:o", stored, name, answer))
        request = {"service": service, "path": f"/{op}", "body": body}
        self.see(op, "invoke", key, request)
        self.see(op, "ok", key, request, answer)

    def see(
        self,
        op: str,
        phase: str,
        key: str | None,
        request: Mapping[str, Any],
        answer: Mapping[str, Any] | None = None,
        call: int = 0,
    ) -> None:
        n = len(self.history) + 1
        self.history.append(Event(n, n * 10, "c", op, phase, key, call, request, None, answer))

    def evidence(self) -> Evidence:
        """The run as it is found afterwards."""
        positions: dict[str, int] = defaultdict(int)
        offsets: dict[str, int] = defaultdict(int)
        leaves: list[Leaf] = []
        records: list[Record] = []
        for fact in sorted(self.facts, key=lambda one: one.topic):
            value = fact.payload.encode()
            records.append(Record(fact.topic, 0, offsets[fact.topic], fact.key, fact.id, value))
            offsets[fact.topic] += 1
            if in_ledger(fact):
                positions[fact.key] += 1
                leaves.append(
                    Leaf(len(leaves) + 1, fact.key, positions[fact.key], fact.id, fact.topic, value)
                )
        shown = [fact for fact in self.facts if fact.topic.startswith(SHOWN_TOPICS)]
        return Evidence(
            history=self.history,
            facts=self.facts,
            commands=self.commands,
            records=records,
            leaves=leaves,
            timeline=[Line(at, fact.id) for at, fact in enumerate(shown, start=1)],
            views=list(fold(self.facts).values()),
            journeys={("j", 1): STAGES},
            places=[Place("r", topic, 0, end, end) for topic, end in offsets.items()],
            recipients=frozenset({"p1"}),
            deliveries={"n1": 1},
            mails={"n1": 1},
        )


def right() -> World:
    """One of everything."""
    world = World()
    _booking(world)
    _queue(world)
    _tracking(world)
    world.command("register", "notify", "Register", "k-reg", {"person_id": "p1"})
    world.commands.pop()  # recipients are remembered elsewhere
    cause = {"cause_id": "e1", "recipient_id": "p1", "channel": "email"}
    world.fact("notify.notification_queued", "n1", **cause)
    world.fact("notify.notification_sent", "n1", attempt=1)
    world.fact("ledger.checkpoint_recorded", "c1", size=3)
    world.command("checkpoint", "ledger", "RecordCheckpoint", "k-cp", {"checkpoint_id": "c1"})
    for version in (1, 2, 2):
        call = len(world.history)
        request = {"service": "tracking", "path": "/v1/applications/app1"}
        world.see("read", "invoke", None, request, call=call)
        world.see("read", "ok", None, request, {"version": version}, call=call)
    for position in (1, 2, 3):
        world.see("stream", "ok", None, {}, {"position": position, "event": "fact"})
    return world


def _booking(world: World) -> None:
    world.fact("booking.session_opened", "s1", capacity=1)
    world.command("open_session", "booking", "OpenSession", "k-s", {"session_id": "s1"})
    for id_, person, end, name in (
        ("b1", "p1", "cancelled", "CancelAppointment"),
        ("b2", "p2", "checked_in", "CheckIn"),
    ):
        data = {"session_id": "s1", "person_id": person, "service": "S", "service_date": "d"}
        world.fact("booking.appointment_booked", id_, **data)
        answer = {"appointment_id": id_}
        world.command("book", "booking", "BookAppointment", f"k-{id_}", answer, person_id=person)
        world.fact(f"booking.appointment_{end}", id_, session_id="s1")
        world.command(end, "booking", name, f"k-{end}", answer)
    request = {"service": "booking", "path": "/book", "body": {}}
    world.see("book", "invoke", "k-no", request)
    world.see("book", "refused", "k-no", request)
    world.commands.append(Command("booking", "operator:o", "k-no", "BookAppointment", None))


def _queue(world: World) -> None:
    world.fact("queue.ticket_issued", "t1", **_place(1))
    admitted = Command("queue", "system:q", "e5", "AdmitAppointment", {"ticket_id": "t1"})
    world.commands.append(admitted)
    for id_, number in (("t2", 2), ("t3", 3)):
        world.fact("queue.ticket_issued", id_, **_place(number))
        world.command("walk_in", "queue", "IssueTicket", f"k-{id_}", {"ticket_id": id_})
    counter = {"mall": "m", "counter": "Z1"}
    world.fact("queue.counter_opened", "z1", **counter, officer=OFFICER)
    world.command("open_counter", "queue", "OpenCounter", "k-z", {"counter_id": "z1"})
    rule = {"policy": "umum", "policy_version": 0, "turn": 0}
    where = {"line_id": "l1", "queue_id": "l1", "step": 4, "lane": "reguler"}
    world.fact("queue.ticket_called", "t1", OFFICER, **where, **counter, **rule)
    called = {"ticket": {"ticket_id": "t1"}}
    world.command("call_next", "queue", "CallNextTicket", "k-call", called)
    world.fact("queue.ticket_served", "t1", OFFICER, counter="Z1")
    world.command("serve", "queue", "ServeTicket", "k-serve", {"ticket_id": "t1"})
    world.fact("queue.ticket_finished", "t1", OFFICER, counter="Z1", outcome="served")
    world.command("finish", "queue", "FinishTicket", "k-finish", {"ticket_id": "t1"})


def _place(number: int) -> dict[str, Any]:
    """A walk-in's place in the line."""
    return {
        "line_id": "l1",
        "queue_id": "l1",
        "mall": "m",
        "service": "S",
        "number": number,
        "lane": "reguler",
        "step": number,
        "place_at": (BEGIN + timedelta(seconds=number)).isoformat(),
    }


def _tracking(world: World) -> None:
    answer = {"application_id": "app1"}
    world.fact("tracking.application_submitted", "app1", journey="j", journey_revision=1)
    world.fact("tracking.stage_opened", "app1", stage="a", agency="x")
    world.command("submit", "tracking", "SubmitApplication", "k-app", answer)
    _report(world, "r1", "x", "a", "accepted")
    _report(world, "r2", "x", "a", "returned")
    world.fact("tracking.stage_resubmitted", "app1", stage="a", agency="x")
    world.command("resubmit", "tracking", "ResubmitStage", "k-again", answer)
    _report(world, "r3", "x", "a", "done")
    world.fact("tracking.stage_opened", "app1", stage="b", agency="y")
    _report(world, "r4", "y", "b", "done")
    world.fact("tracking.application_completed", "app1")
    world.fact("tracking.application_submitted", "app2")
    world.command("submit", "tracking", "SubmitApplication", "k-2", {"application_id": "app2"})
    world.fact("tracking.activity_recorded", "app2", "agency:x", agency="x", report_id="r5")
    world.fact("tracking.report_accepted", "r5", "agency:x", agency="x")
    world.command(
        "report", "tracking", "RecordActivityReport", "k-r5", {"report_id": "r5"}, report_id="r5"
    )


def _report(world: World, id_: str, agency: str, stage: str, outcome: str) -> None:
    actor, data = f"agency:{agency}", {"stage": stage, "agency": agency, "report_id": id_}
    world.fact(f"tracking.stage_{outcome}", "app1", actor, **data)
    world.fact("tracking.report_accepted", id_, actor, agency=agency)
    answer = {"report_id": id_}
    world.command("report", "tracking", "RecordStageReport", f"k-{id_}", answer, report_id=id_)
