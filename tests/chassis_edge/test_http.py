"""What every endpoint has in common: problems in two languages, limits, headers, OpenAPI."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict
from structlog.testing import capture_logs

from chassis.auth import PUBLIC, Caller, Verifier, protected_routes, public_routes, requires
from chassis.errors import InFlight, KeyReused, NotFound, Unavailable
from chassis.health import REMEMBER_SECONDS, Health, NotReady
from chassis.http import IdempotencyKey, Json, Router, create_app
from chassis.settings import ServiceSettings
from contracts.base import Answer, Refused
from contracts.ids import AppointmentId, SessionId

KEY = {"idempotency-key": "key-00000001"}


class SessionFull(Refused):
    code = "session_full"
    title_id = "Sesi ini sudah penuh; pilih sesi lain"
    title_en = "This session is full; choose another"


class OnlyTheOwner(Refused):
    code = "only_the_owner"
    kind = "forbidden"
    title_id = "Hanya pemiliknya"
    title_en = "Only its owner"


class Form(BaseModel):
    """A wish for a place."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"session_id": "01990000-0000-7000-8000-000000000001"}]},
    )

    session_id: SessionId
    what: str = "book"


class Booked(Answer):
    appointment_id: AppointmentId
    actor: str


OUTCOMES: dict[str, Exception] = {
    "full": SessionFull(capacity=12),
    "other": OnlyTheOwner(),
    "flight": InFlight(),
    "reused": KeyReused(),
    "away": Unavailable(7),
    "none": NotFound(),
    "bug": RuntimeError("secret detail 3174012345678901"),
}


def router() -> Router:
    made = Router(prefix="/v1")

    @made.command("/appointments", allow=PUBLIC, status=201, refusals=[SessionFull, OnlyTheOwner])
    async def book(form: Json[Form], caller: Caller, key: IdempotencyKey) -> Booked:
        """Book a place in a session."""
        if form.what == "hang":
            await asyncio.sleep(60)
        if form.what in OUTCOMES:
            raise OUTCOMES[form.what]
        return Booked(appointment_id=AppointmentId.of(key), actor=caller.actor)

    @made.query("/appointments/{appointment_id}", allow=PUBLIC, refusals=[NotFound])
    async def show(appointment_id: AppointmentId, after: int = 0) -> Booked:
        return Booked(appointment_id=appointment_id, actor=str(after))

    return made


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def app(settings: ServiceSettings, health: Health) -> FastAPI:
    quick = settings.model_copy(update={"request_deadline_seconds": 0.2})
    return create_app("Booking", [router()], quick, health=health)


@pytest.fixture
async def client(app: FastAPI, connect: Callable[[FastAPI], Any]) -> AsyncIterator[Any]:
    async with connect(app) as made:
        yield made


async def book(client: httpx.AsyncClient, what: str, **headers: str) -> httpx.Response:
    body = {"session_id": str(SessionId.new()), "what": what}
    return await client.post("/v1/appointments", json=body, headers={**KEY, **headers})


async def test_a_command_gets_its_form_its_key_and_its_caller(client: httpx.AsyncClient) -> None:
    answer = await book(client, "book")
    assert answer.status_code == 201
    assert answer.json() == {
        "appointment_id": str(AppointmentId.of("key-00000001")),
        "actor": "public",
    }


@pytest.mark.parametrize(
    "what,status,code",
    [
        ("full", 409, "session_full"),
        ("other", 403, "only_the_owner"),
        ("flight", 409, "in_flight"),
        ("reused", 422, "key_reused"),
        ("away", 503, "unavailable"),
        ("none", 404, "not_found"),
        ("bug", 500, "unexpected"),
        ("hang", 503, "deadline_exceeded"),
    ],
)
async def test_every_failure_is_a_problem_document_in_both_languages(
    client: httpx.AsyncClient, what: str, status: int, code: str
) -> None:
    indonesian = await book(client, what)
    english = await book(client, what, **{"accept-language": "fr, en;q=0.9, id;q=0.1"})
    for answer in (indonesian, english):
        said = answer.json()
        assert answer.status_code == said["status"] == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert said["type"] == f"urn:loket:problem:{code}"
        assert said["code"] == code
        assert said["instance"] == f"urn:loket:request:{answer.headers['x-request-id']}"
    assert indonesian.json()["title"] == indonesian.json()["title_id"]
    assert indonesian.headers["content-language"] == "id"
    assert english.json()["title"] == english.json()["title_en"] != english.json()["title_id"]
    assert english.headers["content-language"] == "en"


async def test_a_refusal_shows_its_details(client: httpx.AsyncClient) -> None:
    assert (await book(client, "full")).json()["details"] == {"capacity": 12}


async def test_unavailable_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    assert (await book(client, "away")).headers["retry-after"] == "7"


