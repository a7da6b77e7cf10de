"""The HTTP side of a service: the application, and the few words in which endpoints are declared.

An endpoint is a plain FastAPI function under `router.command`, `.query` or `.stream`; it says who
may call it and which rules may refuse. Bodies are read strictly; failures are problem documents.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import (
    Annotated,
    Any,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from pydantic import BaseModel
from starlette.types import ASGIApp
from typing_extensions import override

from chassis import auth, jsontext, metrics, openapi, pages, problems
from chassis.auth import Access, Caller
from chassis.callers import Buckets, Callers
from chassis.edge import Edge
from chassis.errors import Failure, Malformed
from chassis.gate import Gate
from chassis.health import Health
from chassis.routes import Route
from chassis.settings import ServiceSettings
from contracts.base import Refused

M = TypeVar("M", bound=BaseModel)
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Refusals = Sequence[type[Refused | Failure]]

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Chosen by the caller, one per intention; repeat it to repeat the request.",
        examples=["3f0c2a5e-8d41-4f7b-9a3e-6b1d2c4e5f60"],
    ),
]
"""The parameter that every command has: the caller's key for this intention."""

_IS_BODY = object()
_FAILED = ("500", "503")
Json = Annotated[M, _IS_BODY]
"""`form: Json[Model]`: the request body, read strictly as that model."""


class Router(APIRouter):
    """Where a service declares its endpoints. Each one names its access and its refusals."""

    def __init__(self, **named: Any) -> None:
        super().__init__(route_class=Route, **named)

    def command(
        self,
        path: str,
        *,
        allow: Access,
        status: int = 200,
        refusals: Refusals = (),
        method: str = "POST",
    ) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that wants something; it must take an IdempotencyKey."""

        def declare(endpoint: Endpoint) -> Endpoint:
            hints = get_type_hints(endpoint, include_extras=True)
            if IdempotencyKey not in hints.values():
                raise TypeError(f"{endpoint.__name__} is a command and needs an IdempotencyKey")
            found = [*openapi.of_command(), *openapi.of_refusals(refusals)]
            self._declare(path, endpoint, method, allow, found, status_code=status)
            return endpoint

        return declare

    def query(
        self,
        path: str,
        *,
        allow: Access,
        refusals: Refusals = (),
        media_type: str = "application/json",
    ) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that only looks. Where its answer is no JSON, it makes it itself."""

        def declare(endpoint: Endpoint) -> Endpoint:
            found = openapi.of_refusals(refusals)
            self._declare(path, endpoint, "GET", allow, found, media_type=media_type)
            return endpoint

        return declare

    def stream(
        self, path: str, *, allow: Access, refusals: Refusals = ()
    ) -> Callable[[Endpoint], Endpoint]:
        """An endpoint that answers with server-sent events (`Hub.response`)."""

        def declare(endpoint: Endpoint) -> Endpoint:
            found = openapi.of_refusals(refusals)
            self._declare(path, endpoint, "GET", allow, found, streams=True)
            return endpoint

        return declare

    def _declare(  # noqa: PLR0913 - one endpoint, described
        self,
        path: str,
        endpoint: Callable[..., Any],
        method: str,
        allow: Access,
        found: Sequence[problems.Problem],
        *,
        streams: bool = False,
        status_code: int = 200,
        media_type: str = "application/json",
    ) -> None:
        adapted, model = _adapted(endpoint)
        responses = problems.by_status([*openapi.of_access(allow), *found, *openapi.of_body(model)])
        if streams:
            responses[200] = openapi.EVENT_STREAM
        plain: dict[str, Any] = {}
        if media_type != "application/json":
            plain["response_class"] = type("Plain", (Response,), {"media_type": media_type})
        self.add_api_route(
            path,
            adapted,
            methods=[method],
            status_code=status_code,
            dependencies=[Depends(allow)],
            responses=responses,
            openapi_extra=openapi.additions(allow, model),
            **plain,
        )


