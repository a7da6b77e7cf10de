"""What the platform says about a release afterwards, beside what its crowd was told."""

import asyncio
import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from contracts.booking import AppointmentBooked, AppointmentCancelled
from simulator.platform import Answered, Calls
from simulator.rush.facts import facts_of
from simulator.rush.fairness import Advantage, Chance, advantage_of_rank, chances, same_chance
from simulator.rush.play import Release, Told, Visitor

_REVEALED_SECONDS = 60.0
_ROUNDING_SECONDS = 1e-4


@dataclass
class Verdict:
    """What was found; `faults` in words."""

    places: int
    sold: int = 0
    oversold: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """All places are sold, none twice, and everybody has what they were told."""
        return not self.faults and not self.oversold and self.sold == self.places


async def judge(
    calls: Calls, release: Release, capacities: Mapping[str, int], told: Told, since: int
) -> Verdict:
    """Hold facts and views against what was told; `since`: the last fact before the rush."""
    found = Verdict(sum(capacities.values()))
    held = await _held(calls, release, since)
    taken = Counter(session for session, _ in held.values())
    found.sold = sum(taken.values())
    found.oversold = sum(max(0, taken[one] - most) for one, most in capacities.items())
    winners = {one.place: str(one.person.person_id) for one in told.visitors if one.place}
    if winners != {place: person for place, (_, person) in held.items()}:
        found.faults.append(f"{len(winners)} were told to have a place, {len(held)} have one")
    twice = sum(count - 1 for count in Counter(person for _, person in held.values()).values())
    if twice:
        found.faults.append(f"{twice} places are second ones of somebody")
    found.faults += [f"{count} times: {what}" for what, count in told.wrong.items()]
    found.faults += await _unlike_views(calls, release, capacities, taken)
    if release.has_room:
        found.faults += await _turns(calls, release, told)
    found.faults += await _codes(calls, [one for one in told.visitors if one.place])
    return found


async def _held(calls: Calls, release: Release, after: int) -> dict[str, tuple[str, str]]:
    """Each appointment that is live in these sessions, with session and person, from facts."""
    found: dict[str, tuple[str, str]] = {}
    async for type_, payload in facts_of(calls, after):
        if payload.get("session_id") not in release.sessions:
            continue
        if type_ == AppointmentBooked.wire_type():
            found[payload["appointment_id"]] = payload["session_id"], payload["person_id"]
        elif type_ == AppointmentCancelled.wire_type():
            found.pop(payload["appointment_id"], None)
    return found


async def _unlike_views(
    calls: Calls, release: Release, capacities: Mapping[str, int], taken: Mapping[str, int]
) -> list[str]:
    shown = {
        one["session_id"]: one["capacity"] - one["free"]
        for one in await calls.get("booking", f"/v1/sessions?{urlencode(release.day)}")
    }
    return [
        f"session {one}: {shown.get(one)} places taken as shown, {taken.get(one, 0)} by facts"
        for one in capacities
        if shown.get(one) != taken.get(one, 0)
    ]


async def _codes(calls: Calls, winners: Sequence[Visitor]) -> list[str]:
    """The code of each winner opens their appointment."""
    wrong = 0
    for one in winners:
        try:
            path = f"/v1/appointments/{one.place}"
            await calls.get("booking", path, headers={"Booking-Code": one.code})
        except Answered:
            wrong += 1
    return [f"{wrong} booking codes do not open their appointment"] if wrong else []


async def _turns(calls: Calls, release: Release, told: Told) -> list[str]:
    """Everybody's turn once more, from the revealed seed; visitors keep it for the statistics."""
    shown: dict[str, Any] = {}
    async with asyncio.timeout(_REVEALED_SECONDS):
        while not shown.get("seed"):
            shown = await calls.get("booking", f"/v1/releases/{release.day_id}")
            await asyncio.sleep(0.2)
    seed = bytes.fromhex(shown["seed"])
    if hashlib.sha256(seed).hexdigest() != shown["seed_digest"]:
        return ["the seed is not the one whose digest was announced"]
    wrong = 0
    for one in told.visitors:
        if one.entered_at is None or one.entered_at >= release.opens_at:
            continue
        turn_at = release.opens_at + share_of(seed, one.person.person_id, shown["spread_s"])
        wrong += one.turn_at is not None and abs(one.turn_at - turn_at) > _ROUNDING_SECONDS
        one.turn_at = turn_at
    return [f"{wrong} turns are not what the seed says"] if wrong else []


def share_of(seed: bytes, person_id: UUID, spread_seconds: int) -> float:
    """How many seconds after the opening a person's turn comes, as the contract says."""
    holder = hashlib.sha256(b"loket room holder v1\0" + person_id.bytes).digest()[:16]
    drawn = hmac.digest(seed, b"loket turn v1\0" + holder, "sha256")[:8]
    return (spread_seconds * 1000 * int.from_bytes(drawn, "big") >> 64) / 1000


@dataclass(frozen=True, slots=True)
class Fairness:
    """Whether rank meant anything, and the chance of each group."""

    ranks: Mapping[str, Advantage | None]
    groups: Mapping[str, Chance]
    tenths: tuple[Chance, Chance]
    """Of those who came first and last, a tenth each."""

    @property
    def same_for_groups(self) -> float:
        """The p of a chi-square: small when groups had different chances."""
        return same_chance(list(self.groups.values()))


def fairness(told: Told, release: Release) -> Fairness:
    """Of everybody whose order can be told."""
    seen = told.visitors
    ranks: dict[str, Advantage | None] = {}
    if release.has_room:
        early = [one for one in seen if (one.entered_at or release.opens_at) < release.opens_at]
        by_entering = sorted(early, key=lambda one: one.entered_at or 0)
        with_turn = [one for one in early if one.turn_at is not None]
        by_turn = sorted(with_turn, key=lambda one: one.turn_at or 0)
        ranks["entering the room before the opening"] = _advantage(by_entering)
        ranks["turn"] = _advantage(by_turn)
        arrived = by_entering
    else:
        arrived = sorted(seen, key=lambda one: one.first_sent or 0)
        ranks["first try"] = _advantage(arrived)
    tenth = max(1, len(arrived) // 10)
    first, last = arrived[:tenth], arrived[-tenth:]
    groups = chances([(one.person.group, one.place is not None) for one in seen])
    return Fairness(ranks, groups, (_chance(first), _chance(last)))


def _advantage(ordered: Sequence[Visitor]) -> Advantage | None:
    return advantage_of_rank([one.place is not None for one in ordered])


def _chance(some: Sequence[Visitor]) -> Chance:
    return Chance(len(some), sum(one.place is not None for one in some))
