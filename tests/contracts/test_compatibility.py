"""The gate: today's contracts keep every promise of every release, and planted breaks are found."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from contracts import gate
from contracts.catalog import BY_WIRE_TYPE
from contracts.entries import entry_of
from contracts.gate import Files, breaks, current, released, versions

VERSIONS = versions()
every_version = pytest.mark.parametrize("version", VERSIONS)


def test_there_is_a_release_to_compare_with() -> None:
    assert "0.1.0" in VERSIONS


@every_version
def test_todays_contracts_keep_the_promises_of(version: str) -> None:
    assert breaks(released(version), current()) == []


@every_version
def test_todays_code_reads_the_samples_of(version: str) -> None:
    for path in sorted((gate.RELEASED / version / "samples").rglob("*est.json")):
        event = BY_WIRE_TYPE[path.parent.name]
        event.model_validate_json(path.read_text(encoding="utf-8"), strict=True)
    for path in (gate.RELEASED / version / "samples" / "entries").glob("*.json"):
        entry_of(path.stem, json.loads(path.read_text(encoding="utf-8")))


def properties(files: Files, name: str) -> list[dict[str, Any]]:
    """The fields of one event in its reader's and its writer's form."""
    return [files[f"{name}{form}.json"]["properties"] for form in ("", ".writer")]


def both(files: Files, name: str) -> list[dict[str, Any]]:
    return [files[f"{name}{form}.json"] for form in ("", ".writer")]


def add_required(files: Files) -> None:
    for schema in both(files, "queue.ticket_called.v1"):
        schema["properties"]["floor"] = {"type": "string"}
        schema["required"].append("floor")


def remove_required(files: Files) -> None:
    for schema in both(files, "queue.ticket_called.v1"):
        del schema["properties"]["counter"]
        schema["required"].remove("counter")


def make_optional(files: Files) -> None:
    for schema in both(files, "queue.ticket_called.v1"):
        schema["required"].remove("counter")


def change_type(files: Files) -> None:
    for fields in properties(files, "queue.ticket_called.v1"):
        fields["number"] = {"type": "string"}


def change_format(files: Files) -> None:
    for fields in properties(files, "queue.ticket_called.v1"):
        fields["line_id"] = {"type": "string"}


def change_pattern(files: Files) -> None:
    for fields in properties(files, "queue.ticket_called.v1"):
        fields["service"]["pattern"] = "^[A-Z-]+$"


def widen_enum(files: Files) -> None:
    for fields in properties(files, "agency.stage_reported.v1"):
        fields["outcome"]["enum"].append("paused")


def change_bound(files: Files) -> None:
    for fields in properties(files, "booking.session_opened.v1"):
        fields["capacity"]["maximum"] = 20_000


def change_default(files: Files) -> None:
    for fields in properties(files, "agency.activity_reported.v1"):
        fields["lifecycle"]["default"] = "start"


def change_inside_an_entry(files: Files) -> None:
    for schema in both(files, "entries/journey"):
        schema["$defs"]["Stage"]["required"].append("may_return")


def remove_entry(files: Files) -> None:
    del files["entries/mall.json"], files["entries/mall.writer.json"]


def remove_event(files: Files) -> None:
    del files["queue.ticket_called.v1.json"], files["queue.ticket_called.v1.writer.json"]
    del files["catalog.json"]["events"]["queue.ticket_called.v1"]


def in_catalog(field: str, value: Any) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        files["catalog.json"]["events"]["queue.ticket_called.v1"][field] = value

    return change


def in_topic(field: str, value: Any) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        files["catalog.json"]["topics"]["queue.tickets.v1"][field] = value

    return change


def remove_topic(files: Files) -> None:
    del files["catalog.json"]["topics"]["queue.tickets.v1"]


BREAKS: dict[str, tuple[Callable[[Files], None], str]] = {
    "a required field more": (add_required, "queue.ticket_called.v1: an old writer"),
    "a required field less": (remove_required, "queue.ticket_called.v1: an old reader"),
    "a field not always there": (make_optional, "queue.ticket_called.v1: an old reader"),
    "another type": (change_type, "$.number: no reader for"),
    "another format": (change_format, "$.line_id: format"),
    "another pattern": (change_pattern, "$.service: pattern"),
    "one more outcome": (widen_enum, "'paused' is not in the list"),
    "a wider bound": (change_bound, "$.capacity: maximum"),
    "another default": (change_default, "$.lifecycle: the default differs"),
    "a change deep in an entry": (change_inside_an_entry, "entries/journey: an old writer"),
    "an entry gone": (remove_entry, "entries/mall: is gone"),
    "an event gone": (remove_event, "queue.ticket_called.v1: is gone from the events"),
    "a topic gone": (remove_topic, "queue.tickets.v1: is gone from the topics"),
    "another topic": (in_catalog("topic", "queue.calls.v1"), "topic was 'queue.tickets.v1'"),
    "another key": (in_catalog("key", "line_id"), "key was 'ticket_id'"),
    "another aggregate": (in_catalog("aggregate", "line"), "aggregate was 'ticket'"),
    "another identity": (in_catalog("identity", "line_id"), "identity was 'ticket_id'"),
    "another owner": (in_topic("owner", "booking"), "owner was 'queue'"),
    "other partitions": (in_topic("partitions", 12), "partitions was 6, is 12"),
    "compaction": (in_topic("compacted", value=True), "compacted was False, is True"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_planted_break_is_found(name: str) -> None:
    change, expected = BREAKS[name]
    files = copy.deepcopy(current())
    change(files)
    found = breaks(current(), files)
    assert any(expected in line for line in found), found


def add_optional(files: Files) -> None:
    for fields in properties(files, "queue.ticket_called.v1"):
        fields["floor"] = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}


def reword(files: Files) -> None:
    for schema in both(files, "queue.ticket_called.v1"):
        schema["description"] = "Better words."
        schema["properties"]["number"]["description"] = "As on the board."


def add_event(files: Files) -> None:
    for form in ("", ".writer"):
        files[f"queue.ticket_called.v2{form}.json"] = {"type": "object", "properties": {}}
    catalog = files["catalog.json"]["events"]
    catalog["queue.ticket_called.v2"] = catalog["queue.ticket_called.v1"]


@pytest.mark.parametrize("change", [add_optional, reword, add_event])
def test_what_breaks_nobody_passes(change: Callable[[Files], None]) -> None:
    files = copy.deepcopy(current())
    change(files)
    assert breaks(current(), files) == []


def test_versions_are_ordered_by_number_and_not_by_letter() -> None:
    assert sorted(["0.10.0", "0.9.1", "0.9.0"], key=gate.order) == ["0.9.0", "0.9.1", "0.10.0"]
    for bad in ("1", "1.2", "1.2.3.4", "a.b.c", "1.2.x"):
        with pytest.raises(ValueError, match=r"form|invalid"):
            gate.order(bad)
