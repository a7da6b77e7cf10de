"""A client that writes down what it asked and what it learnt, and repeats what stays unknown.

As real clients do, it sends the same key and body until an answer comes. Some commands are sent
twice at once, some keys are used for another body: both must do no harm.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from contracts.ids import uuid7
from simulator.platform import Calls
from tests.chaos.history import Event, History, Phase

ATTEMPT_SECONDS = 10.0
PATIENCE_SECONDS = 120.0
DOUBLED, REUSED, ILLEGAL = 0.05, 0.01, 0.05
_LATER = frozenset({408, 425, 429})
_SERVER_FAILED = 500
_IN_FLIGHT = "in_flight"


@dataclass(frozen=True)
class Answer:
    """What a call learnt. `phase` tells whether it happened."""

    phase: Phase
    status: int | None = None
    code: str | None = None
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """The command was acknowledged."""
        return self.phase == "ok"


@dataclass(frozen=True)
class Ask:
    """One command or question; `other_body` is another body to try with the same key."""

    op: str
    service: str
    path: str
    body: Mapping[str, Any] | None = None
    """None for a question."""
    bearer: str | None = None
    """The client of this machine that speaks."""
    headers: Mapping[str, str] = field(default_factory=dict)
    other_body: Mapping[str, Any] | None = None


class Client:
    """Somebody with a name, who calls over a shared pool of connections."""

    def __init__(self, name: str, world: "World") -> None:
        self.name = name
        self.world = world
        self.lots = world.lots

    def is_illegal(self) -> bool:
        """Whether to try something that the rules forbid, now."""
        return self.lots.random() < ILLEGAL

    async def command(self, ask: Ask) -> Answer:
        """Send a command until it is answered, or patience ends."""
        key = f"chaos-{uuid7()}"
        twin = None
        if self.lots.random() < DOUBLED:
            twin = asyncio.create_task(self._until_known(ask, key, f"{self.name}-twin"))
        answer = await self._until_known(ask, key, self.name)
        if twin is not None:
            await twin
        if answer.is_ok and ask.other_body is not None and self.lots.random() < REUSED:
            other = Ask(ask.op, ask.service, ask.path, ask.other_body, ask.bearer, ask.headers)
            await self._until_known(other, key, self.name)
        return answer

    async def register(self) -> str | None:
        """Leave the address of somebody new; their id, or None without an answer."""
        form = {
            "email": f"warga{self.lots.randrange(10**9)}@contoh.test",
            "language": self.lots.choice(["id", "en"]),
        }
        made = await self.command(Ask("register", "notify", "/v1/recipients", form))
        return str(made.body["person_id"]) if made.is_ok else None

    async def once(self, ask: Ask, seconds: float = ATTEMPT_SECONDS) -> Answer:
        """Send a command or question one single time."""
        key = None if ask.body is None else f"chaos-{uuid7()}"
        return await self._attempt(ask, key, self.name, seconds)

    async def question(self, ask: Ask) -> Answer:
        """Ask until there is an answer, or patience ends."""
        return await self._until_known(ask, None, self.name)

    async def _until_known(self, ask: Ask, key: str | None, name: str) -> Answer:
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = 0.1
        while True:
            answer = await self._attempt(ask, key, name, ATTEMPT_SECONDS)
            if answer.phase != "unknown" or time.monotonic() > deadline:
                return answer
            pause = min(2.0, 2 * pause)
            await asyncio.sleep(self.lots.uniform(pause / 2, pause))

    async def _attempt(self, ask: Ask, key: str | None, name: str, seconds: float) -> Answer:
        history = self.world.history
        call = history.next_call()
        request = {
            "service": ask.service,
            "path": ask.path,
            "body": None if ask.body is None else dict(ask.body),
            "as": ask.bearer,
        }
        history.add(Event(name, ask.op, "invoke", key, call, request))
        answer = await self._exchange(ask, key, seconds)
        history.add(
            Event(
                name,
                ask.op,
                answer.phase,
                key,
                call,
                request,
                answer.status,
                answer.code,
                answer.body or None,
            )
        )
        return answer

    async def _exchange(self, ask: Ask, key: str | None, seconds: float) -> Answer:
        headers = dict(ask.headers)
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            async with asyncio.timeout(seconds):
                if ask.bearer is not None:
                    headers |= await self.world.calls.bearer(ask.bearer)
                found = await self.world.http.request(
                    "GET" if ask.body is None else "POST",
                    f"{self.world.calls.platform.urls[ask.service]}{ask.path}",
                    json=None if ask.body is None else dict(ask.body),
                    headers=headers,
                )
        except (httpx.TransportError, TimeoutError) as problem:
            return Answer("unknown", code=type(problem).__name__)
        return _read(found)


def _read(found: httpx.Response) -> Answer:
    """What an answer says: below 500 the platform knows what it says, with 5xx it may not."""
    body = found.json()
    if found.is_success:
        return Answer("ok", found.status_code, None, body)
    code = str(body.get("code", ""))
    unknown = (
        found.status_code >= _SERVER_FAILED or found.status_code in _LATER or code == _IN_FLIGHT
    )
    return Answer("unknown" if unknown else "refused", found.status_code, code, body)


@dataclass
class World:
    """What all clients share."""

    calls: Calls
    history: History
    http: httpx.AsyncClient
    lots: random.Random
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """The load ends; what is under way is finished."""
    backwards: list[str] = field(default_factory=list)
    """Readings that went back behind what had been read before."""

    async def pause(self, seconds: float) -> bool:
        """Wait; False when the load ends meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return True
        return False
