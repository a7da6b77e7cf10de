"""What tracking is asked to do, and what it answers. How it comes in is for `api` and `consumers`.

A report makes the same command at both doors, so that both share one memory of what was answered.
"""

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, BaseModel, Field

from contracts.agencies import ActivityReported, StageReported
from contracts.base import Answer, Code, Command, Refused, ShortText
from contracts.ids import (
    Actor,
    AgencyId,
    ApplicationId,
    JourneyCode,
    MallId,
    PersonId,
    ReportId,
    ServiceCode,
    StageCode,
    TicketId,
)
from services.tracking.domain import refusals
from services.tracking.domain.lookups import EntryKey, EntryKind, TrackingCode

AHEAD_AT_MOST = timedelta(days=1)
"""How far in the future an agency's clock may be."""


class SubmitApplication(Command):
    """A citizen hands in an application; without a journey any agency may report activities."""

    minted = frozenset({"application_id", "code_digest"})
    refusals: ClassVar = refusals.OF_SUBMISSION

    application_id: ApplicationId
    code_digest: bytes = Field(repr=False)
    journey: JourneyCode | None = None
    mall: MallId | None = None
    service: ServiceCode | None = None
    applicant_id: PersonId | None = None
    ticket_id: TicketId | None = None

    def needs(self) -> Sequence[Hashable]:
        """What it names of the catalogue, and the code that goes with the new application."""
        named: list[tuple[EntryKind, str | None]] = [
            ("journey", self.journey),
            ("service", self.service),
            ("mall", self.mall),
        ]
        entries = [EntryKey(kind, code) for kind, code in named if code is not None]
        return [TrackingCode(self.application_id, self.code_digest), *entries]


class Submitted(Answer):
    """The id of the new application. Its code is derived from it at the edge, never stored."""

    application_id: ApplicationId


class ResubmitStage(Command):
    """The applicant mended the file that a stage had returned."""

    refusals: ClassVar = refusals.OF_RESUBMISSION

    application_id: ApplicationId
    stage: StageCode

    def needs(self) -> Sequence[Hashable]:
        """The application."""
        return [self.application_id]


class Caused(BaseModel):
    """One fact: its type, its number within the application, and the stage that it is about."""

    type: str
    version: int
    stage: StageCode | None = None


class Changed(Answer):
    """What became true: `version` is the application's newest, to be waited for when reading."""

    application_id: ApplicationId
    version: int
    facts: tuple[Caused, ...]


class _Report(Command):
    """What both reports share. `at` is the agency's own time, unless that cannot be believed."""

    minted = frozenset({"received_at"})
    refusals: ClassVar = refusals.OF_REPORT

    agency: AgencyId
    occurred_at: AwareDatetime
    received_at: AwareDatetime


class RecordStageReport(_Report):
    """An agency moved its stage."""

    report: StageReported

    def needs(self) -> Sequence[Hashable]:
        """The application, and what is known under the report's id."""
        return [self.report.application_id, self.report.report_id]


class RecordActivityReport(_Report):
    """An agency did something to an application on an open journey."""

    report: ActivityReported

    def needs(self) -> Sequence[Hashable]:
        """As for a stage, and the agency's entry in the catalogue."""
        agency = EntryKey("agency", self.agency)
        return [self.report.application_id, self.report.report_id, agency]


def report_command(
    agency: AgencyId,
    report: StageReported | ActivityReported,
    occurred_at: datetime,
    received_at: datetime,
) -> RecordStageReport | RecordActivityReport:
    """The command of a report, equal for equal reports whatever the door."""
    occurred_at = occurred_at.astimezone(UTC)
    shared: dict[str, Any] = {
        "actor": Actor(f"agency:{agency}"),
        "at": occurred_at if is_believable(occurred_at, received_at) else received_at,
        "key": f"report:{report.report_id}",
        "agency": agency,
        "occurred_at": occurred_at,
        "received_at": received_at,
    }
    if isinstance(report, StageReported):
        return RecordStageReport(report=report, **shared)
    return RecordActivityReport(report=report, **shared)


def is_believable(occurred_at: datetime, received_at: datetime) -> bool:
    """Clocks differ, but not by more than a day."""
    return occurred_at - received_at <= AHEAD_AT_MOST


class AnswerRejected(Command):
    """Tell an agency that a record of it could not be taken as a report at all."""

    agency: AgencyId
    application_id: ApplicationId
    report_id: ReportId
    reason: Code
    title_id: ShortText
    title_en: ShortText

    def needs(self) -> Sequence[Hashable]:
        """What is known under the report's id."""
        return [self.report_id]


class Refusal(BaseModel):
    """A refusal as data: the same that the agency finds on its answers topic."""

    code: Code
    kind: str
    title_id: ShortText
    title_en: ShortText
    details: Annotated[dict[str, str | int], Field(default_factory=dict)]


class ReportAnswer(Answer):
    """What became of a report: facts of the application, or a refusal and none.

    `version` is the application's newest after the report, to be waited for when reading.
    """

    report_id: ReportId
    application_id: ApplicationId
    version: int = 0
    facts: tuple[Caused, ...] = ()
    refusal: Refusal | None = None


class ReportRefusedBefore(Refused):
    """A refusal that stands in a stored answer, to be given over HTTP."""

    code = "report_refused"
    title_id = "Laporan ditolak"
    title_en = "The report was refused"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(**refusal.details)
        self._refusal = refusal

    def problem(self) -> dict[str, Any]:
        """The refusal as it was decided."""
        return self._refusal.model_dump()
