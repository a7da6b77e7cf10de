"""What agencies send: reports about their own steps. A report is a claim; facts answer it.

The agency is named by the topic (or by the token over HTTP), never by the body.
"""

from typing import Literal

from pydantic import model_validator

from contracts.base import Code, Fact, ShortText
from contracts.ids import ApplicationId, ReportId, StageCode

StageOutcome = Literal["accepted", "returned", "done", "refused"]


class _Report(Fact):
    """What both reports share. The CloudEvents time is when the agency says that it happened."""

    aggregate = "report"
    identity = "report_id"
    keyed_by = "application_id"
    topic = "agency.*.reports.v1"

    report_id: ReportId
    application_id: ApplicationId


class StageReported(_Report):
    """The agency moved its stage of a journey.

    `outcome`: `accepted` (file complete), `returned` (with the failed `requirement`), `done`, or
    `refused` (with a `reason`).
    """

    type = "agency.stage_reported"

    stage: StageCode
    outcome: StageOutcome
    requirement: Code | None = None
    reason: Code | None = None

    @model_validator(mode="after")
    def _says_why(self) -> "StageReported":
        if self.outcome == "returned" and self.requirement is None:
            raise ValueError("a returned file names the requirement that failed")
        if self.outcome == "refused" and self.reason is None:
            raise ValueError("a refusal gives a reason")
        return self


class ActivityReported(_Report):
    """The agency did something to an application on an open journey.

    `activity` is the agency's own word for the step; `lifecycle` follows IEEE XES (`start`,
    `complete`, ...).
    """

    type = "agency.activity_reported"

    activity: ShortText
    lifecycle: Code = "complete"
