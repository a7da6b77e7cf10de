"""Typed ids: their form, their order, their stability, and that types are not mixed up."""

import re
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts import ids
from contracts.ids import Actor, AgencyId, ApplicationId, Id, LineId, Name, ServiceCode, TicketId

ROOT = Path(__file__).parents[2]
OPAQUE = sorted(Id.__subclasses__(), key=lambda kind: kind.__name__)
NAMES = sorted(Name.__subclasses__(), key=lambda kind: kind.__name__)
EXAMPLES = {
    "Actor": ("public", "agency:dinkes", "officer:z3-02"),
    "AgencyId": ("dinkes", "bpjs-kesehatan"),
    "CounterCode": ("Z1-04", "A2"),
    "DeviceCode": ("kios-1",),
    "JourneyCode": ("izin-praktik-dokter",),
    "MallId": ("mpp-nusantara",),
    "PolicyCode": ("umum", "jam-kantor"),
    "ServiceCode": ("DUK-KTP", "PTSP-SIP"),
    "StageCode": ("pemeriksaan-teknis",),
}


class Ticket(BaseModel):
    """A model with one id of each sort, to see how ids travel."""

    ticket: TicketId
    service: ServiceCode
    line: LineId | None = None


def test_a_new_id_is_a_uuid_of_version_seven_and_of_the_rfc_variant() -> None:
    for _ in range(1000):
        fresh = ids.uuid7()
        assert fresh.version == 7
        assert fresh.variant == "specified in RFC 4122"


def test_a_new_id_carries_its_time_and_sorts_after_older_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    for milliseconds in (0, 1, 1_772_500_000_000, 1_772_500_000_001, (1 << 48) - 1):
        monkeypatch.setattr(time, "time_ns", lambda ms=milliseconds: ms * 1_000_000)
        fresh = ids.uuid7()
        assert fresh.int >> 80 == milliseconds
        made.append(fresh)
    assert made == sorted(made)
    assert [str(one) for one in made] == sorted(str(one) for one in made)


def test_ids_made_in_one_millisecond_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_772_500_000_000_000_000)
    assert len({ids.uuid7() for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("kind", OPAQUE)
def test_every_opaque_id_is_made_from_text_and_from_a_uuid(kind: type[Id]) -> None:
    text = "019cb165-4510-768e-82c6-ae24d0e414d9"
    assert type(kind(text)) is kind
    assert kind(text) == kind(UUID(text)) == kind(kind(text))
    assert str(kind(text.upper())) == text
    assert type(kind.new()) is kind


def test_derived_ids_never_change() -> None:
    # Pinned: a changed namespace, separator or class name would give old things new ids.
    assert str(LineId.of("mpp-nusantara", "PTSP-SIP", "2026-03-03")) == (
        "ee592ca2-6533-5d33-8928-6d600825f53e"
    )
    assert str(ids.EntryId.of("agency", "dinkes")) == "9de68f70-cfa7-544f-a761-a73ebdf9bce3"


def test_derived_ids_differ_by_kind_and_by_the_border_between_parts() -> None:
    assert LineId.of("a", "b") != TicketId.of("a", "b")
    assert LineId.of("a", "b") != LineId.of("ab")
    assert LineId.of("a", "bc") != LineId.of("ab", "c")


@given(st.binary(max_size=8) | st.text(max_size=40))
def test_what_is_no_uuid_is_refused_as_an_id(value: bytes | str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(TicketId).validate_json(b'"' + str(value).encode("ascii", "replace") + b'"')


def test_ids_pass_strict_json_and_come_back_typed() -> None:
    text = '{"ticket":"019cb165-4510-768e-82c6-ae24d0e414d9","service":"DUK-KTP","line":null}'
    ticket = Ticket.model_validate_json(text, strict=True)
    assert type(ticket.ticket) is TicketId
    assert type(ticket.service) is ServiceCode
    assert ticket.model_dump_json() == text


@pytest.mark.parametrize("value", ["1", "1.5", "true", "null", "[]", "{}", '"x"', '""'])
def test_strict_json_refuses_other_types_as_ids(value: str) -> None:
    for field in ("ticket", "service"):
        good = {"ticket": '"019cb165-4510-768e-82c6-ae24d0e414d9"', "service": '"DUK-KTP"'}
        body = ",".join(f'"{key}":{text}' for key, text in (good | {field: value}).items())
        with pytest.raises(ValidationError):
            Ticket.model_validate_json("{" + body + "}", strict=True)


def test_every_name_has_examples_here() -> None:
    assert sorted(EXAMPLES) == [kind.__name__ for kind in NAMES]


@pytest.mark.parametrize("kind", NAMES)
def test_every_name_takes_its_examples_and_refuses_what_surrounds_them(kind: type[Name]) -> None:
    adapter = TypeAdapter(kind)
    for good in EXAMPLES[kind.__name__]:
        assert type(adapter.validate_python(good)) is kind
        for bad in (f"{good}\n", f" {good}", f"{good}\x00", f"{good}!", f"x!{good}", ""):
            with pytest.raises(ValueError, match=kind.__name__):
                kind(bad)
            with pytest.raises(ValidationError):
                adapter.validate_python(bad)


@pytest.mark.parametrize("kind", NAMES)
def test_the_schema_of_a_name_says_the_same_as_its_class(kind: type[Name]) -> None:
    for mode in ("validation", "serialization"):
        schema = TypeAdapter(kind).json_schema(mode=mode)
        pattern = re.compile(schema["pattern"])
        for good in EXAMPLES[kind.__name__]:
            assert pattern.search(good)
            assert not pattern.search(f"{good}!")
            assert not pattern.search(f"!{good}")
        assert schema["maxLength"] == kind.max_length
        assert schema["description"] == kind.__doc__


def test_a_name_has_a_greatest_length() -> None:
    assert AgencyId("a" * 40)
    with pytest.raises(ValueError, match="at most 40"):
        AgencyId("a" * 41)


def test_an_actor_has_a_kind_and_a_name() -> None:
    assert (Actor("agency:dinkes").kind, Actor("agency:dinkes").name) == ("agency", "dinkes")
    assert (Actor("public").kind, Actor("public").name) == ("public", "")


def test_mypy_refuses_a_ticket_id_where_an_application_id_is_wanted(tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(
        "from contracts.ids import AgencyId, ApplicationId, MallId, TicketId\n"
        "def follow(application: ApplicationId, agency: AgencyId) -> None: ...\n"
        "follow(ApplicationId.new(), AgencyId('dinkes'))\n"
        "follow(TicketId.new(), AgencyId('dinkes'))\n"
        "follow(ApplicationId.new(), MallId('mpp-nusantara'))\n"
        "follow(ApplicationId.new(), 'dinkes')\n",
        encoding="utf-8",
    )
    cache = ROOT / ".mypy_cache" / "snippets"
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(cache), "--strict", str(snippet)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=55, check=False
    )
    errors = re.findall(r"snippet\.py:(\d+): error: (.*)", done.stdout)
    assert [line for line, _ in errors] == ["4", "5", "6"], done.stdout + done.stderr
    assert 'incompatible type "TicketId"; expected "ApplicationId"' in errors[0][1]


def test_an_id_survives_being_a_key_of_a_dict_and_a_copy() -> None:
    one = ApplicationId.new()
    assert {one: 1}[ApplicationId(str(one))] == 1
    assert (
        type(Ticket(ticket=TicketId(one), service=ServiceCode("A" * 2 + "-AA")).ticket) is TicketId
    )
