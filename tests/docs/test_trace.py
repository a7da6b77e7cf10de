"""The page about one fact's trace is made by a program that reads what services really write."""

from pathlib import Path

import pytest

from chassis import telemetry
from chassis.telemetry import Attribute
from docs import trace

SENT = "tracking.stage_returned.v1"


def _write(folder: Path, *, whole: bool) -> None:
    """One trace as three services would write it; without the ledger's part it is not whole."""
    about: dict[Attribute, str | int] = {Attribute.EVENT_ID: "e1"}
    telemetry.configure("tracking", "file", file=folder / "tracking.jsonl")
    with telemetry.span("POST /v1/agencies/{agency}/reports"):
        with telemetry.span(f"send {SENT}", attributes=about):
            parent = telemetry.current_traceparent()
        with telemetry.span("apply tracking.read_model", parent, attributes=about):
            pass
    telemetry.configure("ledger", "file", file=folder / "ledger.jsonl")
    if whole:
        with telemetry.span("apply ledger", parent, attributes=about):
            pass
    telemetry.shutdown()


def test_a_trace_of_several_services_becomes_one_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path, whole=True)
    with (tmp_path / "tracking.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"half a li')
    assert trace.main([str(tmp_path)]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    names = [row.split("`")[1] for row in rows]
    assert names == [
        "POST /v1/agencies/{agency}/reports",
        f"send {SENT}",
        "apply tracking.read_model",
        "apply ledger",
    ]
    assert rows[0].startswith("| 0.0 |")
    assert rows[3].endswith(f"| {SENT} |")


def test_a_trace_that_is_not_whole_is_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path, whole=False)
    assert trace.main([str(tmp_path)]) == 1
    assert "No whole trace" in capsys.readouterr().err
