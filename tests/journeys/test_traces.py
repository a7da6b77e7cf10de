"""One report's way through the platform, read from the traces that each service writes."""

import json
from dataclasses import dataclass
from pathlib import Path
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


@dataclass(frozen=True)
class Traces:
    """What the services have written since the beginning of a test, which is little."""

    begins: dict[Path, int]

    @classmethod
    def of(cls, platform: Platform) -> "Traces":
        """From what stands there now on; a line that is being written belongs to it."""
        files = [platform.home / "traces" / f"{service}.jsonl" for service in SERVICES]
        return cls({file: file.read_bytes().rfind(b"\n") + 1 for file in files})

    def spans(self) -> Spans:
        """All finished spans of all services."""
        found: Spans = []
        for path, begin in self.begins.items():
            with path.open("rb") as file:
                file.seek(begin)
                # What stands behind the last end of a line is still being written.
                whole = file.read().rpartition(b"\n")[0]
            found += [json.loads(line) for line in whole.splitlines()]
        return found


@pytest.fixture
def traces(platform: Platform) -> Traces:
    """The traces of this test, and a few of what is still at work from the one before."""
    return Traces.of(platform)


def called(spans: Spans, name: str, service: str, **attributes: str) -> Spans:
    """The spans of this name, with these attributes."""
    return [
        span
        for span in spans
        if (span["name"], span["service"]) == (name, service)
        and attributes.items() <= span["attributes"].items()
    ]


async def test_one_report_is_one_trace_from_the_door_to_every_reader(
    traces: Traces, doors: Doors
) -> None:
    application = await doors.submit(BUILDING)
    report = doors.stage(application)
    await doors.over_http(report, ITS_AGENCY)
    entries = await doors.told(application, 3)
    (event,) = [one["event_id"] for one in entries if one["type"] == ACCEPTED]
    about = {str(Attribute.EVENT_ID): event}

    async def look() -> Spans:
        spans = traces.spans()
        sent = {one["trace_id"] for one in called(spans, f"send {ACCEPTED}", "tracking", **about)}
        return [span for span in spans if span["trace_id"] in sent]

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
    # A relay in doubt sends again, and a reader passes over the repeat: each has one span or more.
    sends = called(spans, f"send {ACCEPTED}", "tracking", **about)
    shows = called(spans, "apply tracking.read_model", "tracking", **about)
    others = [
        one
        for name in ("ledger", "notify")
        for one in called(spans, f"apply {name}", name, **about)
    ]
    assert asked["parent_id"] is None
    parents = {span["span_id"]: span["parent_id"] for span in spans}
    assert decided["parent_id"] == asked["span_id"]
    for span in (*sends, *shows, *others):
        assert asked["span_id"] in set(_above(span["span_id"], parents))
    for span in (*shows, *others):
        assert span["parent_id"] in {one["span_id"] for one in sends}
    firsts = [min(one["start_ns"] for one in each) for each in (sends, shows)]
    moments = [asked["start_ns"], decided["start_ns"], *firsts]
    assert moments == sorted(moments)
    assert all(span["end_ns"] >= span["start_ns"] for span in spans)


async def test_no_span_carries_what_people_are_called(
    platform: Platform, traces: Traces, doors: Doors
) -> None:
    await doors.over_http(doors.activity(await doors.submit(), "Rahasia Ibu Sri"))

    async def look() -> Spans:
        return traces.spans()

    await until(look, lambda found: bool(called(found, REPORT, "tracking")))
    spans = Traces(dict.fromkeys(Traces.of(platform).begins, 0)).spans()  # of all tests before
    known = {str(one) for one in Attribute}
    assert {name for span in spans for name in span["attributes"]} <= known
    told = json.dumps(spans)
    assert "Ibu Sri" not in told
    assert "@contoh.test" not in told


def _above(span_id: str, parents: dict[str, str | None]) -> list[str]:
    found: list[str] = []
    current: str | None = span_id
    while current is not None and len(found) < 20:
        current = parents.get(current)
        found += [current] if current else []
    return found
