"""One application on its journey: which report is legal, what it causes, and what a fact changes.

The only way it changes is `after(fact)`; nothing here knows commands or answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from contracts import entries, tracking
from contracts.agencies import ActivityReported, StageReported
from contracts.base import Fact
from contracts.ids import AgencyId, ApplicationId, JourneyCode, StageCode
from services.tracking.domain import refusals

StageState = Literal["waiting", "open", "accepted", "returned", "done", "refused"]
Life = Literal["running", "completed", "refused"]

_STATE_AFTER: Mapping[type[Fact], StageState] = {
    tracking.StageOpened: "open",
    tracking.StageResubmitted: "open",
    tracking.StageAccepted: "accepted",
    tracking.StageReturned: "returned",
    tracking.StageDone: "done",
    tracking.StageRefused: "refused",
}
_LIFE_AFTER: Mapping[type[Fact], Life] = {
    tracking.ApplicationCompleted: "completed",
    tracking.ApplicationRefused: "refused",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of this application's journey, with what the rules need of the catalogue."""

    code: StageCode
    agency: AgencyId
    after: tuple[StageCode, ...] = ()
    may_return: bool = False
    state: StageState = "waiting"


@dataclass(frozen=True, slots=True)
class Application:
    """An application. Without a `journey` it is open: agencies report activities freely."""

    id: ApplicationId
    version: int
    journey: JourneyCode | None = None
    revision: int | None = None
    life: Life = "running"
    stages: tuple[Stage, ...] = ()

    def stage_reported(self, agency: AgencyId, report: StageReported) -> list[Fact]:
        """What this report makes true. Raises the refusal of the rule that it breaks."""
        if self.journey is None:
            raise refusals.ReportsActivitiesOnly
        stage = self._stage(report.stage)
        if stage.agency != agency:
            raise refusals.NotThisAgencysStage(stage=stage.code)
        _check_turn(stage, report)
        return [*self._said(agency, report), *self._opened_by(report)]

    def activity_reported(self, agency: AgencyId, report: ActivityReported) -> list[Fact]:
        """The same for an activity on an open journey."""
        if self.journey is not None:
            raise refusals.ReportsStagesOnly(journey=self.journey)
        return [
            tracking.ActivityRecorded(
                application_id=self.id,
                agency=agency,
                report_id=report.report_id,
                activity=report.activity,
                lifecycle=report.lifecycle,
            )
        ]

    def resubmitted(self, code: StageCode) -> list[Fact]:
        """The applicant mended the file of this stage."""
        stage = self._stage(code)
        if stage.state != "returned":
            raise refusals.StageNotReturned(stage=code, state=stage.state)
        return [tracking.StageResubmitted(application_id=self.id, stage=code, agency=stage.agency)]

    def after(self, fact: Fact) -> "Application":
        """The application once the fact is true."""
        state = _STATE_AFTER.get(type(fact))
        if state is not None:
            return self._with(getattr(fact, "stage"), state)  # noqa: B009 - all of them have one
        life = _LIFE_AFTER.get(type(fact), self.life)
        return Application(
            self.id, self.version + 1, self.journey, self.revision, life, self.stages
        )

    def _stage(self, code: StageCode) -> Stage:
        if self.life != "running":
            raise refusals.ApplicationEnded(state=self.life)
        for stage in self.stages:
            if stage.code == code:
                return stage
        raise refusals.StageUnknown(stage=code)

    def _said(self, agency: AgencyId, report: StageReported) -> list[Fact]:
        about: dict[str, Any] = {"application_id": self.id, "stage": report.stage}
        by: dict[str, Any] = {**about, "agency": agency, "report_id": report.report_id}
        match report.outcome:
            case "accepted":
                return [tracking.StageAccepted(**by)]
            case "returned":
                return [tracking.StageReturned(**by, requirement=report.requirement or "")]
            case "done":
                return [tracking.StageDone(**by)]
            case "refused":
                because = {"reason": report.reason or ""}
                return [
                    tracking.StageRefused(**by, **because),
                    tracking.ApplicationRefused(**about, **because),
                ]

    def _opened_by(self, report: StageReported) -> list[Fact]:
        """What a finished stage sets free: the stages that waited for it, or the end."""
        if report.outcome != "done":
            return []
        done = {stage.code for stage in self.stages if stage.state == "done"} | {report.stage}
        if len(done) == len(self.stages):
            return [tracking.ApplicationCompleted(application_id=self.id)]
        return _openings(self.id, self.stages, done)

    def _with(self, code: StageCode, state: StageState) -> "Application":
        stages = tuple(
            replace(stage, state=state) if stage.code == code else stage for stage in self.stages
        )
        return replace(self, version=self.version + 1, stages=stages)


def begun(fact: tracking.ApplicationSubmitted, journey: entries.Journey | None) -> Application:
    """The application that this fact begins; `journey` is the revision that it keeps to its end."""
    stages = journey.stages if journey is not None else ()
    return Application(
        id=fact.application_id,
        version=1,
        journey=fact.journey,
        revision=fact.journey_revision,
        stages=tuple(
            Stage(stage.code, stage.agency, stage.after, stage.may_return) for stage in stages
        ),
    )


def first_stages(application: Application) -> list[Fact]:
    """The stages that wait for nothing, opened."""
    return _openings(application.id, application.stages, set())


def _openings(
    application_id: ApplicationId, stages: Sequence[Stage], done: set[StageCode]
) -> list[Fact]:
    return [
        tracking.StageOpened(application_id=application_id, stage=stage.code, agency=stage.agency)
        for stage in stages
        if stage.state == "waiting" and stage.code not in done and done.issuperset(stage.after)
    ]


def _check_turn(stage: Stage, report: StageReported) -> None:
    """A stage is reported while it lies with its agency, and in a way that its journey allows."""
    if stage.state == "returned":
        raise refusals.StageAwaitsApplicant(stage=stage.code)
    if stage.state not in {"open", "accepted"}:
        raise refusals.StageNotOpen(stage=stage.code, state=stage.state)
    if report.outcome == "accepted" and stage.state == "accepted":
        raise refusals.StageAlreadyAccepted(stage=stage.code)
    if report.outcome == "returned" and not stage.may_return:
        raise refusals.StageMayNotReturn(stage=stage.code)
