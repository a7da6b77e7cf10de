"""That telemetry was really on, or really off, while its cost was measured."""

import json
from pathlib import Path

from bench.telemetry_cost import spans, unmoved
from chassis import metrics

DECIDED, SHOWN = "decide RecordActivityReport", "apply tracking.read_model"


def test_each_report_must_have_both_spans(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    names = [DECIDED, SHOWN, DECIDED, "publish"]
    file.write_text("".join(json.dumps({"name": name}) + "\n" for name in names))
    assert spans(file, 1) == []
    assert spans(file, 2) == [f"1 spans {SHOWN!r} missing"]


def test_metrics_stand_still_only_inside() -> None:
    before = metrics.HTTP_REJECTED()._value.get()
    with unmoved():
        metrics.HTTP_REJECTED().inc()
        metrics.GROUP_SIZE().observe(3)
        metrics.QUEUE_DEPTH().set(3)
    assert metrics.HTTP_REJECTED()._value.get() == before
    metrics.HTTP_REJECTED().inc()
    assert metrics.HTTP_REJECTED()._value.get() == before + 1
