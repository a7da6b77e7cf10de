"""Strict JSON: every way of being wrong has its own code, and no answer repeats a value."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from chassis import jsontext
from chassis.errors import MALFORMED, Malformed
from contracts.ids import AgencyId, SessionId


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    session_id: SessionId
    agency: AgencyId = AgencyId("dinkes")
    seats: int = Field(default=1, ge=1, le=4)
    notes: tuple[str, ...] = ()


SESSION = SessionId.new()
GOOD = {"session_id": str(SESSION), "seats": 2, "notes": ["a", "b"]}


def code_of(raw: bytes) -> str:
    with pytest.raises(Malformed) as caught:
        jsontext.read(Form, raw)
    return caught.value.code


def test_a_good_body_becomes_the_model() -> None:
    assert jsontext.read(Form, json.dumps(GOOD).encode()) == Form(
        session_id=SESSION, seats=2, notes=("a", "b")
    )


@pytest.mark.parametrize(
    "raw,code",
    [
        (b" " * (jsontext.LIMIT_BYTES + 1), "body_too_large"),
        (b'{"a": "\xff"}', "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8"),
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'{"a": 1,}', "not_json"),
        (b'{"a": 1} {"a": 1}', "not_json"),
        (b'\xef\xbb\xbf{"a": 1}', "not_json"),
        (b'{"a": "line\nbreak"}', "not_json"),
        (b'{"a": 01}', "not_json"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate_key"),
        (b'{"a": {"b": [{"c": 1, "c": 1}]}}', "duplicate_key"),
        (b'{"a": NaN}', "not_finite"),
        (b'{"a": Infinity}', "not_finite"),
        (b'{"a": -Infinity}', "not_finite"),
        (b'{"a": 1e999}', "number_too_large"),
        (b'{"a": 12345678901234567890}', "number_too_large"),
        (b'{"a": ' + b"9" * 200_000 + b"}", "number_too_large"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 50_000, "too_deep"),
        (b'{"a": "x\0y"}', "nul_character"),
        (b'{"a": "x\\u0000y"}', "nul_character"),
        (b'{"x\\u0000": 1}', "nul_character"),
        (b'{"a": "\\ud800"}', "lone_surrogate"),
        (b'{"a": "\\udc00\\ud800"}', "lone_surrogate"),
        (b'{"a": [{"\\udfff": 1}]}', "lone_surrogate"),
        (b"[]", "invalid_fields"),
        (b"null", "invalid_fields"),
        (b"{}", "invalid_fields"),
    ],
)
def test_each_kind_of_bad_json_has_its_own_code(raw: bytes, code: str) -> None:
    assert code_of(raw) == code


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 32 + b"]" * 32,
        json.dumps("[" * 1000 + '"\\"{{{').encode(),
        json.dumps(["[]"] * 100 + [[]] * 100).encode(),
        b'"\\ud83d\\ude00"',
        b'"\\\\u0000 is text, not an escape"',
        b"1234567890123456789",
    ],
)
def test_what_only_looks_suspicious_is_read(raw: bytes) -> None:
    assert jsontext.check(raw) == json.loads(raw)


@pytest.mark.parametrize(
    "change,where,code",
    [
        ({"seats": "2"}, "/seats", "int_type"),
        ({"seats": 2.0}, "/seats", "int_type"),
        ({"seats": True}, "/seats", "int_type"),
        ({"seats": 5}, "/seats", "less_than_equal"),
        ({"session_id": "not-a-uuid"}, "/session_id", "uuid_parsing"),
        ({"agency": "Dinkes!"}, "/agency", "string_pattern_mismatch"),
        ({"notes": ["ok", 7]}, "/notes/1", "string_type"),
        ({"actor": "operator:root"}, "/actor", "extra_forbidden"),
    ],
)
def test_a_wrong_field_is_named_by_its_place(
    change: dict[str, object], where: str, code: str
) -> None:
    with pytest.raises(Malformed) as caught:
        jsontext.read(Form, json.dumps({**GOOD, **change}).encode())
    assert caught.value.code == "invalid_fields"
    assert [(flaw.where, flaw.code) for flaw in caught.value.flaws] == [(where, code)]


def test_a_flaw_says_what_is_expected_in_both_languages() -> None:
    with pytest.raises(Malformed) as caught:
        jsontext.read(Form, json.dumps({**GOOD, "seats": 9}).encode())
    (flaw,) = caught.value.flaws
    assert (flaw.title_id, flaw.title_en) == ("maksimal 4", "at most 4")


def test_no_answer_repeats_what_was_sent() -> None:
    nik = "3174012345678901"
    bodies = [
        {"session_id": nik},
        {**GOOD, nik: 1},
        {**GOOD, "agency": f"agency {nik}"},
        {**GOOD, "notes": {nik: nik}},
    ]
    for body in bodies:
        with pytest.raises(Malformed) as caught:
            jsontext.read(Form, json.dumps(body).encode())
        assert nik not in repr((caught.value.flaws, caught.value.detail, str(caught.value)))


def test_only_so_many_flaws_are_listed() -> None:
    body = {**GOOD, **{f"extra_{number}": 1 for number in range(500)}}
    with pytest.raises(Malformed) as caught:
        jsontext.read(Form, json.dumps(body).encode())
    assert len(caught.value.flaws) == jsontext.MAX_FLAWS


@given(st.binary(max_size=300))
def test_any_bytes_are_either_read_or_refused_with_a_known_code(raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        jsontext.check(raw)
        return
    with pytest.raises(Malformed) as caught:
        jsontext.check(raw)
    assert caught.value.code in MALFORMED


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(plain, st.booleans())
def test_all_good_json_is_read_as_what_it_is(value: object, escaped: bool) -> None:
    raw = json.dumps(value, ensure_ascii=escaped).encode()
    assert jsontext.check(raw) == value
