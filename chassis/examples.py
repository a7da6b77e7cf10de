"""An example of a parameter or a body, from what its own schema says.

Names show theirs in the description ("for example `DUK-KTP`"). Where nothing can be said, such as
for free text, there is none: then the field gives `examples` itself.
"""

import re
from collections.abc import Mapping
from typing import Any

_OF_FORMAT = {
    "uuid": "0195d2a8-5b00-7c3e-9c4a-4a6f1d2e3b4c",
    "date": "2026-03-02",
    "date-time": "2026-03-02T08:00:00+07:00",
    "time": "08:00:00",
}
_SHOWN = re.compile(r"for example `([^`]+)`")
_REF = "#/components/schemas/"
Schema = Mapping[str, Any]


class NoExample(Exception):
    """The schema shows nothing to take."""


def example_of(schema: Schema, schemas: Mapping[str, Schema]) -> Any:
    """A value that fits; `schemas` are those that it may refer to. Raises NoExample."""
    if schema.get("examples"):
        return schema["examples"][0]
    for word in ("const", "default"):
        if schema.get(word) is not None:
            return schema[word]
    if schema.get("enum"):
        return schema["enum"][0]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].removeprefix(_REF)], schemas)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if choice.get("type") != "null":
            return example_of({**choice, **_said(schema)}, schemas)
    return _of_type(schema, schemas)


def _said(schema: Schema) -> Schema:
    """What stands beside a choice and tells of it all the same."""
    return {"description": schema["description"]} if "description" in schema else {}


def _of_type(schema: Schema, schemas: Mapping[str, Schema]) -> Any:
    match schema.get("type"):
        case "object":
            return {
                name: example_of(schema["properties"][name], schemas)
                for name in schema.get("required", ())
            }
        case "array":
            return [example_of(schema["items"], schemas)]
        case "integer":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
        case _:
            return _of_text(schema)


def _of_text(schema: Schema) -> str:
    shown = _SHOWN.search(schema.get("description", ""))
    if shown is not None:
        return shown[1]
    if schema.get("format") in _OF_FORMAT:
        return _OF_FORMAT[schema["format"]]
    raise NoExample
