"""The schemas: checked-in files are today's, both forms are valid and mean what they say."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from pydantic import BaseModel

from contracts import generate, samples
from contracts.base import Fact
from contracts.catalog import EVENTS
from contracts.schemas import DIALECT, models, schema_files, schema_of

every_event = pytest.mark.parametrize("event", EVENTS)


def validator(event: type[Fact], form: Any) -> Draft202012Validator:
    return Draft202012Validator(
        schema_of(event.wire_type(), event, form),
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def test_generated_files_are_up_to_date() -> None:
    assert generate.stale() == [], "run: python -m contracts.generate"


def test_generating_twice_gives_the_same() -> None:
    assert generate.generated() == generate.generated()


def test_a_stale_a_missing_and_a_left_over_file_are_found_and_mended(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "PACKAGE", tmp_path / "contracts")
    monkeypatch.setattr(generate, "SCHEMAS", tmp_path / "contracts" / "schemas")
    generate.write()
    assert generate.stale() == []
    edited = generate.SCHEMAS / "queue.ticket_issued.v1.json"
    missing = generate.SCHEMAS / "catalog.json"
    left_over = generate.SCHEMAS / "queue.ticket_lost.v1.json"
    edited.write_text("{}", encoding="utf-8")
    missing.unlink()
    left_over.write_text("{}", encoding="utf-8")
    assert generate.stale() == sorted([edited, missing, left_over])
    assert generate.main(["--check"]) == 1
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    assert not left_over.exists()


@pytest.mark.parametrize("name,schema", schema_files().items())
def test_every_schema_is_a_json_schema_of_2020_12_whose_references_resolve(
    name: str, schema: dict[str, Any]
) -> None:
    assert schema["$schema"] == DIALECT == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    for reference in references(schema):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


def test_every_schema_has_an_id_of_its_own() -> None:
    ids = [schema["$id"] for schema in schema_files().values()]
    assert len(ids) == len(set(ids)) == 2 * len(models())


@every_event
@pytest.mark.parametrize("size", ["smallest", "fullest"])
@pytest.mark.parametrize("form", ["reader", "writer"])
def test_samples_are_valid_in_both_forms(event: type[Fact], size: Any, form: str) -> None:
    validator(event, form).validate(samples.payload(event.wire_type(), size))


@every_event
def test_what_our_code_writes_is_valid_for_writers(event: type[Fact]) -> None:
    smallest = samples.payload(event.wire_type(), "smallest")
    fact = event.model_validate_json(json.dumps(smallest), strict=True)
    validator(event, "writer").validate(json.loads(fact.model_dump_json()))


@every_event
def test_readers_take_an_unknown_field_and_writers_may_not_write_it(event: type[Fact]) -> None:
    more = samples.payload(event.wire_type(), "fullest") | {"added_later": 1}
    validator(event, "reader").validate(more)
    with pytest.raises(ValidationError, match="added_later"):
        validator(event, "writer").validate(more)


@every_event
def test_both_forms_refuse_a_wrong_value_in_each_field(event: type[Fact]) -> None:
    fullest = samples.payload(event.wire_type(), "fullest")
    for name in event.model_fields:
        wrong = fullest | {name: {"not": ["a", "value"]} if name != "body" else 7}
        for form in ("reader", "writer"):
            with pytest.raises(ValidationError):
                validator(event, form).validate(wrong)


@every_event
def test_ids_say_the_same_in_both_forms(event: type[Fact]) -> None:
    reader = schema_of(event.wire_type(), event, "reader")
    writer = schema_of(event.wire_type(), event, "writer")
    assert reader["properties"] == writer["properties"]


def test_inner_objects_of_a_writer_are_closed_too() -> None:
    closed = schema_of("x", Outer, "writer")
    assert closed["additionalProperties"] is False
    assert closed["$defs"]["Inner"]["additionalProperties"] is False
    assert "additionalProperties" not in schema_of("x", Outer, "reader")["$defs"]["Inner"]


class Inner(BaseModel):
    """Something inside."""

    value: int


class Outer(BaseModel):
    """Something with something inside."""

    inner: Inner | None = None
    many: tuple[Inner, ...] = ()


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    if isinstance(value, list):
        for inner in value:
            yield from references(inner)
