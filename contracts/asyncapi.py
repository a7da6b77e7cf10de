"""The AsyncAPI 3.0 document of the platform, made from the catalog, the schemas and the samples.

It describes what travels on Kafka as anybody outside needs it; how services consume is not here.
"""

import json
from itertools import pairwise
from typing import Any

from contracts import __version__
from contracts.base import Fact
from contracts.catalog import AGENCY_TOPICS, EVENTS, TOPICS, Topic, events_on, topic_of
from contracts.ids import AgencyId
from contracts.samples import headers, payload
from contracts.schemas import schema_of

Document = dict[str, Any]

_ABOUT = """\
Facts of a platform that makes many agencies feel like one counter.

Each record is a CloudEvent 1.0 in Kafka's binary mode: attributes in headers named `ce_...`, the
value plain JSON. Facts with one key stay in order. Readers ignore fields and attributes that they
do not know. A topic with `{agency}` exists once per agency, and only that agency may write its
reports and read its answers.
"""
_TEXT = {"type": "string", "minLength": 1, "maxLength": 1024}
_TIME = {"type": "string", "format": "date-time", "description": "RFC 3339, in UTC."}
_ATTRIBUTES: Document = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {
        "type": "string",
        "format": "uuid",
        "description": "The id of the fact: who sees it twice takes it once.",
    },
    "ce_source": {
        **_TEXT,
        "format": "uri-reference",
        "description": "Who says it: `/services/<service>`, `/catalogue` or `/agencies/<agency>`.",
    },
    "ce_type": _TEXT,
    "ce_subject": {**_TEXT, "description": "The id of the aggregate that the fact is about."},
    "ce_time": {**_TIME, "description": "When it happened. RFC 3339."},
    "ce_actor": {
        **_TEXT,
        "description": "Who acted, for example `officer:z1-04`. Never a person's name.",
    },
    "ce_aggregateversion": {
        "type": "string",
        "pattern": "^[1-9][0-9]*$",
        "description": "The number of the fact within its aggregate: 1, 2, 3 ...",
    },
    "ce_recordedtime": {**_TIME, "description": "When the platform wrote it down. RFC 3339."},
    "ce_correlationid": {**_TEXT, "description": "Shared by all that follows from one request."},
    "ce_causationid": {**_TEXT, "description": "The fact or command that led to this one."},
    "ce_traceparent": {**_TEXT, "description": "W3C trace context."},
    "content-type": {"type": "string", "const": "application/json"},
}
_REQUIRED = ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time"]


def asyncapi_document() -> Document:
    """The whole document as plain data; the same catalog always gives the same document."""
    topics = (*TOPICS, *AGENCY_TOPICS)
    return {
        "asyncapi": "3.0.0",
        "id": "urn:loket:events",
        "info": {
            "title": "Loket events",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
            "contact": {"name": "The Loket project"},
            "tags": [{"name": owner} for owner in sorted({_owner(topic) for topic in topics})],
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "localhost:{port}",
                "protocol": "kafka",
                "description": "The embedded broker of a developer's machine.",
                "variables": {"port": {"default": "9092", "description": "Shown at the start."}},
            }
        },
        "channels": {_channel_id(topic): _channel(topic) for topic in topics},
        "operations": dict(op for topic in topics for op in _operations(topic)),
        "components": {
            "messages": {event.wire_type(): _message(event) for event in EVENTS},
            "schemas": {
                "envelope": {
                    "type": "object",
                    "description": "CloudEvents 1.0 attributes as Kafka headers, binary mode.",
                    "properties": _ATTRIBUTES,
                    "required": _REQUIRED,
                },
                **{
                    name: part for event in EVENTS for name, part in _payload_schemas(event).items()
                },
            },
        },
    }


def _owner(topic: Topic) -> str:
    return "agency" if topic.owner.startswith("agency:") else topic.owner


def _channel_id(topic: Topic) -> str:
    """For example `bookingSessions`, or `agencyReports` for a topic of each agency."""
    first, *rest = topic.name.replace("*.", "").removesuffix(".v1").split(".")
    return first + "".join(part.title() for part in rest)


