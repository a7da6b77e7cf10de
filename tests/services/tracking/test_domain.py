"""The rules of an application without any technology: tables of cases, and random histories."""

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import entries, tracking
from contracts.agencies import ActivityReported, StageReported
from contracts.base import Command, Fact, Refused
from contracts.ids import (
    Actor,
    AgencyId,
    ApplicationId,
    JourneyCode,
    MallId,
    ReportId,
    ServiceCode,
    StageCode,
)
from services.tracking import commands
from services.tracking.domain import refusals
from services.tracking.domain.application import Application, begun
from services.tracking.domain.evolution import evolve
from services.tracking.domain.lookups import EntryKey, KnownEntry
from services.tracking.wiring import DOMAIN
from tests.services.tracking.desk import AGENCIES, JOURNEY

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
MODEL = entries.Journey.model_validate(JOURNEY)
ID = ApplicationId.of("the application")
OWNERS = {stage.code: stage.agency for stage in MODEL.stages}


class World:
    """The loaded states, and every fact so far."""

    def __init__(self, journey: str | None = "izin-bangunan") -> None:
        self.states: dict[Hashable, Any] = {
            key: KnownEntry(key, MODEL if key.kind == "journey" else None)
            for key in [
                EntryKey("journey", "izin-bangunan"),
                *(EntryKey("agency", agency) for agency in AGENCIES),
            ]
        }
        self.facts: list[Fact] = []
        self.reports = 0
        code = JourneyCode(journey) if journey else None
        self.do(submission(journey=code))

    def do(self, command: Command) -> Any:
        """Decide and apply."""
        decision = DOMAIN.handlers[type(command)](command, self.states)
        for fact in decision.facts:
            for state in evolve(self.states, fact, command.at):
                self.states[state.id] = state
            self.facts.append(fact)
        return decision.answer

    def report(self, agency: str, stage: str, outcome: str, **more: Any) -> commands.ReportAnswer:
        """What an agency is answered."""
        self.reports += 1
        report = StageReported.model_validate(
            {
                "report_id": str(ReportId.of(str(self.reports))),
                "application_id": str(ID),
                "stage": stage,
                "outcome": outcome,
                "requirement": "gambar_rencana",
                "reason": "kawasan_lindung",
                **more,
            }
        )
        answer: commands.ReportAnswer = self.do(command_of(agency, report))
        return answer

    def resubmit(self, stage: str) -> Any:
        """The applicant mends a file."""
        command = commands.ResubmitStage(
            actor=Actor("public"), at=NOW, key="k", application_id=ID, stage=StageCode(stage)
        )
        return self.do(command)

    @property
    def application(self) -> Application:
        """The state."""
        found: Application = self.states[ID]
        return found

    def own_facts(self) -> list[Fact]:
        """Those of the application."""
        return [fact for fact in self.facts if fact.aggregate == "application"]


def submission(**named: Any) -> commands.SubmitApplication:
    return commands.SubmitApplication(
        actor=Actor("public"), at=NOW, key="k", application_id=ID, code_digest=b"", **named
    )


def command_of(
    agency: str, report: StageReported | ActivityReported, at: datetime = NOW
) -> commands.RecordStageReport | commands.RecordActivityReport:
    return report_command(AgencyId(agency), report, at, NOW)


report_command = commands.report_command


def refold(facts: Sequence[Fact]) -> Application:
    """The state from nothing but the facts."""
    first, *rest = facts
    assert isinstance(first, tracking.ApplicationSubmitted)
    application = begun(first, MODEL if first.journey else None)
    for fact in rest:
        application = application.after(fact)
    return application


def short(facts: Sequence[Fact]) -> list[str]:
    return [
        ":".join(filter(None, (fact.type.split(".")[1], getattr(fact, "stage", None))))
        for fact in facts
        if fact.aggregate == "application"
    ]


