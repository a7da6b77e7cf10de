"""A crowd at a draw by lot: everybody enters, the draw is recomputed, winners confirm."""

import asyncio
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from chassis import clock
from contracts.booking import LotteryDrawn, WaitJoined, WaitOffered
from simulator.platform import Answered, Calls
from simulator.replay.patience import Patience
from simulator.replay.wire import Reply, Wire
from simulator.rush.crowd import Person
from simulator.rush.facts import facts_of
from simulator.rush.play import CALLERS, PATIENCE_SECONDS, Release, Told, Visitor

OFFERED_SECONDS = 240.0
_WON, _REFUSED = 201, 409
_DECIDED = frozenset({"already_waiting", "entries_over"})


class Draw:
    """One release by lot. `wanted`: how many places there are."""

    def __init__(self, release: Release, crowd: Sequence[Person], wire: Wire, wanted: int) -> None:
        self.told = Told([Visitor(person) for person in crowd])
        self._release, self._wire, self._wanted = release, wire, wanted
        self._free = asyncio.Semaphore(CALLERS)
        self._entries: dict[str, tuple[Visitor, str]] = {}

    async def play(self, calls: Calls, since: int) -> Told:
        """Until every winner has confirmed; `since` is the last fact before it."""
        await asyncio.sleep(max(0.0, self._release.opens_at - clock.now().timestamp()))
        self.told.began = clock.now().timestamp()
        await asyncio.gather(*(self._enter(visitor) for visitor in self.told.visitors))
        self.told.ended = clock.now().timestamp()
        self.told.entered = len(self._entries)
        offered, drawn = await self._offered(calls, since)
        for fault in faults_of_draw(drawn, self._entries, offered):
            self.told.wrong[fault] += 1
        for wait_id, appointment_id in offered.items():
            if wait_id in self._entries:
                await self._confirm(calls, wait_id, appointment_id)
        return self.told

    async def _enter(self, visitor: Visitor) -> None:
        """As often as they like: only the first one counts."""
        person = str(visitor.person.person_id)
        body = json.dumps({**self._release.day, "person_id": person}).encode()
        for number in range(len(visitor.person.wishes)):
            key = {"idempotency-key": f"draw-{self._release.day_id}-{person}-{number}"}
            async with self._free:
                began = clock.now().timestamp()
                visitor.first_sent = visitor.first_sent or began
                reply = await Patience(PATIENCE_SECONDS).post(lambda key=key: self._post(key, body))  # type: ignore[misc] # bound at once
            self.told.waits.append(clock.now().timestamp() - began)
            self._answered(visitor, reply)

    async def _post(self, headers: Mapping[str, str], body: bytes) -> Reply:
        return await self._wire.post("/v1/waits", headers, body)

    def _answered(self, visitor: Visitor, reply: Reply) -> None:
        said = reply.json()
        if reply.status == _WON:
            self._entries[said["wait_id"]] = visitor, said["wait_code"]
        elif reply.status != _REFUSED or said.get("code") not in _DECIDED:
            self.told.wrong[f"entering: {reply.status} {said.get('code')}"] += 1
            return
        self.told.tries += 1

    async def _offered(self, calls: Calls, since: int) -> tuple[dict[str, str], list[Any]]:
        """Who was offered which appointment, once all places are; and the draw."""
        wanted = min(self._wanted, len(self._entries))
        offered: dict[str, str] = {}
        drawn: list[Any] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(OFFERED_SECONDS):
                while len(offered) < wanted:
                    await asyncio.sleep(1)
                    offered, drawn = await self._looked(calls, since)
        return offered, drawn

    async def _looked(self, calls: Calls, since: int) -> tuple[dict[str, str], list[Any]]:
        offered: dict[str, str] = {}
        drawn: list[Any] = []
        async for type_, payload in facts_of(calls, since):
            if payload.get("day_id") != self._release.day_id:
                continue
            if type_ == WaitOffered.wire_type():
                offered[payload["wait_id"]] = payload["appointment_id"]
            elif type_ in {LotteryDrawn.wire_type(), WaitJoined.wire_type()}:
                drawn.append((type_, payload))
        return offered, drawn

    async def _confirm(self, calls: Calls, wait_id: str, appointment_id: str) -> None:
        visitor, code = self._entries[wait_id]
        path = f"/v1/waits/{wait_id}"
        try:
            seen = await calls.get("booking", path, headers={"Wait-Code": code})
            proof = {"Booking-Code": seen["booking_code"]}
            confirm = f"/v1/appointments/{appointment_id}/confirm"
            await calls.post("booking", confirm, {}, key=f"draw-{appointment_id}", headers=proof)
        except Answered as refused:
            self.told.wrong[f"confirming: {refused.code}"] += 1
        else:
            visitor.place, visitor.code = appointment_id, seen["booking_code"]


def faults_of_draw(
    drawn: Sequence[tuple[str, Mapping[str, Any]]],
    entries: Iterable[str],
    offered: Iterable[str],
) -> Counter[str]:
    """Whether the draw, recomputed from its seed, gives the places to those who were offered."""
    draws = [payload for type_, payload in drawn if type_ == LotteryDrawn.wire_type()]
    joined = [payload["wait_id"] for type_, payload in drawn if type_ == WaitJoined.wire_type()]
    found: Counter[str] = Counter()
    if len(draws) != 1:
        found[f"{len(draws)} draws"] += 1
        return found
    if set(joined) != set(entries):
        found["the entries told are not those in the facts"] += 1
    if draws[0]["entries"] != len(joined):
        found["the draw counts other entries"] += 1
    seed, winners = bytes.fromhex(draws[0]["seed"]), set(offered)
    first = sorted(joined, key=lambda entry: rank_of(seed, entry))[: len(winners)]
    if set(first) != winners:
        found["places were offered to others than the first ones of the draw"] += 1
    return found


def rank_of(seed: bytes, entry: str) -> int:
    """The rank of an entry, as the contract says."""
    digest = hmac.digest(seed, b"loket draw v1\0" + UUID(entry).bytes, hashlib.sha256)
    return int.from_bytes(digest[:8], "big") >> 1
