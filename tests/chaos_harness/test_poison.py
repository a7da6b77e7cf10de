"""Each bad record is rejected for the reason that is written into the history, and for no other."""

import pytest

from chassis.arrivals import Arrival, Rejected
from contracts.agencies import ActivityReported
from contracts.ids import AgencyId, ApplicationId, ReportId
from services.tracking.consumers import answer_rejected
from services.tracking.wiring import REPORTS
from tests.chaos.poison import POISONS, Poison, headers_of

AGENCY = AgencyId("dlh")
TOPIC = "agency.dlh.reports.v1"


@pytest.mark.parametrize("bad", POISONS, ids=lambda bad: bad.name)
def test_a_bad_record_is_rejected_for_its_reason(bad: Poison) -> None:
    report = ActivityReported(
        report_id=ReportId.new(), application_id=ApplicationId.new(), activity="Rusak"
    )
    value = report.model_dump_json().encode() if bad.value is None else bad.value(report)
    headers = tuple(headers_of(bad, AGENCY, report))
    found = REPORTS.reading.read(Arrival(TOPIC, 0, 7, str(report.application_id), headers, value))
    assert isinstance(found, Rejected)
    assert found.reason == bad.reason
    assert len(answer_rejected(found)) == bad.is_answered
