"""A running platform as a client sees it: addresses, tokens, calls that are safe to repeat."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from chassis.kafka import Access
from local import clients, credentials, paths, state
from local.errors import StackError

_TRIES = 8
_RETRY_STATUS = frozenset({429, 502, 503, 504})
_BACKOFF_SECONDS = 0.1
_BACKOFF_MAX_SECONDS = 3.0
_RENEW_BEFORE_SECONDS = 60


class NotRunning(StackError):
    """There is no platform to talk to."""


class Answered(Exception):
    """The platform answered with a problem; `problem` is its document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('title_en', '')}")
        self.status = status
        self.problem = dict(problem)

    @property
    def code(self) -> str:
        """The stable code of the problem."""
        return str(self.problem.get("code", ""))


@dataclass(frozen=True)
class Platform:
    """Where things are. `home` holds the secrets of the local clients."""

    urls: Mapping[str, str]
    bootstrap: str
    home: Path

    def kafka(self, principal: str) -> Access:
        """The way into Kafka as somebody of this machine. Raises StackError for a stranger."""
        return credentials.access(self.home, self.bootstrap, principal)


def find(home: Path | None = None) -> Platform:
    """The platform that runs on this machine. Raises NotRunning."""
    home = home or paths.home()
    found = state.read(home)
    if found is None or found.phase != "ready" or not state.is_running(home):
        raise NotRunning("The platform is not running: start it with `make up`.")
    return Platform(found.urls, found.bootstrap, home)


@dataclass
class Calls:
    """HTTP calls to the services as any number of clients; use as an async context manager.

    A call without an answer, or told to come back later, is repeated with the same key.
    """

    platform: Platform
    connections: int = 64
    _http: httpx.AsyncClient = field(init=False)
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __aenter__(self) -> Self:
        limits = httpx.Limits(
            max_connections=self.connections, max_keepalive_connections=self.connections
        )
        self._http = httpx.AsyncClient(limits=limits, timeout=10, trust_env=False)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def post(
        self,
        service: str,
        path: str,
        body: Mapping[str, Any],
        *,
        key: str,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a command and return its answer. Raises Answered with the problem of a refusal."""
        sent = {"Idempotency-Key": key, **(headers or {})}
        return await self._call("POST", service, path, json=body, headers=sent)

    async def get(
        self, service: str, path: str, /, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Any:
        """Read. Raises Answered."""
        return await self._call(
            "GET", service, path, params=query or None, headers=dict(headers or {})
        )

    async def bearer(self, client_id: str) -> dict[str, str]:
        """The header that speaks for a client of this machine; tokens are renewed in time."""
        async with self._lock:
            token, ends_at = self._tokens.get(client_id, ("", 0.0))
            if time.monotonic() > ends_at:
                token, lifetime = await self._fetch_token(client_id)
                self._tokens[client_id] = token, time.monotonic() + lifetime - _RENEW_BEFORE_SECONDS
        return {"Authorization": f"Bearer {token}"}

    async def _fetch_token(self, client_id: str) -> tuple[str, float]:
        answer = await self._http.post(
            f"{self.platform.urls['identity']}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client_id, clients.secret_of(self.platform.home, client_id)),
        )
        answer.raise_for_status()
        body = answer.json()
        return body["access_token"], float(body["expires_in"])

    async def _call(self, method: str, service: str, path: str, **rest: Any) -> Any:
        url = f"{self.platform.urls[service]}{path}"
        for attempt in range(1, _TRIES + 1):
            try:
                answer = await self._http.request(method, url, **rest)
            except httpx.TransportError:
                if attempt == _TRIES:
                    raise
            else:
                if answer.is_success:
                    return answer.json()
                if answer.status_code not in _RETRY_STATUS or attempt == _TRIES:
                    raise Answered(answer.status_code, answer.json())
            pause = min(_BACKOFF_SECONDS * 2**attempt, _BACKOFF_MAX_SECONDS)
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - spreads retries
        raise AssertionError("unreachable")
