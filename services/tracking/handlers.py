"""One function per command: from the loaded states to facts and an answer."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from contracts import tracking
from contracts.base import Decision, Fact, Refused
from contracts.ids import AgencyId, ApplicationId
from services.tracking import commands
from services.tracking.domain import refusals
from services.tracking.domain.application import Application, begun, first_stages
from services.tracking.domain.lookups import AnsweredReport, EntryKey

States = Mapping[Hashable, Any]


def submit_application(command: commands.SubmitApplication, states: States) -> Decision:
    """Begin an application on the newest revision of its journey; open what waits for nothing."""
    journey = None
    if command.journey is not None:
        known = states.get(EntryKey("journey", command.journey))
        if known is None:
            raise refusals.JourneyUnknown(journey=command.journey)
        journey = known.journey
    if command.service is not None and EntryKey("service", command.service) not in states:
        raise refusals.ServiceUnknown(service=command.service)
    if command.mall is not None and EntryKey("mall", command.mall) not in states:
        raise refusals.MallUnknown(mall=command.mall)
    submitted = tracking.ApplicationSubmitted(
        application_id=command.application_id,
        mall=command.mall,
        service=command.service,
        journey=command.journey,
        journey_revision=journey.revision if journey is not None else None,
        applicant_id=command.applicant_id,
        ticket_id=command.ticket_id,
    )
    opened = first_stages(begun(submitted, journey))
    return Decision(
        [submitted, *opened], commands.Submitted(application_id=submitted.application_id)
    )


def resubmit_stage(command: commands.ResubmitStage, states: States) -> Decision:
    """Give the mended file back to the agency of the stage."""
    application = _application(command.application_id, states)
    facts = application.resubmitted(command.stage)
    caused = _caused(application, facts)
    answer = commands.Changed(
        application_id=application.id, version=application.version + len(facts), facts=caused
    )
    return Decision(facts, answer)


def record_stage_report(command: commands.RecordStageReport, states: States) -> Decision:
    """Move the stage, or say why not."""
    return _answered(
        command, states, lambda one: one.stage_reported(command.agency, command.report)
    )


def record_activity_report(command: commands.RecordActivityReport, states: States) -> Decision:
    """Record the activity, or say why not."""

    def decide(application: Application) -> list[Fact]:
        if EntryKey("agency", command.agency) not in states:
            raise refusals.AgencyUnknown(agency=command.agency)
        return application.activity_reported(command.agency, command.report)

    return _answered(command, states, decide)


def answer_rejected(command: commands.AnswerRejected, states: States) -> Decision:
    """Put the reason where the agency reads its answers."""
    _check_report_id(command.agency, command, states)
    fact = tracking.ReportRefused(
        report_id=command.report_id,
        agency=command.agency,
        application_id=command.application_id,
        code=command.reason,
        title_id=command.title_id,
        title_en=command.title_en,
    )
    answer = commands.ReportAnswer(
        report_id=command.report_id, application_id=command.application_id
    )
    return Decision([fact], answer)


def _answered(
    command: commands.RecordStageReport | commands.RecordActivityReport,
    states: States,
    decide: Callable[[Application], list[Fact]],
) -> Decision:
    """A report always gets a fact as answer: accepted beside what it caused, or refused alone."""
    agency, report = command.agency, command.report
    _check_report_id(agency, report, states)
    about = {"report_id": report.report_id, "application_id": report.application_id}
    try:
        if not commands.is_believable(command.occurred_at, command.received_at):
            raise refusals.TimeInFuture
        application = _application(report.application_id, states)
        facts = decide(application)
    except Refused as refusal:
        said = commands.Refusal.model_validate(refusal.problem())
        refused = tracking.ReportRefused(
            **about,
            agency=agency,
            code=said.code,
            title_id=said.title_id,
            title_en=said.title_en,
        )
        return Decision([refused], commands.ReportAnswer(**about, refusal=said))
    answer = commands.ReportAnswer(
        **about,
        version=application.version + len(facts),
        facts=_caused(application, facts),
    )
    return Decision([*facts, tracking.ReportAccepted(**about, agency=agency)], answer)


def _application(application_id: ApplicationId, states: States) -> Application:
    application = states.get(application_id)
    if not isinstance(application, Application):
        raise refusals.ApplicationUnknown
    return application


def _check_report_id(agency: AgencyId, report: Any, states: States) -> None:
    """A report id may only ever have named reports of this agency.

    Ids of all kinds share one numbering of facts; one that names another thing would break it.
    """
    known = states.get(report.report_id)
    if report.report_id == report.application_id or not (
        known is None or (isinstance(known, AnsweredReport) and known.agency == agency)
    ):
        raise refusals.ReportIdTaken


def _caused(application: Application, facts: Sequence[Fact]) -> tuple[commands.Caused, ...]:
    return tuple(
        commands.Caused(type=fact.wire_type(), version=version, stage=vars(fact).get("stage"))
        for version, fact in enumerate(facts, start=application.version + 1)
    )
