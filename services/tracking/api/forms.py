"""What comes in and goes out over HTTP: the forms of requests and answers."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    model_validator,
)

from contracts.agencies import ActivityReported, StageOutcome, StageReported
from contracts.base import Code, ShortText
from contracts.ids import (
    ApplicationId,
    JourneyCode,
    MallId,
    PersonId,
    ReportId,
    ServiceCode,
    StageCode,
    TicketId,
)
from services.tracking.commands import Caused


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Application(_Form):
    """What is handed in. Without a journey any agency of the catalogue may report activities."""

    journey: JourneyCode | None = None
    mall: MallId | None = None
    service: ServiceCode | None = None
    applicant_id: PersonId | None = None
    ticket_id: TicketId | None = None


class NewApplication(BaseModel):
    """Its id for offices, and its code for the applicant: shown now and kept nowhere."""

    application_id: ApplicationId
    tracking_code: str


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time lies between the years 1 and 9999") from None


Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class StageReport(_Form):
    """An agency moved its stage. `report_id` is the agency's own, one per report."""

    type: Literal["stage"]
    report_id: ReportId
    application_id: ApplicationId
    occurred_at: Time
    stage: StageCode
    outcome: StageOutcome
    requirement: Code | None = None
    reason: Code | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> "StageReport":
        self.reported()
        return self

    def reported(self) -> StageReported:
        """The report as it would stand on Kafka. Raises ValidationError if it says too little."""
        return StageReported(**self.model_dump(exclude={"type", "occurred_at"}))


class ActivityReport(_Form):
    """An agency did something to an application on an open journey."""

    type: Literal["activity"]
    report_id: ReportId
    application_id: ApplicationId
    occurred_at: Time
    activity: ShortText
    lifecycle: Code = "complete"

    def reported(self) -> ActivityReported:
        """The report as it would stand on Kafka."""
        return ActivityReported(**self.model_dump(exclude={"type", "occurred_at"}))


class Report(RootModel[Annotated[StageReport | ActivityReport, Field(discriminator="type")]]):
    """One report; `type` says which kind."""


class AcceptedReport(BaseModel):
    """The report became part of the application's history, and this is what it caused."""

    report_id: ReportId
    application_id: ApplicationId
    version: int
    facts: tuple[Caused, ...]


class Entries(BaseModel):
    """A page of the timeline. `next` is the `after` of the following page."""

    entries: list[dict[str, Any]]
    position: int
    next: int
