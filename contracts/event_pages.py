"""The page `docs/events.md`: what happens on the platform, for people who do not read schemas."""

import json
from typing import Any

from contracts.asyncapi import sentence_and_rest
from contracts.base import Fact
from contracts.catalog import AGENCY_TOPICS, TOPICS, Topic, events_on, topic_of
from contracts.samples import headers, payload
from contracts.schemas import schema_of

_HEAD = """\
# Events

Every fact that travels on Kafka, by topic. The value of a record is the JSON shown here; what
surrounds it (id, time, actor, ...) stands in the record's headers, as CloudEvents 1.0 wants it in
binary mode. `*` in a topic stands for the name of an agency.

The page is written by `python -m contracts.generate`; do not edit it. How events may change:
`contracts/README.md`. The same for machines: `contracts/asyncapi.yaml` and `contracts/schemas/`.
"""
_BOUNDS = (
    ("minimum", "from {}"),
    ("maximum", "to {}"),
    ("minLength", "at least {} long"),
    ("maxLength", "at most {} long"),
    ("minItems", "at least {}"),
    ("maxItems", "at most {}"),
)


def events_page() -> str:
    """The whole page as Markdown."""
    topics = (*TOPICS, *AGENCY_TOPICS)
    parts = [_HEAD, _overview(topics), _envelope_example()]
    parts += [_topic_section(topic) for topic in topics]
    return "\n".join(parts)


def _overview(topics: tuple[Topic, ...]) -> str:
    lines = ["| topic | written by | read by | events |", "|---|---|---|---|"]
    for topic in topics:
        events = ", ".join(f"[{e.__name__}](#{_anchor(e)})" for e in events_on(topic))
        readers = ", ".join(topic.readers) or topic.note
        lines.append(f"| `{topic.name}` | {topic.owner} | {readers} | {events} |")
    return "\n".join(lines) + "\n"


def _envelope_example() -> str:
    shown = headers("tracking.stage_accepted.v1")
    rows = "\n".join(f"{name}: {value}" for name, value in shown.items())
    return f"The headers of one record:\n\n```text\n{rows}\n```\n"


def _topic_section(topic: Topic) -> str:
    kind = "keeps the newest record per key" if topic.compacted else "keeps records for its time"
    partitions = "1 partition" if topic.partitions == 1 else f"{topic.partitions} partitions"
    note = f" It is {topic.note}." if topic.note else ""
    parts = [f"## `{topic.name}`\n\nOwner: {topic.owner}; {partitions}; {kind}.{note}\n"]
    parts += [_event_section(event) for event in events_on(topic)]
    return "\n".join(parts)


def _event_section(event: type[Fact]) -> str:
    sentence, rest = sentence_and_rest(event)
    topic = topic_of(event)
    sample = json.dumps(payload(event.wire_type(), "fullest"), indent=2, ensure_ascii=False)
    return "\n".join(
        [
            f"### {_heading(event)}\n",
            f"{sentence} {rest}".strip() + "\n",
            f"- owner: {topic.owner}",
            f"- topic: `{topic.name}`",
            f"- about: one {event.aggregate}, `{event.identity}`",
            f"- key: `{event.keyed_by or event.identity}`",
            f"- read by: {', '.join(topic.readers) or topic.note}\n",
            _fields(event),
            f"```json\n{sample}\n```\n",
        ]
    )


def field_rows(event: type[Fact]) -> list[tuple[str, str, str, str]]:
    """Each field with its form, whether it is always there, its meaning; code in backticks."""
    schema = schema_of(event.wire_type(), event, "reader")
    required = set(schema.get("required", ()))
    return [
        (f"`{name}`", _form(field), "yes" if name in required else "no", _meaning(field))
        for name, field in schema["properties"].items()
    ]


def _fields(event: type[Fact]) -> str:
    lines = ["| field | form | always there | meaning |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in field_rows(event)]
    return "\n".join(lines) + "\n"


def _form(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_form(part) for part in field["anyOf"] if part.get("type") != "null")
    if "enum" in field:
        return "one of " + ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of: {_form(field.get('items', {}))}"
    words = [{"string": "text", "object": "object"}.get(field.get("type", ""), field.get("type"))]
    if "format" in field:
        words = [field["format"]]
    if "pattern" in field and "(?:" not in field["pattern"] and "\\u" not in field["pattern"]:
        words.append(f"`{field['pattern']}`".replace("|", "\\|"))
    words += [text.format(field[key]) for key, text in _BOUNDS if key in field]
    return ", ".join(word for word in words if word) or "any"


def _meaning(field: dict[str, Any]) -> str:
    found = [
        part["description"] for part in (field, *field.get("anyOf", ())) if "description" in part
    ]
    if "items" in field and "description" in field["items"]:
        found.append(f"Each: {field['items']['description']}")
    return " ".join(found)


def _heading(event: type[Fact]) -> str:
    return f"{event.__name__} (`{event.wire_type()}`)"


def _anchor(event: type[Fact]) -> str:
    """How Markdown viewers name the heading."""
    kept = (letter for letter in _heading(event).lower() if letter.isalnum() or letter in " _-")
    return "".join(kept).replace(" ", "-")