def test_stages_open_in_sequence_in_parallel_and_at_a_join() -> None:
    world = World()
    assert short(world.facts) == ["application_submitted", "stage_opened:kelengkapan"]
    world.report("dpmptsp", "kelengkapan", "accepted")
    world.report("dpmptsp", "kelengkapan", "done")
    assert short(world.facts)[-2:] == ["stage_opened:lingkungan", "stage_opened:teknis"]
    world.report("dinas-teknis", "teknis", "returned")
    world.resubmit("teknis")
    world.report("dinas-teknis", "teknis", "done")
    assert "stage_opened:penerbitan" not in short(world.facts)
    world.report("dlh", "lingkungan", "done")
    assert short(world.facts)[-1] == "stage_opened:penerbitan"
    world.report("dpmptsp", "penerbitan", "done")
    assert short(world.facts)[-2:] == ["stage_done:penerbitan", "application_completed"]
    assert world.application.life == "completed"
    assert world.application.version == len(world.own_facts())


@pytest.mark.parametrize(
    "agency, stage, outcome, code",
    [
        ("dlh", "kelengkapan", "done", "not_this_agencys_stage"),
        ("dpmptsp", "penerbitan", "done", "stage_not_open"),
        ("dpmptsp", "tidak-ada", "done", "stage_unknown"),
        ("dlh", "lingkungan", "accepted", "stage_not_open"),
    ],
)
def test_a_report_out_of_turn_is_refused_by_name_and_changes_nothing(
    agency: str, stage: str, outcome: str, code: str
) -> None:
    world = World()
    before = world.application
    answer = world.report(agency, stage, outcome)
    assert answer.refusal is not None
    assert answer.refusal.code == code
    assert world.application == before
    last = world.facts[-1]
    assert isinstance(last, tracking.ReportRefused)
    assert (last.code, last.agency) == (code, agency)


def refusal_of(answer: commands.ReportAnswer) -> str:
    return answer.refusal.code if answer.refusal else "accepted"


def test_a_returned_stage_must_be_resubmitted_before_it_is_reported_again() -> None:
    world = World()
    world.report("dpmptsp", "kelengkapan", "returned")
    answer = world.report("dpmptsp", "kelengkapan", "done")
    assert refusal_of(answer) == "stage_awaits_applicant"
    world.resubmit("kelengkapan")
    with pytest.raises(refusals.StageNotReturned):
        world.resubmit("kelengkapan")
    assert refusal_of(world.report("dpmptsp", "kelengkapan", "done")) == "accepted"


def test_a_stage_returns_only_if_its_journey_lets_it_and_is_accepted_once() -> None:
    world = World()
    world.report("dpmptsp", "kelengkapan", "accepted")
    again = world.report("dpmptsp", "kelengkapan", "accepted")
    assert refusal_of(again) == "stage_already_accepted"
    world.report("dpmptsp", "kelengkapan", "done")
    assert refusal_of(world.report("dlh", "lingkungan", "returned")) == "stage_may_not_return"


def test_activities_belong_to_open_journeys_and_stages_to_modelled_ones() -> None:
    activity = ActivityReported(report_id=ReportId.of("a"), application_id=ID, activity="Cek")
    assert refusal_of(World().do(command_of("dlh", activity))) == "reports_stages_only"
    open_world = World(journey=None)
    assert refusal_of(open_world.do(command_of("dlh", activity))) == "accepted"
    stage = open_world.report("dlh", "lingkungan", "done")
    assert refusal_of(stage) == "reports_activities_only"
    stranger = activity.model_copy(update={"report_id": ReportId.of("b")})
    assert refusal_of(open_world.do(command_of("tak-dikenal", stranger))) == "agency_unknown"


def test_a_time_more_than_a_day_ahead_is_refused_and_not_believed() -> None:
    activity = ActivityReported(report_id=ReportId.of("a"), application_id=ID, activity="Cek")
    world = World(journey=None)
    soon = command_of("dlh", activity, NOW + timedelta(days=1))
    assert soon.at == NOW + timedelta(days=1)
    far = command_of("dlh", activity, NOW + timedelta(days=1, microseconds=1))
    assert far.at == NOW
    assert refusal_of(world.do(far)) == "time_in_future"


