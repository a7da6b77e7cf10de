"""The envelope against the official CloudEvents SDK: each reads what the other writes."""

import json
import re
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent

from contracts.catalog import EVENTS
from contracts.envelope import from_headers, to_headers
from contracts.ids import Actor
from contracts.samples import headers, payload

WIRE_TYPES = [event.wire_type() for event in EVENTS]


def as_headers(wire_type: str) -> dict[str, bytes]:
    """The sample headers of an event in the SDK's form."""
    return {name: value.encode() for name, value in headers(wire_type).items()}


@pytest.mark.parametrize("wire_type", WIRE_TYPES)
def test_the_sdk_reads_what_we_write(wire_type: str) -> None:
    ours = from_headers(as_headers(wire_type).items())
    body = json.dumps(payload(wire_type, "fullest")).encode()
    theirs = from_binary_event(KafkaMessage(dict(to_headers(ours)), b"some-key", body))
    assert theirs.get_id() == str(ours.id)
    assert theirs.get_source() == ours.source
    assert theirs.get_type() == ours.type == wire_type
    assert theirs.get_subject() == ours.subject
    assert theirs.get_time() == ours.time
    assert theirs.get_datacontenttype() == "application/json"
    assert theirs.get_extension("actor") == ours.actor
    assert theirs.get_extension("correlationid") == ours.correlation_id
    assert theirs.get_data() == payload(wire_type, "fullest")


@pytest.mark.parametrize("wire_type", WIRE_TYPES)
def test_we_read_what_the_sdk_writes_after_reading_ours(wire_type: str) -> None:
    sample = as_headers(wire_type)
    theirs = from_binary_event(KafkaMessage(sample, None, b"{}"))
    back = to_binary_event(theirs).headers
    assert from_headers(back.items()) == from_headers(sample.items())


def test_we_read_an_event_that_the_sdk_made() -> None:
    made = CloudEvent(
        attributes={
            "id": "019cb69e-4298-749e-9abb-3a49514fd9af",
            "source": "/agencies/dinkes",
            "type": "agency.stage_reported.v1",
            "subject": "019cb69e-4298-749e-9abb-3a49514fd9af",
            "time": datetime(2026, 3, 4, 2, 12, 31, tzinfo=UTC),
            "actor": "agency:dinkes",
        },
        data={"any": "thing"},
    )
    ours = from_headers(to_binary_event(made).headers.items())
    assert ours.source == "/agencies/dinkes"
    assert ours.actor == Actor("agency:dinkes")
    assert ours.time == datetime(2026, 3, 4, 2, 12, 31, tzinfo=UTC)


def test_our_attribute_names_are_what_cloudevents_allows() -> None:
    for wire_type in WIRE_TYPES:
        for name in headers(wire_type):
            if name != "content-type":
                assert re.fullmatch(r"ce_[a-z0-9]{1,20}", name)
