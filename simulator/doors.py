"""How an agency reports: over HTTP with its token, or on its own Kafka topic."""

from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from contracts.base import Fact
from contracts.envelope import Envelope, to_headers
from contracts.ids import AgencyId, EventId, ReportId
from simulator.platform import Calls


async def report_over_http(calls: Calls, agency: AgencyId, report: Fact, at: datetime) -> Any:
    """Send one report and return what it caused. Raises Answered when it was refused."""
    kind = "stage" if report.type == "agency.stage_reported" else "activity"
    body = {
        "type": kind,
        "occurred_at": at.isoformat(),
        **report.model_dump(mode="json", exclude_none=True),
    }
    return await calls.post(
        "tracking",
        f"/v1/agencies/{agency}/reports",
        body,
        key=f"report-{report.aggregate_id}",
        headers=await calls.bearer(f"agency-{agency}"),
    )


async def report_over_kafka(
    producer: AIOKafkaProducer, agency: AgencyId, report: Fact, at: datetime
) -> None:
    """Put one report on the agency's topic; the answer comes on its other topic."""
    report_id = ReportId(report.aggregate_id)
    envelope = Envelope(
        id=EventId(report_id),
        source=f"/agencies/{agency}",
        type=report.wire_type(),
        subject=str(report_id),
        time=at,
    )
    await producer.send_and_wait(
        report.topic.replace("*", agency),
        report.model_dump_json(exclude_none=True).encode(),
        key=report.key.encode(),
        headers=to_headers(envelope),
    )