def test_a_report_id_that_names_another_thing_is_refused_without_a_fact() -> None:
    world = World()
    report = StageReported(
        report_id=ReportId(ID), application_id=ID, stage=StageCode("kelengkapan"), outcome="done"
    )
    with pytest.raises(refusals.ReportIdTaken):
        world.do(command_of("dpmptsp", report))
    world.report("dpmptsp", "kelengkapan", "accepted", report_id=str(ReportId.of("x")))
    with pytest.raises(refusals.ReportIdTaken):
        world.report("dlh", "lingkungan", "done", report_id=str(ReportId.of("x")))


@pytest.mark.parametrize(
    "named, refusal",
    [
        ({"journey": JourneyCode("tidak-ada")}, refusals.JourneyUnknown),
        ({"service": ServiceCode("DUK-KTP")}, refusals.ServiceUnknown),
        ({"mall": MallId("tidak-ada")}, refusals.MallUnknown),
    ],
)
def test_what_the_catalogue_does_not_know_is_refused(
    named: dict[str, Any], refusal: type[Refused]
) -> None:
    with pytest.raises(refusal):
        World().do(submission(**named))


MOVES = st.lists(
    st.tuples(
        st.sampled_from(sorted(AGENCIES)),
        st.sampled_from([*OWNERS, "tidak-ada"]),
        st.sampled_from(["accepted", "returned", "done", "refused", "resubmit"]),
    ),
    max_size=40,
)
# Half of the moves are made by the owner, so that long histories come about.
GUIDED = st.lists(
    st.tuples(
        st.sampled_from(sorted(OWNERS)),
        st.sampled_from(["accepted", "done", "done", "returned", "resubmit"]),
    ).map(lambda move: (OWNERS[move[0]], *move)),
    max_size=40,
)


def order_is_legal(facts: Sequence[Fact]) -> None:
    """Checked on the facts alone, apart from the code that decided them."""
    done: set[str] = set()
    opened: set[str] = set()
    for place, fact in enumerate(facts):
        match fact:
            case tracking.StageOpened():
                after = next(s.after for s in MODEL.stages if s.code == fact.stage)
                assert done.issuperset(after)
                assert fact.stage not in opened
                opened.add(fact.stage)
            case tracking.StageDone():
                assert fact.stage in opened - done
                done.add(fact.stage)
            case tracking.ApplicationCompleted() | tracking.ApplicationRefused():
                assert place == len(facts) - 1
            case _:
                pass
        if isinstance(
            fact,
            tracking.StageAccepted
            | tracking.StageReturned
            | tracking.StageDone
            | tracking.StageRefused,
        ):
            assert fact.agency == OWNERS[fact.stage]


@settings(max_examples=150, deadline=None)
@given(st.one_of(MOVES, GUIDED))
def test_no_row_of_reports_corrupts_an_application(moves: list[tuple[str, str, str]]) -> None:
    world = World()
    for agency, stage, outcome in moves:
        before, known = world.application, len(world.own_facts())
        try:
            if outcome == "resubmit":
                world.resubmit(stage)
                was_accepted = True
            else:
                was_accepted = world.report(agency, stage, outcome).refusal is None
        except Refused:
            was_accepted = False
        changed = len(world.own_facts()) > known
        assert changed == was_accepted
        if not was_accepted:
            assert world.application == before
        if before.life != "running":
            assert not was_accepted
    assert world.application == refold(world.own_facts())
    assert world.application.version == len(world.own_facts())
    order_is_legal(world.own_facts())


def test_guided_histories_do_reach_an_end() -> None:
    world = World()
    for _ in range(len(MODEL.stages)):
        for stage, agency in OWNERS.items():
            world.report(agency, stage, "done")
    assert world.application.life == "completed"
