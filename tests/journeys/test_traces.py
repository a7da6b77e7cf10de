"""One report's way through the platform, read from the traces that each service writes."""

import json
from typing import Any

import pytest

from chassis.telemetry import Attribute
from simulator.platform import Platform
from tests.journeys.doors import BUILDING, ITS_AGENCY, Doors, until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

SERVICES = ("booking", "queue", "tracking", "notify", "ledger")
REPORT = "POST /v1/agencies/{agency}/reports"
ACCEPTED = "tracking.stage_accepted.v1"
Spans = list[dict[str, Any]]


def spans_of(platform: Platform) -> Spans:
    """All finished spans of all services."""
    files = [platform.home / "traces" / f"{service}.jsonl" for service in SERVICES]
    # What stands behind the last end of a line is still being written.
    whole = [file.read_text("utf-8").rpartition("\n")[0] for file in files]
    return [json.loads(line) for text in whole for line in text.splitlines()]


def called(spans: Spans, name: str, service: str, **attributes: str) -> Spans:
    """The spans of this name, with these attributes."""
    return [
        span
        for span in spans
        if (span["name"], span["service"]) == (name, service)
        and attributes.items() <= span["attributes"].items()
    ]


async def test_one_report_is_one_trace_from_the_door_to_every_reader(
    platform: Platform, doors: Doors
) -> None:
    application = await doors.submit(BUILDING)
    report = doors.stage(application)
    await doors.over_http(report, ITS_AGENCY)
    entries = await doors.told(application, 3)
    (event,) = [one["event_id"] for one in entries if one["type"] == ACCEPTED]
    about = {str(Attribute.EVENT_ID): event}

    async def look() -> Spans:
        spans = spans_of(platform)
        (sent,) = called(spans, f"send {ACCEPTED}", "tracking", **about) or [{"trace_id": ""}]
        return [span for span in spans if span["trace_id"] == sent["trace_id"]]

    def is_complete(spans: Spans) -> bool:
        readers = ("ledger", "notify")
        return bool(
            called(spans, "apply tracking.read_model", "tracking", **about)
            and all(called(spans, f"apply {name}", name, **about) for name in readers)
            and called(spans, REPORT, "tracking")
        )

    spans = await until(look, is_complete)
    (asked,) = called(spans, REPORT, "tracking")
    (decided,) = called(spans, "decide RecordStageReport", "tracking")
    (sent,) = called(spans, f"send {ACCEPTED}", "tracking", **about)
    (shown,) = called(spans, "apply tracking.read_model", "tracking", **about)
    (written,) = called(spans, "apply ledger", "ledger", **about)
    (reacted,) = called(spans, "apply notify", "notify", **about)
    assert asked["parent_id"] is None
    parents = {span["span_id"]: span["parent_id"] for span in spans}
    assert decided["parent_id"] == asked["span_id"]
    for span in (sent, shown, written, reacted):
        assert asked["span_id"] in set(_above(span["span_id"], parents))
    for span in (shown, written, reacted):
        assert span["parent_id"] == sent["span_id"]
    moments = [span["start_ns"] for span in (asked, decided, sent, shown)]
    assert moments == sorted(moments)
    assert all(span["end_ns"] >= span["start_ns"] for span in spans)


async def test_no_span_carries_what_people_are_called(platform: Platform, doors: Doors) -> None:
    await doors.over_http(doors.activity(await doors.submit(), "Rahasia Ibu Sri"))
    spans = await until(_later(platform), lambda found: bool(called(found, REPORT, "tracking")))
    known = {str(one) for one in Attribute}
    assert {name for span in spans for name in span["attributes"]} <= known
    told = json.dumps(spans)
    assert "Ibu Sri" not in told
    assert "@contoh.test" not in told


def _later(platform: Platform) -> Any:
    async def look() -> Spans:
        return spans_of(platform)

    return look


def _above(span_id: str, parents: dict[str, str | None]) -> list[str]:
    found: list[str] = []
    current: str | None = span_id
    while current is not None and len(found) < 20:
        current = parents.get(current)
        found += [current] if current else []
    return found