async def test_a_bug_is_logged_once_with_the_request_id_and_not_shown(
    client: httpx.AsyncClient,
) -> None:
    with capture_logs() as lines:
        answer = await book(client, "bug")
    assert "secret" not in answer.text
    assert [line["event"] for line in lines] == ["http.unexpected"]
    assert lines[0]["route"] == "/v1/appointments"
    assert "secret" not in repr({**lines[0], "exc_info": None})


@pytest.mark.parametrize(
    "headers,content,status,code",
    [
        ({"content-type": "application/json"}, b"{", 400, "not_json"),
        ({"content-type": "application/json; charset=utf-8"}, b'{"a":1,"a":1}', 400,
         "duplicate_key"),
        ({"content-type": "text/plain"}, b"{}", 415, "unsupported_media_type"),
        ({}, b"{}", 415, "unsupported_media_type"),
        ({"content-type": "application/json"}, b" " * 1_048_576, 413, "body_too_large"),
    ],
)  # fmt: skip
async def test_a_bad_body_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str], content: bytes, status: int, code: str
) -> None:
    answer = await client.post("/v1/appointments", content=content, headers={**KEY, **headers})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_body_of_unknown_length_is_cut_off_while_it_arrives(
    client: httpx.AsyncClient,
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 65_536
            yield b" " * 65_536

    answer = await client.post(
        "/v1/appointments", content=endless(), headers={**KEY, "content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert sent <= 262_144 + 2 * 65_536


@pytest.mark.parametrize("key", [None, "short", "has a space in it", "x" * 256, "tab\tinside"])
async def test_a_command_without_a_proper_key_is_refused(
    client: httpx.AsyncClient, key: str | None
) -> None:
    headers = {"idempotency-key": key} if key else {}
    body = {"session_id": str(SessionId.new())}
    answer = await client.post("/v1/appointments", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/appointments/3174012345678901?after=x")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameters")
    places = [flaw["where"] for flaw in answer.json()["errors"]]
    assert places == ["/path/appointment_id", "/query/after"]
    assert "3174012345678901" not in answer.text


async def test_unknown_addresses_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    nowhere = await client.get("/v1/nothing/../here")
    wrong = await client.delete("/v1/appointments")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "no_such_address")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


async def test_a_good_request_id_is_kept_and_a_bad_one_replaced(client: httpx.AsyncClient) -> None:
    kept = await client.get("/livez", headers={"x-request-id": "front-end.4711"})
    assert kept.headers["x-request-id"] == "front-end.4711"
    for bad in ("short", "x" * 65, "with space", 'quote"quote'):
        answer = await client.get("/livez", headers={"x-request-id": bad})
        assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-request-id"])


async def test_every_answer_has_the_same_protective_headers(client: httpx.AsyncClient) -> None:
    for path in ("/livez", "/v1/nothing", "/docs", "/openapi.json"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in headers


async def test_the_developers_page_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert "unsafe" not in page.headers["content-security-policy"]
    assert set(re.findall(r'(?:src|href)="([^"]+)"', page.text)) == {
        "/docs/docs.css",
        "/docs/docs.js",
        "/openapi.json",
    }
    assert re.findall(r"<script[^>]*>[^<]", page.text) == []
    for path, kind in (("/docs/docs.js", "text/javascript"), ("/docs/docs.css", "text/css")):
        part = await client.get(path)
        assert part.headers["content-type"].startswith(kind)
        assert "//" not in part.text.replace("// Lists", "")
        assert "innerHTML" not in part.text


async def test_the_document_declares_body_key_and_all_problems(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    command = document["paths"]["/v1/appointments"]["post"]
    body = command["requestBody"]
    assert body["required"] is True
    content = body["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Form"}
    assert content["example"] == {"session_id": "01990000-0000-7000-8000-000000000001"}
    assert document["components"]["schemas"]["Form"]["additionalProperties"] is False
    (key,) = command["parameters"]
    assert (key["name"], key["in"], key["required"]) == ("Idempotency-Key", "header", True)
    problems = {
        code
        for answer in command["responses"].values()
        for code in answer["content"].get("application/problem+json", {}).get("examples", {})
    }
    assert {"session_full", "only_the_owner", "key_reused", "in_flight", "duplicate_key"} < problems
    assert {"body_too_large", "idempotency_key_missing", "unexpected", "unavailable"} < problems
    assert "HTTPValidationError" not in json.dumps(document)


async def test_every_problem_that_was_answered_is_in_the_document(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    responses = document["paths"]["/v1/appointments"]["post"]["responses"]
    for what in OUTCOMES.keys() - {"none"}:
        said = (await book(client, what)).json()
        examples = responses[str(said["status"])]["content"]["application/problem+json"]["examples"]
        assert said["code"] in examples
        assert examples[said["code"]]["value"]["title_id"] == said["title_id"]


async def test_health_names_what_fails_without_its_message(
    client: httpx.AsyncClient, health: Health
) -> None:
    async def database() -> None:
        raise ConnectionRefusedError("postgresql://user:password@db")

    async def migrations() -> None:
        raise NotReady("3 migrations are missing")

    async def hung() -> None:
        await asyncio.sleep(60)

    health.check("database", database)
    health.check("migrations", migrations)
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {
        "database": "ConnectionRefusedError",
        "migrations": "3 migrations are missing",
    }
    assert (await client.get("/livez")).status_code == 200
    health.watchdog("consumer", lambda: "no progress for 60 s")
    assert (await client.get("/livez")).status_code == 503


async def test_who_asks_whether_it_is_ready_gets_the_notes_too(
    client: httpx.AsyncClient, health: Health
) -> None:
    assert "notes" not in (await client.get("/readyz")).json()
    health.notes.append("a rehearsal")
    await asyncio.sleep(REMEMBER_SECONDS)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["notes"]) == (200, ["a rehearsal"])


async def test_many_probes_are_one_check(health: Health) -> None:
    asked = 0

    async def database() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)

    health.check("database", database)
    reports = await asyncio.gather(*(health.ready() for _ in range(50)))
    assert all(report.is_good for report in reports)
    assert asked == 1


async def test_a_start_is_not_held_up_by_what_was_found_before(
    health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only the memory of a start has ended: the ordinary one lasts for longer than any test.
    monkeypatch.setattr("chassis.health.STARTING_SECONDS", -1.0)
    monkeypatch.setattr("chassis.health.REMEMBER_SECONDS", 3600.0)
    reason: str | None = "no partitions were assigned yet"

    async def kafka() -> None:
        if reason is not None:
            raise NotReady(reason)

    health.check("kafka", kafka)
    assert not (await health.ready()).is_good
    reason = None
    assert (await health.ready()).is_good
    reason = "away again"
    assert (await health.ready()).is_good  # ready once: from here on probes are spared


async def test_requests_are_counted_by_route_and_never_by_address(
    client: httpx.AsyncClient,
) -> None:
    secret = str(AppointmentId.new())
    await client.get(f"/v1/appointments/{secret}")
    await client.get(f"/{secret}")
    text = (await client.get("/metrics")).text
    assert 'route="/v1/appointments/{appointment_id}",status="200"' in text
    assert 'route="unmatched",status="404"' in text
    assert secret not in text


def test_a_route_that_does_not_say_who_may_call_it_keeps_the_service_from_starting(
    settings: ServiceSettings,
) -> None:
    careless = Router()

    @careless.get("/v1/open")
    async def opened() -> None: ...

    with pytest.raises(TypeError, match="must say exactly once who may call it"):
        create_app("Careless", [careless], settings, health=Health())


def test_protected_routes_without_a_verifier_keep_the_service_from_starting(
    settings: ServiceSettings,
) -> None:
    guarded = Router()

    @guarded.query("/v1/guarded", allow=requires("operator"))
    async def guard() -> None: ...

    with pytest.raises(TypeError, match="nothing that checks tokens"):
        create_app("Guarded", [guarded], settings, health=Health())


def test_a_command_without_an_idempotency_key_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="needs an IdempotencyKey"):

        @Router().command("/v1/careless", allow=PUBLIC)
        async def careless(form: Json[Form]) -> None: ...


def test_the_two_lists_of_routes_hold_every_route(settings: ServiceSettings) -> None:
    guarded = Router()

    @guarded.query("/v1/guarded", allow=requires("operator", "officer"))
    async def guard() -> None: ...

    class NoKeys:
        revision = 0

        async def get(self, kid: str) -> None:
            return None

    verifier = Verifier(NoKeys(), "issuer", "loket")
    app = create_app("All", [router(), guarded], settings, health=Health(), verifier=verifier)
    assert protected_routes(app) == {"GET /v1/guarded": frozenset({"operator", "officer"})}
    assert public_routes(app) == {
        "POST /v1/appointments",
        "GET /v1/appointments/{appointment_id}",
        "GET /livez",
        "GET /readyz",
        "GET /metrics",
        "GET /openapi.json",
        "GET /docs",
        "GET /docs/docs.js",
        "GET /docs/docs.css",
    }


async def test_an_endpoint_may_take_the_request_beside_its_body_and_caller(
    settings: ServiceSettings, connect: Callable[[FastAPI], Any]
) -> None:
    curious = Router()

    @curious.command("/v1/curious", allow=PUBLIC)
    async def ask(
        request: Request, form: Json[Form], caller: Caller, key: IdempotencyKey, page: int = 1
    ) -> list[str]:
        return [request.method, form.what, caller.actor, key, str(page)]

    app = create_app("Curious", [curious], settings, health=Health())
    async with connect(app) as client:
        body = {"session_id": str(SessionId.new()), "what": "look"}
        answer = await client.post("/v1/curious?page=3", json=body, headers=KEY)
    assert answer.json() == ["POST", "look", "public", "key-00000001", "3"]
