"""The golden samples: today's code reads each of them, and they cover what the events can say."""

import json
import re

import pytest
from pydantic import ValidationError

from contracts import samples
from contracts.base import Fact
from contracts.catalog import EVENTS
from contracts.entries import ENTRY_KINDS, entry_of
from contracts.envelope import from_headers, to_headers
from contracts.samples import SAMPLES, Size

SIZES: tuple[Size, ...] = ("smallest", "fullest")
# A NIK has 16 digits, an Indonesian telephone number 9 to 13 after 0 or +62.
PERSONAL = re.compile(r"(?<![0-9a-f-])(?:\d{16}|(?:\+62|0)8\d{7,11})(?![0-9a-f-])|[\w.]+@[\w.]+")
every_event = pytest.mark.parametrize("event", EVENTS)


def read(event: type[Fact], size: Size) -> Fact:
    text = (SAMPLES / event.wire_type() / f"{size}.json").read_text(encoding="utf-8")
    return event.model_validate_json(text, strict=True)


def test_there_are_samples_of_everything_and_of_nothing_else() -> None:
    folders = {path.name for path in SAMPLES.iterdir() if path.is_dir()}
    assert folders == {event.wire_type() for event in EVENTS} | {"entries"}
    for event in EVENTS:
        names = {path.name for path in (SAMPLES / event.wire_type()).iterdir()}
        assert names == {"smallest.json", "fullest.json", "headers.json"}
    assert {path.stem for path in (SAMPLES / "entries").iterdir()} == set(ENTRY_KINDS)


@every_event
@pytest.mark.parametrize("size", SIZES)
def test_a_sample_is_read_strictly_and_written_back_the_same(event: type[Fact], size: Size) -> None:
    fact = read(event, size)
    written = json.loads(fact.model_dump_json(exclude_unset=True))
    assert written == samples.payload(event.wire_type(), size)
    assert event.model_validate_json(fact.model_dump_json(), strict=True) == fact


@every_event
def test_the_fullest_has_every_field_and_no_empty_one(event: type[Fact]) -> None:
    fullest = samples.payload(event.wire_type(), "fullest")
    assert list(fullest) == list(event.model_fields)
    assert None not in fullest.values()


@every_event
def test_the_smallest_has_the_required_fields_only(event: type[Fact]) -> None:
    required = [name for name, field in event.model_fields.items() if field.is_required()]
    smallest = samples.payload(event.wire_type(), "smallest")
    assert list(smallest) == required
    for name in required:
        less = {key: value for key, value in smallest.items() if key != name}
        with pytest.raises(ValidationError, match=name):
            event.model_validate_json(json.dumps(less), strict=True)


@every_event
def test_a_reader_of_today_ignores_what_a_later_writer_adds(event: type[Fact]) -> None:
    more = samples.payload(event.wire_type(), "fullest") | {"added_later": {"deep": [1]}}
    assert event.model_validate_json(json.dumps(more), strict=True) == read(event, "fullest")


@every_event
def test_sample_headers_belong_to_the_fullest_sample(event: type[Fact]) -> None:
    wire_type = event.wire_type()
    pairs = [(name, value.encode()) for name, value in samples.headers(wire_type).items()]
    envelope = from_headers(pairs)
    assert to_headers(envelope) == pairs
    assert envelope.type == wire_type
    assert envelope.subject == str(read(event, "fullest").aggregate_id)
    publisher = event.type.partition(".")[0]
    if publisher == "agency":
        assert envelope.source.startswith("/agencies/")
        assert (envelope.actor, envelope.version, envelope.recorded_at) == (None, None, None)
    else:
        assert envelope.source in {f"/services/{publisher}", "/catalogue"}
        assert None not in (envelope.actor, envelope.version, envelope.recorded_at)


@every_event
def test_the_key_of_a_sample_is_the_field_that_the_catalog_names(event: type[Fact]) -> None:
    fact = read(event, "fullest")
    field = event.keyed_by or event.identity
    assert fact.key == samples.payload(event.wire_type(), "fullest")[field]


@pytest.mark.parametrize("kind", ENTRY_KINDS)
def test_the_sample_of_an_entry_is_read_and_written_back_the_same(kind: str) -> None:
    body = samples.entry_body(kind)
    assert json.loads(entry_of(kind, body).model_dump_json(exclude_unset=True)) == body


def test_the_bodies_in_published_entries_have_the_form_of_their_kind() -> None:
    for size in SIZES:
        published = samples.payload("catalogue.entry_published.v1", size)
        entry = entry_of(published["kind"], published["body"])
        assert entry.entry_code == published["code"]
        assert entry.revision == published["revision"]


def test_no_sample_looks_like_personal_data() -> None:
    for path in SAMPLES.rglob("*.json"):
        assert not PERSONAL.search(path.read_text(encoding="utf-8")), path


def test_the_detector_of_personal_data_would_find_some() -> None:
    for planted in ('"3201010101010001"', '"081234567890"', '"+6281234567890"', '"a@b.id"'):
        assert PERSONAL.search(planted)
