"""The envelope: what is written comes back, and what is malformed is refused as such, always."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import (
    MAX_HEADER_BYTES,
    Envelope,
    MalformedEnvelope,
    format_time,
    from_headers,
    parse_time,
    to_headers,
)
from contracts.ids import Actor, EventId

PLAIN = Envelope(
    id=EventId("019cb69e-4298-749e-9abb-3a49514fd9af"),
    source="/services/tracking",
    type="tracking.stage_accepted.v1",
    subject="019cb180-56c0-7dbf-8e82-e85d42fd502c",
    time=datetime(2026, 3, 4, 2, 12, 31, tzinfo=UTC),
)
FULL = replace(
    PLAIN,
    actor=Actor("agency:dpmptsp"),
    version=5,
    recorded_at=datetime(2026, 3, 4, 2, 12, 31, 7000, tzinfo=UTC),
    correlation_id="019cac53-0198-7e2a-94d1-49b6bb2adece",
    causation_id="019cb69e-4298-7dc5-94a0-bfec83c6353a",
    traceparent="00-55fde24d05367edf9707e6a0d7503084-329c5688b5d0f335-01",
)
KNOWN = [name for name, _ in to_headers(FULL) if name.startswith("ce_")]
REQUIRED = ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time"]

texts = st.text(
    st.characters(exclude_categories=["Cs"], min_codepoint=0xA0)
    | st.characters(min_codepoint=0x20, max_codepoint=0x7E),
    min_size=1,
    max_size=200,
)
times = st.datetimes(timezones=st.timezones() | st.just(UTC), allow_imaginary=False).filter(
    lambda moment: 1 < moment.year < 9999
)
envelopes = st.builds(
    Envelope,
    id=st.uuids().map(EventId),
    source=texts,
    type=texts,
    subject=texts,
    time=times,
    actor=st.none() | st.just(Actor("kiosk:k1")),
    version=st.none() | st.integers(1, 10**18 - 1),
    recorded_at=st.none() | times,
    correlation_id=st.none() | texts,
    causation_id=st.none() | texts,
    traceparent=st.none() | texts,
)


def with_header(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    """The headers of FULL with one of them replaced."""
    return [*((key, old) for key, old in to_headers(FULL) if key != name), (name, value)]


@given(envelopes)
def test_what_is_written_comes_back(envelope: Envelope) -> None:
    assert from_headers(to_headers(envelope)) == envelope


@given(st.permutations(to_headers(FULL)))
def test_the_order_of_headers_means_nothing(headers: list[tuple[str, bytes]]) -> None:
    assert from_headers(headers) == FULL


def test_unknown_attributes_and_foreign_headers_are_left_alone() -> None:
    more = [*to_headers(FULL), ("ce_dataschema", b"x"), ("b3", b"\xff"), ("empty", b"")]
    assert from_headers(more) == FULL


def test_what_is_absent_is_not_written() -> None:
    assert [name for name, _ in to_headers(PLAIN)] == [*REQUIRED, "content-type"]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_attribute_is_named(name: str) -> None:
    headers = [pair for pair in to_headers(FULL) if pair[0] != name]
    with pytest.raises(MalformedEnvelope, match=name):
        from_headers(headers)


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize(
    "value",
    [None, b"", b"\xff\xfe", b"\xed\xa0\x80", b"a\x00b", b"a\nb", b"\xc2\x85", b"x" * 1025],
    ids=["none", "empty", "not-utf8", "surrogate", "nul", "newline", "c1-control", "too-long"],
)
def test_a_value_that_no_attribute_may_have_is_refused_by_name(
    name: str, value: bytes | None
) -> None:
    with pytest.raises(MalformedEnvelope, match=name):
        from_headers(with_header(name, value))


@pytest.mark.parametrize("name", KNOWN)
def test_an_attribute_that_is_there_twice_is_refused(name: str) -> None:
    with pytest.raises(MalformedEnvelope, match=f"{name}.* twice"):
        from_headers([*to_headers(FULL), (name, dict(to_headers(FULL))[name])])


@pytest.mark.parametrize(
    "name,value",
    [
        ("ce_specversion", "0.3"),
        ("ce_specversion", "1"),
        ("ce_id", "7"),
        ("ce_id", "{019cb69e-4298-749e-9abb-3a49514fd9af}"),
        ("ce_id", "urn:uuid:019cb69e-4298-749e-9abb-3a49514fd9af"),
        ("ce_id", "019cb69e4298749e9abb3a49514fd9af"),
        ("ce_time", "2026-03-04"),
        ("ce_time", "2026-03-04T02:12:31"),
        ("ce_time", "2026-03-04 02:12:31Z"),
        ("ce_time", "20260304T021231Z"),
        ("ce_time", "2026-W10-3T02:12:31Z"),
        ("ce_time", "2026-02-30T02:12:31Z"),
        ("ce_time", "2026-03-04T02:12:60Z"),
        ("ce_time", "0000-01-01T00:00:00Z"),
        ("ce_time", "0001-01-01T00:00:00+14:00"),
        ("ce_time", "9999-12-31T23:59:59-14:00"),
        ("ce_time", "2026-03-04T02:12:31+99:99"),
        ("ce_time", "\uff12026-03-04T02:12:31Z"),
        ("ce_time", "1772590351"),
        ("ce_recordedtime", "yesterday"),
        ("ce_actor", "dinkes"),
        ("ce_actor", "publicly"),
        ("ce_actor", "agency:"),
        ("ce_actor", "root:x"),
        ("ce_aggregateversion", "0"),
        ("ce_aggregateversion", "-1"),
        ("ce_aggregateversion", "01"),
        ("ce_aggregateversion", "1_0"),
        ("ce_aggregateversion", " 1"),
        ("ce_aggregateversion", "1.0"),
        ("ce_aggregateversion", "٣"),
        ("ce_aggregateversion", "9" * 19),
        ("ce_aggregateversion", "9" * 1000),
    ],
)
def test_a_wrong_form_is_refused_by_name_and_the_value_stays_out_of_the_message(
    name: str, value: str
) -> None:
    with pytest.raises(MalformedEnvelope, match=name) as caught:
        from_headers(with_header(name, value.encode()))
    if name != "ce_specversion":
        assert len(value) < 2 or value not in str(caught.value)
        assert caught.value.__cause__ is None


names = st.sampled_from([*KNOWN, "ce_", "ce_ID", "CE_id", "content-type", "ce_x"]) | st.text()
values = (
    st.none()
    | st.binary(max_size=1100)
    | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass"))
)


@given(st.lists(st.tuples(names, values), max_size=20))
def test_whatever_the_headers_are_nothing_but_malformed_envelope_comes_out(
    headers: list[tuple[str, bytes | None]],
) -> None:
    complaint = ""
    try:
        from_headers(headers)
    except MalformedEnvelope as problem:
        complaint = str(problem)
    assert complaint.isascii()
    assert len(complaint) < 200


@given(st.sampled_from(KNOWN), values)
def test_one_bad_header_among_good_ones_raises_nothing_but_malformed_envelope(
    name: str, value: bytes | None
) -> None:
    try:
        read = from_headers(with_header(name, value))
    except MalformedEnvelope:
        return
    assert from_headers(to_headers(read)) == read


number = st.integers(0, 99).map(lambda value: f"{value:02d}")


@given(
    st.builds(
        lambda year, *rest: "{}-{}-{}T{}:{}:{}{}".format(f"{year:04d}", *rest),
        st.integers(0, 9999),
        *[number] * 5,
        st.builds(
            lambda sign, hour, minute: f"{sign}{hour}:{minute}",
            st.sampled_from("+-"),
            number,
            number,
        ),
    )
)
def test_whatever_looks_like_a_time_is_one_or_a_value_error(text: str) -> None:
    try:
        moment = parse_time(text)
    except ValueError:
        return
    assert parse_time(format_time(moment)) == moment


def test_one_instant_has_one_text() -> None:
    jakarta = timezone(timedelta(hours=7))
    assert format_time(datetime(2026, 3, 4, 9, 12, 31, tzinfo=jakarta)) == (
        "2026-03-04T02:12:31.000000Z"
    )
    assert format_time(datetime(2, 1, 1, tzinfo=UTC)) == "0002-01-01T00:00:00.000000Z"


def test_times_of_other_writers_are_understood() -> None:
    for text in ("2026-03-04T09:12:31+07:00", "2026-03-04T02:12:31Z", "2026-03-04T02:12:31.000Z"):
        assert parse_time(text) == datetime(2026, 3, 4, 2, 12, 31, tzinfo=UTC)
    assert parse_time("2026-03-04T02:12:31.1234567Z").microsecond == 123456


def test_a_time_without_an_offset_is_never_taken_for_local_time() -> None:
    with pytest.raises(ValueError, match="offset"):
        format_time(datetime(2026, 3, 4, 9))  # noqa: DTZ001 - this is what must be refused


@pytest.mark.parametrize("text", ["", "a\x00b", "a\nb", "x" * (MAX_HEADER_BYTES + 1)])
def test_nothing_is_written_that_no_reader_would_take(text: str) -> None:
    with pytest.raises(ValueError, match="ce_correlationid"):
        to_headers(replace(FULL, correlation_id=text))
