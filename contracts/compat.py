"""The judge of compatibility: it says whether a reader can take everything a writer may say.

It knows the part of JSON Schema that pydantic makes of our models. What it does not know it
calls a problem: a false alarm costs a talk, a missed one costs an office its data.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "examples", "default"}
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_EXACT = ("pattern", "format", "multipleOf", "uniqueItems")
_PARTS = {"type", "items", "properties", "required", "additionalProperties"}
_KNOWN = _ANNOTATIONS | _PARTS | {*_LOWER, *_UPPER, *_EXACT}
_JSON_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    type(None): "null",
}


class _CannotJudgeError(Exception):
    """The schema uses something that the judge does not know."""


def problems(writer: Schema, reader: Schema) -> list[str]:
    """Why some document of `writer` is not one of `reader`; empty if every one is."""
    return _Judge(writer, reader).compare(writer, reader, "$")


class _Judge:
    """One comparison. Holds both documents, because `$ref` points into them."""

    def __init__(self, writer: Schema, reader: Schema) -> None:
        self._writer_root = writer
        self._reader_root = reader
        self._in_progress: set[str] = set()

    def compare(self, writer: Schema, reader: Schema, path: str) -> list[str]:
        pair = json.dumps([writer, reader], sort_keys=True)
        if pair in self._in_progress:
            return []  # a form that holds itself: it is being compared further up
        self._in_progress.add(pair)
        try:
            return self._compare(
                _resolve(writer, self._writer_root), _resolve(reader, self._reader_root), path
            )
        except _CannotJudgeError as unknown:
            return [f"{path}: cannot judge {unknown}"]
        finally:
            self._in_progress.discard(pair)

    def _compare(self, writer: Schema, reader: Schema, path: str) -> list[str]:
        takers = list(_alternatives(reader))
        found = _changed_default(writer, reader, path)
        for said in _alternatives(writer):
            answers = [self._taken(said, taker, path) for taker in takers]
            if all(answers):
                found += _most_telling(answers)
        return found

    def _taken(self, said: Schema, taker: Schema, path: str) -> list[str]:
        if "$ref" in said or "$ref" in taker:
            return self.compare(said, taker, path)
        if "const" in said:
            return _value_problems(said["const"], taker, path)
        if "const" in taker:
            return [f"{path}: writes any {said.get('type', 'value')}, read are listed values only"]
        if "type" in taker and not _type_fits(said.get("type"), taker["type"]):
            return [f"{path}: no reader for {said.get('type', 'any value')}"]
        return [
            *_bound_problems(said, taker, path),
            *self._item_problems(said, taker, path),
            *self._property_problems(said, taker, path),
        ]

    def _item_problems(self, said: Schema, taker: Schema, path: str) -> list[str]:
        if "items" not in taker:
            return []
        return self.compare(said.get("items", {}), taker["items"], f"{path}[]")

    def _property_problems(self, said: Schema, taker: Schema, path: str) -> list[str]:
        missing = sorted(set(taker.get("required", ())) - set(said.get("required", ())))
        found = [f"{path}.{name}: required by readers, not always written" for name in missing]
        written, read = said.get("properties", {}), taker.get("properties", {})
        others_written, others_read = _others(said), _others(taker)
        for name, schema in written.items():
            found += self._field(schema, read.get(name, others_read), f"{path}.{name}")
        if others_written is not None:
            for name in sorted(set(read) - set(written)):
                found += self._field(others_written, read[name], f"{path}.{name}")
            found += self._field(others_written, others_read, f"{path}.*")
        return found

    def _field(self, said: Schema, taker: Schema | None, path: str) -> list[str]:
        if taker is None:
            return [f"{path}: not allowed by readers"]
        return self.compare(said, taker, path)


def _others(schema: Schema) -> Schema | None:
    """What fields that are not listed must look like; None if there may be no others."""
    others = schema.get("additionalProperties", True)
    if others is False:
        return None
    return {} if others is True else dict(others)


def _resolve(schema: Schema, root: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    target: Schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return target | {key: value for key, value in schema.items() if key != "$ref"}


def _alternatives(schema: Schema) -> Iterator[Schema]:
    """The schema as a choice of simpler ones, of which each listed value is one."""
    constraints = set(schema) - _ANNOTATIONS
    if "anyOf" in schema and constraints == {"anyOf"}:
        for part in schema["anyOf"]:
            yield from _alternatives(part)
    elif "enum" in schema and constraints <= {"enum", "type"}:
        yield from ({"const": value} for value in schema["enum"])
    elif "const" in schema and constraints <= {"const", "type"}:
        yield {"const": schema["const"]}
    elif constraints == {"$ref"}:
        yield schema
    elif constraints <= _KNOWN:
        types = schema["type"] if isinstance(schema.get("type"), list) else [None]
        yield from (schema if name is None else {**schema, "type": name} for name in types)
    else:
        raise _CannotJudgeError(", ".join(sorted(constraints - _KNOWN)))


def _most_telling(answers: list[list[str]]) -> list[str]:
    """Of the reasons why no alternative fits, those of the one whose type did fit."""
    return max(answers, key=lambda answer: ("no reader" not in answer[0], len(answer)))


def _changed_default(writer: Schema, reader: Schema, path: str) -> list[str]:
    """A field left out means its default; that meaning must not differ between versions."""
    if "default" in writer and "default" in reader and writer["default"] != reader["default"]:
        return [f"{path}: the default differs, so leaving it out says something else"]
    return []


def _type_fits(said: object, taken: object) -> bool:
    return said == taken or (said == "integer" and taken == "number")


def _bound_problems(said: Schema, taker: Schema, path: str) -> list[str]:
    found = [
        f"{path}: {name} {said.get(name, 'absent')} of writers is outside {taker[name]} of readers"
        for names, sign in ((_LOWER, 1), (_UPPER, -1))
        for name in names
        if name in taker and (name not in said or sign * said[name] < sign * taker[name])
    ]
    return found + [
        f"{path}: {name} of readers is not that of writers"
        for name in _EXACT
        if name in taker and said.get(name) != taker[name]
    ]


def _value_problems(value: object, taker: Schema, path: str) -> list[str]:
    """Whether one listed value is taken."""
    if "const" in taker:
        same = value == taker["const"] and type(value) is type(taker["const"])
        return [] if same else [f"{path}: {value!r} is not in the list of readers"]
    if "type" in taker and not _type_fits(_JSON_TYPES.get(type(value)), taker["type"]):
        return [f"{path}: no reader for {value!r}"]
    said: Schema = {}
    if isinstance(value, str):
        said = {"minLength": len(value), "maxLength": len(value)}
        pattern = taker.get("pattern")
        if pattern is not None and re.search(pattern, value):
            said["pattern"] = pattern
    elif isinstance(value, int | float):
        said = {"minimum": value, "maximum": value}
    return _bound_problems(said, taker, path)
