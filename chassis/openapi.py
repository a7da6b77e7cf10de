"""What `/openapi.json` says beyond FastAPI: strict bodies, roles, examples, possible problems."""

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel

from chassis import problems
from chassis.auth import Access
from chassis.errors import (
    Conflict,
    Failure,
    InFlight,
    KeyReused,
    NotAllowed,
    NotAuthenticated,
    TooManyRequests,
    TooSlow,
    Unavailable,
)
from chassis.examples import NoExample, example_of
from chassis.problems import Problem
from contracts.base import Refused

EVENT_STREAM: dict[str, Any] = {
    "description": (
        "Server-sent events. `id` is the position; send it back as `Last-Event-ID` or `?after=` "
        "to continue without gap or repeat. On `event: snapshot` read the snapshot again."
    ),
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}

_REF = "#/components/schemas/{model}"


def of_access(access: Access) -> Sequence[Problem]:
    """What checking the caller can answer."""
    found = [NotAuthenticated, NotAllowed] if access.roles else [NotAuthenticated]
    return [problems.of(one) for one in (*found, TooManyRequests)]


def of_body(model: type[BaseModel] | None) -> Sequence[Problem]:
    """What reading the body can answer."""
    return problems.BODY_PROBLEMS if model else ()


def of_command() -> Sequence[Problem]:
    """What dispatching a command can answer, whatever the command."""
    found = [problems.of(one) for one in (Conflict, InFlight, KeyReused)]
    return [problems.of_malformed("idempotency_key_missing"), *found]


def of_refusals(refusals: Iterable[type[Refused | Failure]]) -> Sequence[Problem]:
    """What this endpoint's own rules can answer, and what each endpoint can."""
    found = [problems.of(one) for one in (*refusals, Unavailable, TooSlow)]
    return [problems.of_malformed("invalid_parameters"), *found]


def additions(access: Access, model: type[BaseModel] | None) -> dict[str, Any]:
    """What is added to one operation."""
    added: dict[str, Any] = {}
    if access.roles:
        added["security"] = [{"bearer": []}]
        added["x-loket-roles"] = sorted(access.roles)
    if model is not None:
        content: dict[str, Any] = {"schema": {"$ref": _REF.format(model=model.__name__)}}
        added["requestBody"] = {"required": True, "content": {"application/json": content}}
    return added


def completed(document: dict[str, Any], bodies: Iterable[type[BaseModel]]) -> dict[str, Any]:
    """The document with the schemas of bodies and problems, and without FastAPI's own 422."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = problems.SCHEMA
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operation in (one for path in document["paths"].values() for one in path.values()):
        if "application/json" in operation["responses"].get("422", {}).get("content", {}):
            del operation["responses"]["422"]
    for model in bodies:
        schema = model.model_json_schema(ref_template=_REF)
        for name, part in {**schema.pop("$defs", {}), model.__name__: schema}.items():
            if schemas.setdefault(name, part) != part:
                raise TypeError(f"two different models are called {name}")
    for operation in (one for path in document["paths"].values() for one in path.values()):
        bodies_of = operation.get("requestBody", {}).get("content", {}).values()
        for shown in (*operation.get("parameters", ()), *bodies_of):
            with contextlib.suppress(NoExample):
                shown.setdefault("example", example_of(shown["schema"], schemas))
    return document
