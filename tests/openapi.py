"""Asks a running service everything that its OpenAPI document allows, and much that it does not.

Requests are made up by schemathesis from the document; ids and codes that exist are mixed in, so
that rules are reached and not only parameters. Every answer must be one that the document knows.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import httpx
import jsonschema
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chassis.problems import MEDIA_TYPE

ROLES = ("agency", "board", "kiosk", "officer", "operator", "supervisor", "system")
_CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_KEY = "Idempotency-Key"
_TITLES = ("type", "title", "code", "title_id", "title_en")
# An encoded slash in a path leads to another address, or to none.
_ELSEWHERE = {"no_such_address", "method_not_allowed"}
_CALM = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Explorer:
    """One service and what is known about it.

    `known` has values that exist, by the name of a parameter or of a field of a body; `callers` has
    the headers of callers in the roles that they have.
    """

    client: httpx.AsyncClient
    document: dict[str, Any]
    callers: Mapping[str, dict[str, str]]
    known: Mapping[str, Sequence[Any]]
    answered: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Which statuses came from each operation: `POST /v1/tickets` -> {201, 409}."""

    async def explore(self, examples: int = 25) -> None:
        """Try each operation so often with fitting requests, and as often with unfitting ones.

        Raises an ExceptionGroup of what does not agree with the document.
        """
        loop = asyncio.get_running_loop()
        # Hypothesis cannot await, so it works beside the loop that the service runs on.
        await asyncio.to_thread(self._explore, loop, examples)

    def _explore(self, loop: asyncio.AbstractEventLoop, examples: int) -> None:
        wrong: list[Exception] = []
        for operation in self._operations():
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                try:
                    self._try_out(operation, mode, loop, examples)
                except Exception as problem:  # noqa: BLE001 - all are collected and raised below
                    wrong.append(problem)
        if wrong:
            raise ExceptionGroup(f"{len(wrong)} operations answer otherwise than they say", wrong)

    def _operations(self) -> Iterator[Any]:
        schema = schemathesis.openapi.from_dict(self.document)
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            if not _streams(self.document["paths"][operation.path][operation.method.lower()]):
                yield operation

    def _try_out(
        self, operation: Any, mode: GenerationMode, loop: asyncio.AbstractEventLoop, examples: int
    ) -> None:
        try:
            made = operation.as_strategy(generation_mode=mode)
        except Exception:
            if mode is GenerationMode.NEGATIVE and not _can_be_wrong(operation):
                return
            raise

        @settings(_CALM, max_examples=examples)
        @given(case=made, caller=self._caller(operation), lots=st.randoms(use_true_random=False))
        def ask(case: Case[Any], caller: str, lots: Any) -> None:
            self._mix_in(case, lots)
            asked = asyncio.run_coroutine_threadsafe(self._send(case, self.callers[caller]), loop)
            answer = asked.result(timeout=20)
            name = f"{case.method} {case.path}"
            if _code(answer) in _ELSEWHERE:
                return
            self.answered[name].add(answer.status_code)
            case.validate_response(answer, checks=_CHECKS)
            _check_problem(answer)

        ask()

    def _caller(self, operation: Any) -> st.SearchStrategy[str]:
        """Mostly one who may; sometimes any other, and nobody."""
        said = self.document["paths"][operation.path][operation.method.lower()]
        may = [role for role in said.get("x-loket-roles", self.callers) if role in self.callers]
        return st.sampled_from([*may * 3, *self.callers])

    def _mix_in(self, case: Case[Any], lots: Any) -> None:
        """What exists takes the place of most of what is made up under its name."""
        body = case.body if isinstance(case.body, dict) else {}
        for values in (case.path_parameters, case.query, body):
            for name in list(values or {}):
                if name in self.known and lots.random() < 0.8:
                    values[name] = lots.choice(self.known[name])
        if _KEY in (case.headers or {}) and lots.random() < 0.8:
            # Made-up keys are often equal, also to those of other operations.
            operation = crc32(f"{case.method} {case.path}".encode())
            case.headers[_KEY] = f"{operation:08x}{lots.getrandbits(96):024x}"

    async def _send(self, case: Case[Any], headers: Mapping[str, str]) -> httpx.Response:
        sent = {
            name.encode(): str(value).encode()
            for name, value in {**dict(case.headers or {}), **headers}.items()
        }
        content: bytes | None = None
        if case.body is not NOT_SET:
            sent.setdefault(b"content-type", (case.media_type or "application/json").encode())
            content = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
        query = {name: value for name, value in (case.query or {}).items() if value is not None}
        request = self.client.build_request(
            case.method, case.formatted_path, params=query, headers=sent, content=content
        )
        return await self.client.send(request)


def without_example(document: dict[str, Any]) -> list[str]:
    """The parameters and bodies that show no example, or one that their own schema refuses."""
    wrong = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            shown = [(one["name"], one) for one in operation.get("parameters", [])]
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                shown.append((kind, content))
            wrong += [
                f"{method.upper()} {path}: {name} {flaw}"
                for name, one in shown
                if (flaw := _flaw(one, document))
            ]
    return wrong


def _flaw(one: Mapping[str, Any], document: dict[str, Any]) -> str | None:
    examples = [one["example"]] if "example" in one else one["schema"].get("examples", [])
    if not examples:
        return "has no example"
    schema = {**one["schema"], "components": document["components"]}
    checker = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return None if all(checker.is_valid(example) for example in examples) else "shows a wrong one"


def _streams(operation: Mapping[str, Any]) -> bool:
    content = operation["responses"].get("200", {}).get("content", {})
    return "text/event-stream" in content


def _can_be_wrong(operation: Any) -> bool:
    return bool(operation.body or list(operation.iter_parameters()))


def _code(answer: httpx.Response) -> str | None:
    if answer.headers.get("content-type", "").startswith(MEDIA_TYPE):
        code: str = answer.json()["code"]
        return code
    return None


def _check_problem(answer: httpx.Response) -> None:
    """A problem tells people what is wrong in both languages, and is listed by its code."""
    if answer.status_code >= 400:
        said = answer.json()
        assert all(said.get(member) for member in _TITLES), said
        assert said["title_id"] != said["title_en"], said
        assert said["status"] == answer.status_code, said