def create_app(  # noqa: PLR0913 - the parts of an application, each named
    title: str,
    routers: Sequence[Router],
    settings: ServiceSettings,
    *,
    health: Health,
    verifier: auth.Verifier | None = None,
    lifespan: Any = None,
    version: str = "0.1.0",
) -> FastAPI:
    """The application of one service. Fails when a route does not say who may call it."""
    app = _Application(
        title=title,
        version=version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    app.state.settings = settings
    app.state.verifier = verifier
    app.state.gate = Gate(settings.requests_limit, settings.requests_patience_seconds)
    most = settings.callers_remembered
    app.state.callers = Callers(
        Buckets(rate=settings.caller_rate, burst=settings.caller_burst, most=most),
        Buckets(rate=settings.address_rate, burst=settings.address_burst, most=most),
    )
    for router in [*routers, pages.router(app, health)]:
        app.router.routes.extend(router.routes)
    if auth.protected_routes(app) and verifier is None:
        raise TypeError("there are protected routes, but nothing that checks tokens")
    for name in {*auth.protected_routes(app), *auth.public_routes(app)}:
        method, _, path = name.partition(" ")
        for status in _FAILED:  # alerts compare them, so they are there before the first
            metrics.HTTP_REQUESTS(method, path, status).inc(0)
    return app


class _Application(FastAPI):
    """FastAPI with one layer around its router, which answers every failure: the edge."""

    @override
    def build_middleware_stack(self) -> ASGIApp:
        settings: ServiceSettings = self.state.settings
        return Edge(
            AsyncExitStackMiddleware(self.router),
            body_limit_bytes=settings.body_limit_bytes,
            deadline_seconds=settings.request_deadline_seconds,
            gate=self.state.gate,
        )

    @override
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            found = (getattr(route, "endpoint", None) for route in self.routes)
            bodies = [model for one in found if (model := getattr(one, "body_model", None))]
            self.openapi_schema = openapi.completed(super().openapi(), bodies)
        return self.openapi_schema


def _adapted(
    endpoint: Callable[..., Any],
) -> tuple[Callable[..., Any], type[BaseModel] | None]:
    """The endpoint as FastAPI calls it, and the model of its body.

    Caller and body are put in here: as dependencies they would cost as much as the rest together,
    and the body would be read before parameters are checked.
    """
    signature = inspect.signature(endpoint)
    hints = get_type_hints(endpoint, include_extras=True)
    bodies = {name: get_args(hint)[0] for name, hint in hints.items() if _is_body(hint)}
    callers = [name for name, hint in hints.items() if hint == Caller]
    body_name, model = next(iter(bodies.items()), ("", None))
    # FastAPI fills in one parameter of this type only, so the endpoint's own is used if it has one.
    own_request = next((name for name, hint in hints.items() if hint is Request), None)

    @functools.wraps(endpoint)
    async def call(**given: Any) -> Any:
        request = given[own_request] if own_request else given.pop("_request")
        for name in callers:
            given[name] = request.state.principal
        if model is not None:
            given[body_name] = await _read_body(request, model)
        return await endpoint(**given)

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        one.replace(annotation=hints[name], kind=keyword)
        for name, one in signature.parameters.items()
        if name not in bodies and name not in callers
    ]
    if own_request is None:
        parameters.append(inspect.Parameter("_request", keyword, annotation=Request))
    seen = signature.replace(parameters=parameters, return_annotation=hints.get("return", None))
    vars(call).update(__signature__=seen, body_model=model)
    return call, model


def _is_body(hint: Any) -> bool:
    return get_origin(hint) is Annotated and _IS_BODY in get_args(hint)


async def _read_body(request: Request, model: type[M]) -> M:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Malformed("unsupported_media_type")
    raw = await request.body()
    return jsontext.read(model, raw, limit_bytes=request.app.state.settings.body_limit_bytes)
