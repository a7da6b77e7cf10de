"""The catalog: nothing twice, nothing without an owner, and no topic that speaks for another."""

import re
from dataclasses import FrozenInstanceError
from types import NoneType
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import agencies, booking
from contracts.asyncapi import sentence_and_rest
from contracts.base import Fact
from contracts.catalog import (
    AGENCY_TOPICS,
    ANSWERS_PATTERN,
    EVENTS,
    REPORTS_PATTERN,
    TOPICS,
    UnknownEvent,
    agency_of,
    agency_topics,
    event_of,
    topic_of,
)
from contracts.ids import AgencyId, Id

SERVICES = {"booking", "queue", "tracking", "notify", "ledger"}


def all_facts(kind: type[Fact] = Fact) -> set[type[Fact]]:
    """Every public class of fact that the contracts define."""
    below = {deeper for sub in kind.__subclasses__() for deeper in all_facts(sub)} | {kind}
    return {
        fact
        for fact in below
        if fact.__module__.startswith("contracts.") and not fact.__name__.startswith("_")
    } - {Fact}


def test_every_fact_is_in_the_catalog_and_nothing_is_twice() -> None:
    assert set(EVENTS) == all_facts()
    assert len(EVENTS) == len({event.wire_type() for event in EVENTS})


def test_topics_are_listed_once_and_all_are_used() -> None:
    names = [topic.name for topic in (*TOPICS, *AGENCY_TOPICS)]
    assert len(names) == len(set(names))
    assert set(names) == {event.topic for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_a_topic_an_owner_and_readers_or_a_note(event: type[Fact]) -> None:
    topic = topic_of(event)
    assert topic.readers or topic.note
    assert set(topic.readers) <= SERVICES
    publisher = event.type.partition(".")[0]
    assert topic.owner == ("agency:*" if publisher == "agency" else publisher)


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_says_its_fact_in_one_sentence(event: type[Fact]) -> None:
    sentence, _ = sentence_and_rest(event)
    assert sentence.endswith(".")
    assert 15 < len(sentence) < 160
    assert event.__doc__ != Fact.__doc__


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_names_fields_that_it_has(event: type[Fact]) -> None:
    identity = event.model_fields[event.identity]
    assert identity.is_required()
    assert isinstance(identity.annotation, type)
    assert issubclass(identity.annotation, Id)
    # The key may be missing where the fact is not about an application; then the identity is it.
    key = event.model_fields[event.keyed_by or event.identity].annotation
    kinds = get_args(key) or (key,)
    assert all(issubclass(kind, (Id, NoneType)) for kind in kinds)


@pytest.mark.parametrize("event", EVENTS)
def test_the_names_of_an_event_follow_the_convention(event: type[Fact]) -> None:
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower()
    assert event.type.partition(".")[2] == snake
    assert re.fullmatch(r"[a-z]+\.[a-z_]+\.v[1-9][0-9]*", event.wire_type())


@pytest.mark.parametrize("event", EVENTS)
def test_facts_cannot_be_changed_and_ignore_what_they_do_not_know(event: type[Fact]) -> None:
    assert event.model_config["frozen"] is True
    assert event.model_config["extra"] == "ignore"


def test_facts_of_an_application_share_its_key() -> None:
    for event in EVENTS:
        if "application_id" in event.model_fields:
            assert (event.keyed_by or event.identity) == "application_id"


def test_a_topic_is_named_after_its_owner_and_fits_kafka() -> None:
    for topic in TOPICS:
        assert re.fullmatch(r"[a-z]+\.[a-z]+\.v[1-9]", topic.name)
        assert topic.name.startswith(f"{topic.owner}.")
    for topic in agency_topics(AgencyId("a" * 40)):
        assert re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", topic.name)
    with pytest.raises(FrozenInstanceError):
        TOPICS[0].name = "other"  # type: ignore[misc]


def test_an_agency_has_one_topic_to_report_and_one_to_be_answered() -> None:
    reports, answers = agency_topics(AgencyId("bpjs-kesehatan"))
    assert (reports.name, reports.owner) == (
        "agency.bpjs-kesehatan.reports.v1",
        "agency:bpjs-kesehatan",
    )
    assert (answers.name, answers.owner) == ("agency.bpjs-kesehatan.answers.v1", "tracking")
    assert re.fullmatch(REPORTS_PATTERN, reports.name)
    assert re.fullmatch(ANSWERS_PATTERN, answers.name)
    assert not re.fullmatch(REPORTS_PATTERN, answers.name)


@given(st.from_regex(AgencyId.pattern, fullmatch=True).filter(lambda name: len(name) <= 40))
def test_the_agency_of_a_topic_is_the_one_it_was_made_for(name: str) -> None:
    agency = AgencyId(name)
    for topic in agency_topics(agency):
        assert agency_of(topic.name) == agency


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "agency",
        "agency..reports.v1",
        "agency.dinkes.reports",
        "agency.dinkes.reports.v2",
        "agency.dinkes.secrets.v1",
        "agency.dinkes.reports.v1.more",
        "agency.a.b.reports.v1",
        "agency.DINKES.reports.v1",
        "xagency.dinkes.reports.v1",
        "tracking.applications.v1",
        "agency.dinkes\n.reports.v1",
        "agency.*.reports.v1",
    ],
)
def test_other_topics_have_no_agency(topic: str) -> None:
    with pytest.raises(ValueError, match=r"topic|must match"):
        agency_of(topic)


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_found_by_its_wire_type(event: type[Fact]) -> None:
    assert event_of(event.wire_type()) is event


@pytest.mark.parametrize(
    "wire_type,future",
    [
        ("tracking.stage_done.v2", True),
        ("tracking.stage_done.v999", True),
        ("tracking.stage_done.v0", False),
        ("tracking.stage_done.v01", False),
        ("tracking.stage_done.v", False),
        ("tracking.stage_done", False),
        ("tracking.stage_done.v٢", False),
        ("tracking.stage_done.v" + "9" * 5000, False),
        ("tracking.stage_dreamt.v2", False),
        ("TRACKING.STAGE_DONE.v1", False),
        ("", False),
    ],
)
def test_an_unknown_event_tells_whether_only_its_version_is_new(
    wire_type: str, *, future: bool
) -> None:
    with pytest.raises(UnknownEvent) as caught:
        event_of(wire_type)
    assert caught.value.future is future


def test_an_event_belongs_on_its_own_topic_only() -> None:
    for event in EVENTS:
        fitting = [
            topic.name
            for topic in (*TOPICS, *agency_topics(AgencyId("dinkes")))
            if event.belongs_on(topic.name)
        ]
        assert fitting == [event.topic.replace("*", "dinkes")]


def test_no_fact_of_the_platform_belongs_on_what_an_agency_writes() -> None:
    on_reports = {e.type for e in EVENTS if e.belongs_on("agency.dinkes.reports.v1")}
    assert on_reports == {"agency.stage_reported", "agency.activity_reported"}
    assert not agencies.StageReported.belongs_on("agency.*.reports.v1")
    assert not booking.SessionOpened.belongs_on("booking.sessions.v2")
