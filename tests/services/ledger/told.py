"""Facts of several applications, as they arrive at the ledger."""

from dataclasses import replace

from chassis.arrivals import Arrival
from chassis.testing import Probe
from contracts.ids import AgencyId, ApplicationId, ReportId, StageCode
from contracts.tracking import (
    ApplicationCompleted,
    ApplicationSubmitted,
    StageAccepted,
    StageOpened,
)

STAGE, AGENCY = StageCode("periksa"), AgencyId("dinkes")


def story(probe: Probe, application_id: ApplicationId) -> list[Arrival]:
    """Four facts of one application, in order."""
    facts = [
        ApplicationSubmitted(application_id=application_id),
        StageOpened(application_id=application_id, stage=STAGE, agency=AGENCY),
        StageAccepted(
            application_id=application_id, stage=STAGE, agency=AGENCY, report_id=ReportId.new()
        ),
        ApplicationCompleted(application_id=application_id),
    ]
    return [probe.arrival(fact, version=number) for number, fact in enumerate(facts, start=1)]


async def three_stories(probe: Probe) -> list[ApplicationId]:
    """Three applications of four facts each, by turns: seq 1, 4, 7, 10 are the first's."""
    ids = [ApplicationId.new() for _ in range(3)]
    stories = [story(probe, application_id) for application_id in ids]
    by_turns = [arrival for turn in zip(*stories, strict=True) for arrival in turn]
    turns = [replace(arrival, offset=offset) for offset, arrival in enumerate(by_turns)]
    await probe.deliver("ledger", *turns[:5])
    await probe.deliver("ledger", *turns[5:])
    return ids
