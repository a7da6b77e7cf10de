"""JSON Schema 2020-12 of everything that crosses the platform, in the two forms of a promise.

The reader form is open, as readers are: unknown fields pass. The writer form is closed: it holds
exactly what today's writers may say. Old and new forms are compared by `contracts.gate`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from contracts.catalog import AGENCY_TOPICS, EVENTS, TOPICS, topic_of
from contracts.entries import ENTRY_KINDS

Schema = dict[str, Any]
Form = Literal["reader", "writer"]
DIALECT = GenerateJsonSchema.schema_dialect


def models() -> Mapping[str, type[BaseModel]]:
    """Everything that has a schema: events by wire type, catalogue bodies as `entries/<kind>`."""
    events: dict[str, type[BaseModel]] = {event.wire_type(): event for event in EVENTS}
    return events | {f"entries/{kind}": model for kind, model in ENTRY_KINDS.items()}


def schema_of(name: str, model: type[BaseModel], form: Form) -> Schema:
    """The schema of one model in one form, with `name` as the end of its id."""
    mode: Literal["validation", "serialization"] = (
        "validation" if form == "reader" else "serialization"
    )
    body = _without_field_titles(model.model_json_schema(mode=mode))
    if form == "writer":
        _close(body)
    identity = f"urn:loket:{name.replace('/', ':')}:{form}"
    return {"$schema": DIALECT, "$id": identity, **body}


def schema_files() -> dict[str, Schema]:
    """Every schema by file name: `<name>.json` for readers, `<name>.writer.json` for writers."""
    files: dict[str, Schema] = {}
    for name, model in models().items():
        files[f"{name}.json"] = schema_of(name, model, "reader")
        files[f"{name}.writer.json"] = schema_of(name, model, "writer")
    return files


def catalog_document() -> Schema:
    """What the catalog promises besides the form of payloads: where each event is found, and how.

    Readers and notes are left out: they may change without breaking anybody.
    """
    return {
        "events": {
            event.wire_type(): {
                "topic": event.topic,
                "owner": topic_of(event).owner,
                "aggregate": event.aggregate,
                "identity": event.identity,
                "key": event.keyed_by or event.identity,
            }
            for event in EVENTS
        },
        "topics": {
            topic.name: {
                "owner": topic.owner,
                "partitions": topic.partitions,
                "compacted": topic.compacted,
            }
            for topic in (*TOPICS, *AGENCY_TOPICS)
        },
    }


def _without_field_titles(schema: Schema) -> Schema:
    """Pydantic titles each field with its own name, which says nothing twice."""
    for part in _objects(schema):
        for field in part["properties"].values():
            field.pop("title", None)
    return schema


def _close(schema: Schema) -> None:
    for part in _objects(schema):
        part.setdefault("additionalProperties", False)


def _objects(schema: Schema) -> Iterator[Schema]:
    """The schema and all schemas inside it that list properties."""
    if "properties" in schema:
        yield schema
    inner = [*schema.get("$defs", {}).values(), *schema.get("properties", {}).values()]
    inner += schema.get("anyOf", [])
    inner += [schema[key] for key in ("items", "additionalProperties") if key in schema]
    for part in inner:
        if isinstance(part, dict):
            yield from _objects(part)
