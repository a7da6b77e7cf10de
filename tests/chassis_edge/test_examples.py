"""Where an example comes from, and that none is invented."""

from typing import Annotated, Any

import jsonschema
import pytest
from pydantic import BaseModel, Field

from chassis.examples import NoExample, example_of
from contracts.ids import MallId, ServiceCode, TicketId

SCHEMAS: dict[str, dict[str, Any]] = {
    "Mall": {"type": "string", "description": "A mall, for example `mpp-nusantara`."}
}


@pytest.mark.parametrize(
    "schema,example",
    [
        ({"type": "string", "examples": ["first", "second"]}, "first"),
        ({"type": "integer", "default": 0, "minimum": 5}, 0),
        ({"type": "string", "default": None, "enum": ["served", "no_show"]}, "served"),
        ({"const": "prioritas"}, "prioritas"),
        ({"$ref": "#/components/schemas/Mall"}, "mpp-nusantara"),
        ({"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Mall"}]}, "mpp-nusantara"),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "for example `Z1`"},
            "Z1",
        ),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "integer", "exclusiveMinimum": 3}, 4),
        ({"type": "boolean"}, True),
        ({"type": "string", "format": "date"}, "2026-03-02"),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
    ],
)
def test_what_a_schema_says_is_its_example(schema: dict[str, Any], example: Any) -> None:
    assert example_of(schema, SCHEMAS) == example


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "string", "pattern": "^a+$"}, {}])
def test_free_text_shows_none_of_itself(schema: dict[str, Any]) -> None:
    with pytest.raises(NoExample):
        example_of(schema, SCHEMAS)


def test_a_body_shows_what_it_must_have_and_the_body_is_one() -> None:
    class Inner(BaseModel):
        ticket_id: TicketId
        times: Annotated[int, Field(ge=2)]

    class Body(BaseModel):
        mall: MallId
        service: ServiceCode
        note: str | None = None
        parts: list[Inner]

    schema = Body.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = schema.pop("$defs")
    example = example_of(schema, schemas)
    assert set(example) == {"mall", "service", "parts"}
    assert Body.model_validate(example).parts[0].times == 2
    jsonschema.validate(example, {**schema, "components": {"schemas": schemas}})