def _channel(topic: Topic) -> Document:
    address = topic.name.replace("*", "{agency}")
    channel: Document = {
        "address": address,
        "title": topic.name.replace("*", "<agency>"),
        "description": _channel_text(topic),
        "messages": {
            event.wire_type(): {"$ref": f"#/components/messages/{event.wire_type()}"}
            for event in events_on(topic)
        },
        "tags": [{"name": _owner(topic)}],
        "bindings": {
            "kafka": {
                "topic": address,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": ["compact" if topic.compacted else "delete"]
                },
                "bindingVersion": "0.5.0",
            }
        },
    }
    if "*" in topic.name:
        about = f"The agency's code, for example `dinkes`; it matches `{AgencyId.pattern}`."
        channel["parameters"] = {"agency": {"description": about, "examples": ["dinkes"]}}
    return channel


def _channel_text(topic: Topic) -> str:
    readers = ", ".join(topic.readers) or "no service"
    text = f"Written by {topic.owner.replace('*', '<agency>')} alone. Read by {readers}."
    return f"{text} It is {topic.note}." if topic.note else text


def _operations(topic: Topic) -> list[tuple[str, Document]]:
    channel = _channel_id(topic)
    readers = list(topic.readers)
    if "*" in topic.name and _owner(topic) != "agency":
        readers.append("agency")
    roles = [("send", _owner(topic)), *(("receive", reader) for reader in readers)]
    return [
        (
            f"{who}.{action}.{channel}",
            {
                "action": action,
                "channel": {"$ref": f"#/channels/{channel}"},
                "title": f"{who} {action}s {topic.name.replace('*', '<agency>')}",
                "summary": _operation_text(action, who),
                "tags": [{"name": _owner(topic)}],
            },
        )
        for action, who in roles
    ]


def _operation_text(action: str, who: str) -> str:
    return f"What {who} publishes." if action == "send" else f"What {who} listens to."


def _message(event: type[Fact]) -> Document:
    wire_type = event.wire_type()
    summary, description = sentence_and_rest(event)
    message: Document = {
        "name": wire_type,
        "title": event.__name__,
        "summary": summary,
        "contentType": "application/json",
        "tags": [{"name": _owner(topic_of(event))}],
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/envelope"},
                {"type": "object", "properties": {"ce_type": {"const": wire_type}}},
            ]
        },
        "payload": {"$ref": f"#/components/schemas/{wire_type}"},
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "format": "uuid",
                    "description": f"The `{event.keyed_by or event.identity}` of the payload.",
                },
                "bindingVersion": "0.5.0",
            }
        },
        "examples": [
            {
                "name": size,
                "summary": f"The {size} payload.",
                "headers": headers(wire_type),
                "payload": payload(wire_type, size),
            }
            for size in ("fullest", "smallest")
        ],
    }
    if description:
        message["description"] = description
    return message


def _payload_schemas(event: type[Fact]) -> Document:
    """The payload's schema and those that it refers to, each under a name of its own."""
    wire_type = event.wire_type()
    schema = schema_of(wire_type, event, "reader")
    inner = schema.pop("$defs", {})
    named = {f"{wire_type}.{name}": part for name, part in inner.items()}
    kept = {key: value for key, value in schema.items() if key not in {"$schema", "$id"}}
    text = json.dumps({wire_type: kept, **named})
    moved: Document = json.loads(text.replace("#/$defs/", f"#/components/schemas/{wire_type}."))
    return moved


def sentence_and_rest(event: type[Fact]) -> tuple[str, str]:
    """The docstring of an event: its first sentence, and what follows (may be empty)."""
    text = " ".join((event.__doc__ or "").split())
    ends = [i + 1 for i, (a, b) in enumerate(pairwise(text)) if a in ".!?" and b == " "]
    # An ellipsis ("1, 2, 3 ...") does not end a sentence.
    ends = [end for end in ends if not text[:end].endswith("...")]
    end = ends[0] if ends else len(text)
    return text[:end].strip(), text[end:].strip()
