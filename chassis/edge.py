"""What happens to every HTTP request, whatever its route: one ASGI layer around the application.

Request id, body limit, deadline, security headers, one metric, one span, and a problem document for
whatever went wrong inside.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from fastapi.exceptions import RequestValidationError
from opentelemetry.trace import SpanKind
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import jsontext, logs, metrics, problems, telemetry
from chassis.database import is_away
from chassis.errors import Failure, Flaw, Malformed, TooSlow, Unavailable
from chassis.gate import Gate, Place
from chassis.telemetry import Attribute
from contracts.base import Refused
from contracts.ids import uuid7

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# What every answer carries unless its endpoint says otherwise.
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)

# What came faster is not worth the trouble of another deadline.
_LATE_SECONDS = 0.1

UNMATCHED = "unmatched"
"""The label of a request that came to no route."""

_log = structlog.get_logger("chassis.http")


def method_of(given: str) -> str:
    """The method as a label: no caller makes up new ones."""
    return given if given in _METHODS else "OTHER"


def request_id_of(given: str | None) -> str:
    """The id that the caller gave to the request, if it has the form of one, else a new one."""
    return given if given is not None and _REQUEST_ID.fullmatch(given) else str(uuid7())


class Edge:
    """The layer itself. A request that has come may take `deadline_seconds` to its answer."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit_bytes: int,
        deadline_seconds: float,
        gate: Gate,
    ) -> None:
        self._app = app
        self._gate = gate
        self._body_limit = body_limit_bytes
        self._deadline = deadline_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the server's own start and stop messages pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._gate, self._body_limit)
        logs.request_id.set(exchange.request_id)
        with telemetry.span(
            f"HTTP {exchange.method}",
            exchange.headers.get("traceparent"),
            kind=SpanKind.SERVER,
        ) as span:
            try:
                await self._serve(exchange)
            finally:
                exchange.place.leave()
                exchange.count()
                if span.is_recording():
                    span.update_name(f"{exchange.method} {exchange.route}")
                    span.set_attribute(Attribute.ROUTE, exchange.route)
                    span.set_attribute(Attribute.STATUS, exchange.status)
                    span.set_attribute(Attribute.REQUEST_ID, exchange.request_id)

    async def _serve(self, exchange: "_Exchange") -> None:
        deadline = exchange.deadline = asyncio.timeout(self._deadline)
        try:
            async with deadline:
                exchange.enter()
                exchange.check_announced_length()
                await self._app(exchange.scope, exchange.receive_limited, exchange.send_dressed)
        except ClientDisconnect:
            _log.debug("http.client_left", route=exchange.route)
        except (Failure, Refused) as problem:
            await exchange.fail(problems.of(problem))
        except HTTPException as problem:
            await exchange.fail(problems.of_status(problem.status_code, problem.headers))
        except RequestValidationError as problem:
            flaws = jsontext.flaws(problem.errors())
            await exchange.fail(problems.of(_malformed_parameters(flaws)))
        except Exception as problem:
            if isinstance(problem, TimeoutError) and deadline.expired():
                _log.warning("http.deadline", route=exchange.route, seconds=self._deadline)
                await exchange.fail(problems.of(TooSlow()))
                return
            if is_away(problem) and not exchange.status:
                kind = type(problem).__name__
                _log.warning("http.database_away", route=exchange.route, kind=kind)
                await exchange.fail(problems.of(Unavailable(1)))
                return
            _log.exception("http.unexpected", route=exchange.route, kind=type(problem).__name__)
            if exchange.status:
                raise  # the answer has begun: only breaking it off tells the caller
            await exchange.fail(problems.UNEXPECTED)


def _malformed_parameters(flaws: Sequence[Flaw]) -> Malformed:
    about_key = any(flaw.where == "/header/Idempotency-Key" for flaw in flaws)
    code = "idempotency_key_missing" if about_key else "invalid_parameters"
    return Malformed(code, flaws=flaws)


@dataclass
class _Exchange:
    """One request and its answer on the way through the layer."""

    scope: Scope
    receive: Receive
    send: Send
    gate: Gate
    body_limit: int
    deadline: asyncio.Timeout | None = None
    place: Place = field(default_factory=lambda: Place(None))
    received: int = 0
    has_come: bool = False
    status: int = 0
    began: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.headers = Headers(scope=self.scope)
        self.method = method_of(self.scope["method"])
        self.request_id = request_id_of(self.headers.get("x-request-id"))

    @property
    def route(self) -> str:
        """The pattern of the matched route, so that no id or code of a caller is ever a label."""
        return getattr(self.scope.get("route"), "path", UNMATCHED)

    def check_announced_length(self) -> None:
        length = self.headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self.body_limit:
            raise Malformed("body_too_large", f"at most {self.body_limit} bytes")

    def enter(self) -> None:
        self.place = self.gate.enter(self.scope["path"])

    async def receive_limited(self) -> Message:
        if self.has_come or self.status:
            return await self.receive()
        # Who sends a body slowly must not keep others out: meanwhile the place is free.
        self.place.leave()
        message = await self.receive()
        self.enter()
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
            if self.received > self.body_limit:
                raise Malformed("body_too_large", f"at most {self.body_limit} bytes")
            self.has_come = not message.get("more_body", False)
            if self.has_come:
                self.put_off_deadline(time.perf_counter() - self.began)
        return message

    def put_off_deadline(self, late: float) -> None:
        """Give the endpoint the time back that its request took to come."""
        deadline = self.deadline
        if late < _LATE_SECONDS or deadline is None or deadline.expired():
            return
        if (when := deadline.when()) is not None:
            deadline.reschedule(when + late)

    async def send_dressed(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.place.leave()
            if self.deadline is not None and not self.deadline.expired():
                self.deadline.reschedule(None)  # a stream may last
            own = list(message["headers"])
            named = {name for name, _ in own}
            own += [header for header in HEADERS if header[0] not in named]
            own.append((b"x-request-id", self.request_id.encode()))
            message["headers"] = own
        await self.send(message)

    async def fail(self, problem: problems.Problem) -> None:
        """Answer with a problem, unless an answer has begun already."""
        if self.status:
            return
        self.deadline = None
        language = problems.language_of(self.headers.get("accept-language"))
        response = problem.response(language, self.request_id)
        await response(self.scope, self.receive, self.send_dressed)

    def count(self) -> None:
        metrics.HTTP_REQUESTS(self.method, self.route, str(self.status or 499)).inc()
        metrics.HTTP_SECONDS(self.method, self.route).observe(time.perf_counter() - self.began)
