"""Facts of tracking: an application on its way through agencies, and the answers to reports.

`report_id` in a fact names the report that led to it, so that an agency finds what it caused.
"""

from contracts.base import Code, Count, Fact, ShortText
from contracts.ids import (
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


class _OfApplication(Fact):
    """What the facts about one application share."""

    aggregate = "application"
    identity = "application_id"
    topic = "tracking.applications.v1"

    application_id: ApplicationId


class ApplicationSubmitted(_OfApplication):
    """A citizen handed in an application.

    `journey_revision` is the revision of the journey that this application keeps to its end; both
    are absent for an open journey, where agencies report activities freely.
    """

    type = "tracking.application_submitted"

    mall: MallId | None = None
    service: ServiceCode | None = None
    journey: JourneyCode | None = None
    journey_revision: Count | None = None
    applicant_id: PersonId | None = None
    ticket_id: TicketId | None = None


class StageOpened(_OfApplication):
    """All that this stage waits for is done: it lies with the agency now."""

    type = "tracking.stage_opened"

    stage: StageCode
    agency: AgencyId


class StageAccepted(_OfApplication):
    """The agency found the file complete: its clock runs from here."""

    type = "tracking.stage_accepted"

    stage: StageCode
    agency: AgencyId
    report_id: ReportId


class StageReturned(_OfApplication):
    """The file went back to the applicant: the clock stands still.

    `requirement` names what failed.
    """

    type = "tracking.stage_returned"

    stage: StageCode
    agency: AgencyId
    report_id: ReportId
    requirement: Code


class StageResubmitted(_OfApplication):
    """The applicant mended the file: the stage lies with the agency again."""

    type = "tracking.stage_resubmitted"

    stage: StageCode
    agency: AgencyId


class StageDone(_OfApplication):
    """The agency finished its stage in favour of the applicant."""

    type = "tracking.stage_done"

    stage: StageCode
    agency: AgencyId
    report_id: ReportId


class StageRefused(_OfApplication):
    """The agency said no. `reason` is a code of the catalogue."""

    type = "tracking.stage_refused"

    stage: StageCode
    agency: AgencyId
    report_id: ReportId
    reason: Code


class ActivityRecorded(_OfApplication):
    """An agency did something to an application on an open journey, in the agency's own words."""

    type = "tracking.activity_recorded"

    agency: AgencyId
    report_id: ReportId
    activity: ShortText
    lifecycle: Code


class ApplicationCompleted(_OfApplication):
    """Every stage is done and the product is issued."""

    type = "tracking.application_completed"


class ApplicationRefused(_OfApplication):
    """The journey ended with a refusal at this stage."""

    type = "tracking.application_refused"

    stage: StageCode
    reason: Code


class _OfReport(Fact):
    """What the two answers to a report share. Keyed by application, so answers keep its order."""

    aggregate = "report"
    identity = "report_id"
    keyed_by = "application_id"
    topic = "agency.*.answers.v1"

    report_id: ReportId
    agency: AgencyId
    application_id: ApplicationId


class ReportAccepted(_OfReport):
    """The report became part of the application's history."""

    type = "tracking.report_accepted"


class ReportRefused(_OfReport):
    """The report changed nothing.

    `code` is stable; the texts say what to do, in Indonesian and in English.
    """

    type = "tracking.report_refused"

    code: Code
    title_id: ShortText
    title_en: ShortText
