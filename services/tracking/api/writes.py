"""The endpoints that want something: applications, mended files, agencies' reports."""

from typing import Annotated

from fastapi import Path

from chassis.auth import PUBLIC, Caller, requires
from chassis.clock import now
from chassis.errors import Malformed, NotAllowed, NotFound
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import Actor, AgencyId, ApplicationId, StageCode
from services.tracking.api.access import BY_CODE, ShownCode
from services.tracking.api.forms import AcceptedReport, Application, NewApplication, Report
from services.tracking.commands import (
    Changed,
    RecordStageReport,
    ReportAnswer,
    ReportRefusedBefore,
    ResubmitStage,
    SubmitApplication,
    Submitted,
    report_command,
)
from services.tracking.queries import KnownAgencies
from services.tracking.settings import TrackingSettings

# Whoever calls without a token shares one actor with the whole world: only a key that cannot be
# guessed keeps one person's request from being answered with another's.
_ANONYMOUS_KEY_MIN = 22


def add_writes(found: Router, running: Running) -> None:
    """Add them all."""
    settings: TrackingSettings = running.settings
    codes = settings.codes()
    agencies = KnownAgencies(running.database)

    @found.command(
        "/v1/applications", allow=PUBLIC, status=201, refusals=SubmitApplication.refusals
    )
    async def submit_application(
        form: Json[Application], caller: Caller, key: IdempotencyKey
    ) -> NewApplication:
        """Hand in an application. Without a token the key must be random, 22 characters or more."""
        if not caller.roles and len(key) < _ANONYMOUS_KEY_MIN:
            raise Malformed(
                "idempotency_key_missing",
                f"without a token, use a random key of at least {_ANONYMOUS_KEY_MIN} characters",
                "Idempotency-Key",
            )
        application_id = ApplicationId.new()
        command = SubmitApplication(
            actor=caller.actor,
            at=now(),
            key=key,
            application_id=application_id,
            code_digest=codes.digest(codes.code_of(application_id)),
            **dict(form),
        )
        submitted = (await running.dispatch(command)).read(Submitted).application_id
        return NewApplication(application_id=submitted, tracking_code=codes.code_of(submitted))

    @found.command(
        "/v1/applications/{application_id}/stages/{stage}/resubmit",
        allow=BY_CODE,
        refusals=(NotFound, *ResubmitStage.refusals),
    )
    async def resubmit_stage(
        application_id: ApplicationId,
        stage: Annotated[StageCode, Path()],
        code: ShownCode,
        key: IdempotencyKey,
    ) -> Changed:
        """Give a mended file back to the agency that had returned it."""
        if not codes.belongs(code, application_id):
            raise NotFound
        command = ResubmitStage(
            actor=Actor(f"citizen:{application_id}"),
            at=now(),
            key=key,
            application_id=application_id,
            stage=stage,
        )
        return (await running.dispatch(command)).read(Changed)

    @found.command(
        "/v1/agencies/{agency}/reports",
        allow=requires("agency"),
        status=201,
        refusals=RecordStageReport.refusals,
    )
    async def report(
        agency: AgencyId, form: Json[Report], caller: Caller, _key: IdempotencyKey
    ) -> AcceptedReport:
        """Report what an agency did. The report's own id makes it safe to repeat, at any door."""
        if caller.agency != agency:
            raise NotAllowed("the token belongs to another agency")
        await agencies.check(agency)
        said = form.root
        command = report_command(agency, said.reported(), said.occurred_at, now())
        answer = (await running.dispatch(command)).read(ReportAnswer)
        if answer.refusal is not None:
            raise ReportRefusedBefore(answer.refusal)
        return AcceptedReport(
            report_id=answer.report_id,
            application_id=answer.application_id,
            version=answer.version,
            facts=answer.facts,
        )
