"""Traces: off by default, one text continues them anywhere, a dead collector does no harm."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from chassis import telemetry
from chassis.telemetry import Attribute

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(autouse=True)
def off_again() -> Iterator[None]:
    yield
    telemetry.shutdown()


def spans(file: Path) -> list[dict[str, Any]]:
    telemetry.shutdown()
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_traces_are_off_unless_asked_for() -> None:
    assert not telemetry.is_on()
    with telemetry.span("x", PARENT, attributes={Attribute.COMMAND: "Book"}) as span:
        assert not span.is_recording()
        assert telemetry.current_traceparent() is None
        assert telemetry.current_trace_id() is None


def test_one_text_continues_a_trace_in_another_place(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "traces.jsonl"
    telemetry.configure("booking", "file", file=file)
    with (
        telemetry.span("HTTP POST", PARENT, kind=SpanKind.SERVER),
        telemetry.span("decide", attributes={Attribute.COMMAND: "Book"}),
    ):
        stored = telemetry.current_traceparent()
        assert telemetry.current_trace_id() == PARENT[3:35]
    with telemetry.span("send", stored):
        pass
    decide, request, send = spans(file)
    assert [one["name"] for one in (request, decide, send)] == ["HTTP POST", "decide", "send"]
    assert {one["trace_id"] for one in (request, decide, send)} == {PARENT[3:35]}
    assert request["parent_id"] == PARENT[36:52]
    assert decide["parent_id"] == request["span_id"]
    assert send["parent_id"] == decide["span_id"]
    assert decide["attributes"] == {"loket.command": "Book"}
    assert request["service"] == "booking"
    assert request["end_ns"] >= request["start_ns"]


def test_a_batch_links_to_what_it_is_made_of(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    telemetry.configure("tracking", "file", file=file)
    with telemetry.span("batch", links=[PARENT]):
        pass
    (batch,) = spans(file)
    assert batch["links"] == [PARENT[3:35]]
    assert batch["trace_id"] != PARENT[3:35]


def test_a_failed_span_names_the_class_and_not_the_message(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    telemetry.configure("tracking", "file", file=file)
    with pytest.raises(ValueError, match="3174"), telemetry.span("broken") as span:
        raise ValueError("3174012345678901")
    assert isinstance(span, ReadableSpan)
    assert span.events == ()
    (broken,) = spans(file)
    assert (broken["status"], broken["error"]) == ("error", "ValueError")
    assert "3174012345678901" not in json.dumps(broken)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nonsense",
        "é",
        f"00-{'0' * 32}-{'0' * 16}-01",
        # None of these may travel on as the text of a trace that is not recorded.
        f"00-{'0' * 32}-{'0' * 16}-00",
        "nonsense-00",
        f"{PARENT[:-2]}00\n",
        f"{PARENT[:-3]}é-00",
    ],
)
def test_a_bad_parent_begins_a_new_trace(bad: str, tmp_path: Path) -> None:
    telemetry.configure("booking", "file", file=tmp_path / "t")
    with telemetry.span("x", bad):
        text = telemetry.current_traceparent()
    assert text is not None
    assert bad == "" or bad not in text
    assert text[3:35] != "0" * 32


def test_a_dead_collector_has_no_effect() -> None:
    telemetry.configure("booking", "otlp", endpoint="http://127.0.0.1:1/v1/traces")
    for _ in range(3 * telemetry.QUEUE_SPANS):
        with telemetry.span("x"):
            pass
    assert telemetry.is_on()


def test_what_sends_to_a_collector_is_loaded_only_when_asked_for() -> None:
    look = "import sys, chassis.telemetry; print('opentelemetry.exporter' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "False"


def test_traces_to_a_file_need_a_file() -> None:
    with pytest.raises(ValueError, match="LOKET_TRACE_FILE"):
        telemetry.configure("booking", "file")


def test_a_trace_is_recorded_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    telemetry.configure("booking", "file", file=file, share=0.3)
    for _ in range(200):
        with telemetry.span("request", kind=SpanKind.SERVER), telemetry.span("decide"):
            stored = telemetry.current_traceparent()
        with telemetry.span("send", stored):
            pass
        begun, continued = telemetry.begin("apply", stored, kind=SpanKind.CONSUMER)
        begun.end()
        assert continued is not None
        assert continued[3:35] == (stored or "")[3:35]
    found: dict[str, list[str]] = {}
    for one in spans(file):
        found.setdefault(one["trace_id"], []).append(one["name"])
    assert 20 < len(found) < 120
    assert {tuple(sorted(names)) for names in found.values()} == {
        ("apply", "decide", "request", "send")
    }


@pytest.mark.parametrize("flags", ["00", "02"])
def test_what_was_passed_over_elsewhere_is_passed_over_here(flags: str, tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    telemetry.configure("booking", "file", file=file)
    passed_over = f"{PARENT[:-2]}{flags}"
    with telemetry.span("request", passed_over) as span, telemetry.span("decide") as inner:
        assert not span.is_recording()
        assert not inner.is_recording()
        assert telemetry.current_traceparent() == passed_over
        assert telemetry.current_trace_id() == PARENT[3:35]
    assert telemetry.current_traceparent() is None
    assert telemetry.begin("apply", passed_over, kind=SpanKind.CONSUMER)[1] == passed_over
    assert spans(file) == []


def test_another_trace_may_be_recorded_inside_one_that_is_not(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    telemetry.configure("booking", "file", file=file, share=0.0)
    with telemetry.span("request") as span:
        outside = telemetry.current_traceparent() or ""
        with telemetry.span("redrive", PARENT), telemetry.span("decide"):
            assert telemetry.current_trace_id() == PARENT[3:35]
        assert telemetry.current_traceparent() == outside
    assert not span.is_recording()
    assert telemetry.is_passed_over(outside)
    assert {one["name"] for one in spans(file)} == {"redrive", "decide"}


def test_each_trace_that_begins_here_has_an_id_of_its_own(tmp_path: Path) -> None:
    telemetry.configure("booking", "file", file=tmp_path / "t", share=0.0)
    seen = set[str | None]()
    for _ in range(100):
        with telemetry.span("request"):
            seen.add(telemetry.current_trace_id())
    assert len(seen) == 100
    assert None not in seen


@pytest.mark.parametrize("torn", [1, 70_000, 200_000])
@pytest.mark.parametrize("whole", ["", '{"name": "whole"}\n'])
def test_half_a_span_of_a_killed_process_is_not_continued(
    tmp_path: Path, whole: str, torn: int
) -> None:
    file = tmp_path / "traces.jsonl"
    file.write_text(whole + "{" + "x" * torn)
    telemetry.configure("booking", "file", file=file)
    with telemetry.span("next"):
        pass
    assert [one["name"] for one in spans(file)] == ["whole", "next"][not whole :]
