"""The AsyncAPI document: complete, consistent in itself, and valid YAML."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contracts.asyncapi import asyncapi_document, sentence_and_rest
from contracts.base import Fact
from contracts.catalog import AGENCY_TOPICS, EVENTS, TOPICS
from contracts.generate import PACKAGE
from contracts.plain_yaml import to_yaml

DOCUMENT = asyncapi_document()
TOPIC_NAMES = {topic.name.replace("*", "{agency}") for topic in (*TOPICS, *AGENCY_TOPICS)}


def resolve(reference: str) -> Any:
    found: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_the_file_is_the_document() -> None:
    text = (PACKAGE / "asyncapi.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == DOCUMENT
    assert DOCUMENT["asyncapi"] == "3.0.0"


def test_every_reference_leads_somewhere() -> None:
    found = list(references(DOCUMENT))
    assert len(found) > len(EVENTS)
    for reference in found:
        assert resolve(reference) is not None


def test_there_is_a_channel_for_every_topic() -> None:
    addresses = [channel["address"] for channel in DOCUMENT["channels"].values()]
    assert sorted(addresses) == sorted(TOPIC_NAMES)


def test_a_channel_of_each_agency_has_the_agency_as_its_parameter() -> None:
    for channel in DOCUMENT["channels"].values():
        has_parameter = "{agency}" in channel["address"]
        assert set(channel.get("parameters", {})) == ({"agency"} if has_parameter else set())


def test_channels_tell_partitions_and_whether_they_are_compacted() -> None:
    by_address = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}
    for topic in (*TOPICS, *AGENCY_TOPICS):
        kafka = by_address[topic.name.replace("*", "{agency}")]["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        policy = "compact" if topic.compacted else "delete"
        assert kafka["topicConfiguration"] == {"cleanup.policy": [policy]}


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_a_message_on_its_channel(event: type[Fact]) -> None:
    address = event.topic.replace("*", "{agency}")
    wire_type = event.wire_type()
    on = [c["address"] for c in DOCUMENT["channels"].values() if wire_type in c["messages"]]
    assert on == [address]
    message = DOCUMENT["components"]["messages"][wire_type]
    assert message["contentType"] == "application/json"
    assert message["summary"] == sentence_and_rest(event)[0]
    assert (event.keyed_by or event.identity) in message["bindings"]["kafka"]["key"]["description"]


@pytest.mark.parametrize("event", EVENTS)
def test_the_examples_of_a_message_are_valid_for_its_schemas(event: type[Fact]) -> None:
    message = DOCUMENT["components"]["messages"][event.wire_type()]
    assert len(message["examples"]) == 2
    # The whole document stands beside the schema, so that its references resolve.
    for part in ("payload", "headers"):
        schema = {**message[part], "components": DOCUMENT["components"]}
        for example in message["examples"]:
            Draft202012Validator(schema).validate(example[part])


def test_headers_of_another_event_are_not_valid() -> None:
    message = DOCUMENT["components"]["messages"]["queue.ticket_called.v1"]
    other = DOCUMENT["components"]["messages"]["queue.ticket_served.v1"]["examples"][0]["headers"]
    schema = {**message["headers"], "components": DOCUMENT["components"]}
    assert not Draft202012Validator(schema).is_valid(other)


def test_exactly_one_sends_on_each_channel_and_readers_receive() -> None:
    senders: dict[str, list[str]] = {}
    receivers: dict[str, set[str]] = {}
    for name, operation in DOCUMENT["operations"].items():
        channel = operation["channel"]["$ref"]
        if operation["action"] == "send":
            senders.setdefault(channel, []).append(name.partition(".")[0])
        else:
            receivers.setdefault(channel, set()).add(name.partition(".")[0])
    channels = {f"#/channels/{name}" for name in DOCUMENT["channels"]}
    assert set(senders) == channels
    assert all(len(who) == 1 for who in senders.values())
    assert senders["#/channels/agencyReports"] == ["agency"]
    assert receivers["#/channels/agencyAnswers"] == {"agency", "ledger"}


def test_the_first_sentence_of_an_event_does_not_end_at_an_ellipsis(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "It counts 1, 2, 3 ... within the day! And more. And\n    yet more."
    monkeypatch.setattr(EVENTS[0], "__doc__", text)
    assert sentence_and_rest(EVENTS[0]) == (
        "It counts 1, 2, 3 ... within the day!",
        "And more. And yet more.",
    )


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(["a\n", "a\n\nb\n", " a\n", "# a\n", "- b: c\n", "yes", "1.0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text("ab$-. :#\n", max_size=5) | st.sampled_from(["on", "null", "1"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_what_is_written_as_yaml_is_read_back_by_a_yaml_library(value: Any) -> None:
    read = yaml.load(to_yaml(value), Loader=yaml.CSafeLoader)
    assert normal(read) == normal(value)


def normal(value: Any) -> Any:
    """PyYAML reads `1e+20` as text (YAML 1.1); as JSON and YAML 1.2 say, it is a number."""
    if isinstance(value, dict):
        return {key: normal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [normal(inner) for inner in value]
    return str(value) if isinstance(value, float) else value


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for key, inner in value.items():
            if key != "examples":
                yield from references(inner)
    if isinstance(value, list):
        for inner in value:
            yield from references(inner)
