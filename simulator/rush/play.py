"""A crowd at one release, over the public APIs, as fast as it is answered."""

import asyncio
import heapq
import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chassis import clock
from simulator.replay.patience import pause
from simulator.replay.wire import ConnectionLost, Reply, Wire
from simulator.rush.crowd import Group, Person

CALLERS = 256
"""Requests on their way at once."""
PATIENCE_SECONDS = 60.0
_WON, _OK, _REFUSED = 201, 200, 409
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_EARLY = frozenset({"not_released_yet", "not_your_turn"})
_DECIDED = frozenset({"session_full", "already_booked", "channel_full", "day_full"})


@dataclass(frozen=True, slots=True)
class Release:
    """A day whose places are given out at `opens_at` (seconds since 1970)."""

    day_id: str
    sessions: Sequence[str]
    opens_at: float
    has_room: bool
    day: Mapping[str, str]
    """Mall, service and date, as one asks for its sessions."""


@dataclass(slots=True)
class Visitor:
    """One person's rush: what they know, and what came of it."""

    person: Person
    place: str | None = None
    """The appointment that was told."""
    code: str = ""
    room_pass: str | None = None
    entered_at: float | None = None
    turn_at: float | None = None
    first_sent: float | None = None
    tried: int = 0
    repeated: int = 0


@dataclass
class Told:
    """What a crowd was answered. `waits`: seconds from asking to a decision or to "too early"."""

    visitors: list[Visitor]
    tries: int = 0
    early: int = 0
    entered: int = 0
    limited: int = 0
    waits: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    began: float = 0.0
    ended: float = 0.0

    @property
    def rate(self) -> float:
        """Decided tries a second, from the first one sent to the last one answered."""
        return self.tries / max(self.ended - self.began, 1e-9)


class Rush:
    """Everybody's next step, in the order of time."""

    def __init__(self, release: Release, crowd: Sequence[Person], wire: Wire) -> None:
        self._release, self._wire = release, wire
        self._next: list[tuple[float, int, bool, Visitor]] = []
        self._numbers = itertools.count()
        self._wake = asyncio.Event()
        self._free = asyncio.Semaphore(CALLERS)
        self._ends_at = 0.0
        self.told = Told([Visitor(person) for person in crowd])

    async def play(self) -> Told:
        """Until everybody has a place or no tries left."""
        release = self._release
        for visitor in self.told.visitors:
            if release.has_room:
                self._plan(release.opens_at + visitor.person.comes_at, visitor, enters=True)
            else:
                late = max(0.0, visitor.person.comes_at)
                self._plan(release.opens_at + late + visitor.person.thinks, visitor)
        under_way: set[asyncio.Task[None]] = set()
        self._ends_at = _now() + max(0.0, release.opens_at - _now()) + PATIENCE_SECONDS * 5
        while self._next or under_way:
            await self._until_due()
            if not self._next or self._next[0][0] > _now():
                continue
            _, _, enters, visitor = heapq.heappop(self._next)
            await self._free.acquire()
            task = asyncio.create_task(self._step(visitor, enters=enters))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            task.add_done_callback(self._done)
        return self.told

    def _plan(self, at: float, visitor: Visitor, *, enters: bool = False) -> None:
        heapq.heappush(self._next, (at, next(self._numbers), enters, visitor))
        self._wake.set()

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._free.release()
        self._wake.set()
        if not task.cancelled() and (problem := task.exception()) is not None:
            self.told.wrong[f"{type(problem).__name__}: {problem}"] += 1

    async def _until_due(self) -> None:
        rest = self._next[0][0] - _now() if self._next else PATIENCE_SECONDS
        if rest <= 0:
            return
        self._wake.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(rest):
                await self._wake.wait()

    async def _step(self, visitor: Visitor, *, enters: bool) -> None:
        await (self._enter(visitor) if enters else self._try(visitor))

    async def _enter(self, visitor: Visitor) -> None:
        path = f"/v1/releases/{self._release.day_id}/enter"
        body = {"person_id": str(visitor.person.person_id)}
        reply = await self._asked(visitor, path, body, {}, f"enter-{visitor.person.person_id}")
        if reply is None:
            self._again(visitor, enters=True)
            return
        if reply.status == _REFUSED and reply.json().get("code") == "no_room_now":
            self._plan(_now(), visitor)  # so late that nobody needs a pass any more
            return
        if reply.status != _OK:
            self.told.wrong[f"entering: {reply.status} {reply.json().get('code')}"] += 1
            return
        said = reply.json()
        self.told.entered += 1
        visitor.room_pass = said["room_pass"]
        visitor.entered_at = _instant(said["entered_at"])
        if said["turn_at"] is not None:
            visitor.turn_at = _instant(said["turn_at"])
        due = visitor.turn_at or self._release.opens_at
        self._plan(max(due, _now()) + visitor.person.thinks, visitor)

    async def _try(self, visitor: Visitor) -> None:
        person = visitor.person
        session = self._release.sessions[person.wishes[visitor.tried]]
        body = {"session_id": session, "person_id": str(person.person_id)}
        headers = {} if visitor.room_pass is None else {"room-pass": visitor.room_pass}
        began = _now()
        visitor.first_sent = visitor.first_sent or began
        self.told.began = self.told.began or began
        key = f"{self._release.day_id}-{person.person_id}-{visitor.tried}"
        reply = await self._asked(visitor, "/v1/appointments", body, headers, key)
        if reply is None:
            self._again(visitor, enters=False)
            return
        now = _now()
        self.told.waits.append(now - began)
        said = reply.json()
        code = str(said.get("code", ""))
        if reply.status == _REFUSED and code in _EARLY:
            self._too_early(visitor, said["details"], now)
        elif reply.status == _WON or (reply.status == _REFUSED and code in _DECIDED):
            self._decided(visitor, said if reply.status == _WON else None, now)
        else:
            self.told.wrong[f"trying: {reply.status} {code}"] += 1

    def _too_early(self, visitor: Visitor, details: dict[str, Any], now: float) -> None:
        self.told.early += 1
        if "turn_at" in details:
            visitor.turn_at = _instant(details["turn_at"])
        due = visitor.turn_at or _instant(details["opens_at"])
        self._plan(max(due, now) + visitor.person.thinks, visitor)

    def _decided(self, visitor: Visitor, made: dict[str, Any] | None, now: float) -> None:
        self.told.tries += 1
        self.told.ended = now
        visitor.tried += 1
        if made is not None:
            if visitor.place is not None:
                self.told.wrong["a person was told of a second place"] += 1
            visitor.place, visitor.code = made["appointment_id"], made["booking_code"]
        is_content = visitor.place is not None and visitor.person.group is not Group.BOT
        if visitor.tried < len(visitor.person.wishes) and not is_content:
            self._plan(now + visitor.person.thinks, visitor)

    async def _asked(
        self,
        visitor: Visitor,
        path: str,
        body: dict[str, str],
        headers: dict[str, str],
        key: str,
    ) -> Reply | None:
        """The answer; None for "later", and for none at all."""
        try:
            sent = {"idempotency-key": key, **headers}
            reply = await self._wire.post(path, sent, json.dumps(body).encode())
        except ConnectionLost:
            reply = None
        if reply is None or reply.status in _AGAIN:
            self.told.limited += 1
            visitor.repeated += 1
            return None
        return reply

    def _again(self, visitor: Visitor, *, enters: bool) -> None:
        if _now() > self._ends_at:
            self.told.wrong["nobody answered for minutes"] += 1
            return
        self._plan(_now() + pause(visitor.repeated), visitor, enters=enters)


def _now() -> float:
    return clock.now().timestamp()


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
