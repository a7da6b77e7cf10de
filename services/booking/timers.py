"""What time makes due in booking: each kind is read from an index and becomes a command."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from chassis import metrics
from chassis.database import Row, Tx
from chassis.service import Running
from chassis.timers import Due, Timer
from contracts.base import Command
from contracts.booking_entries import BookingPolicy
from contracts.ids import Actor, AppointmentId, ClosureId, ServiceDayId, SessionId
from services.booking.commands.appointments import ExpireHold
from services.booking.commands.closures import SweepClosure
from services.booking.commands.releases import ReleasePart, RevealSeed
from services.booking.commands.requests import OpenChannels, RemindOrMiss, TimeOutRequest
from services.booking.commands.waits import DrawLottery, EndList, OfferPlaces
from services.booking.domain.draw import seed_of
from services.booking.domain.offering import offer_until
from services.booking.domain.policy import BUILT_IN
from services.booking.domain.wait import micros
from services.booking.domain.waiting import confirm_by, list_rule
from services.booking.queries import waits
from services.booking.queries.plans import Plans
from services.booking.settings import Seeds

_ACTOR = Actor("system:booking")
_CLOSURES = """
SELECT id, version, told, due_at FROM closures WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2
"""
_APPOINTMENTS = """
SELECT id, version, status, due_at FROM appointments
WHERE due_at <= $1 ORDER BY due_at LIMIT $2
"""
_CHANNELS = "SELECT id, due_at FROM sessions WHERE due_at <= $1 ORDER BY due_at LIMIT $2"
# A day without sessions has nothing to release in parts: it waits for the first one.
_DAYS = """
SELECT id, mode, step, due_at FROM days AS day
WHERE due_at <= $1 AND (mode = 'first_come' OR mode = 'staggered' AND EXISTS (
    SELECT FROM sessions
    WHERE (mall, service, service_date) = (day.mall, day.service, day.service_date)))
ORDER BY due_at LIMIT $2
"""


def timers(running: Running) -> Sequence[Timer]:
    """Everything that booking does without being asked."""
    secret = running.settings.code_key_file.read_bytes()
    seeds = Seeds(running.settings.code_key_file)
    return (
        Timer("appointments", due_appointments),
        Timer("channels", due_channels),
        Timer("closures", due_closures),
        Timer("releases", partial(due_days, secret)),
        Timer("draws", partial(due_draws, seeds)),
        Timer("offers", due_offers),
        Timer("lists", due_ends),
        Timer("plans", Plans(running.database, secret).due),
    )


async def due_appointments(tx: Tx, now: datetime, most: int) -> Sequence[Due]:
    """Holds and requests whose time is up, reminders, and those who did not come."""
    return [
        Due(row["due_at"], _appointment_went_on(row, now))
        for row in await tx.fetch(_APPOINTMENTS, now, most)
    ]


def _appointment_went_on(row: Row, now: datetime) -> Command:
    id_ = AppointmentId(row["id"])
    if row["status"] == "held":
        return ExpireHold(actor=_ACTOR, at=now, key=f"hold:{id_}", appointment_id=id_)
    # The version is the moment: each fact about the appointment begins another one.
    key = f"due:{id_}:{row['version']}"
    if row["status"] == "requested":
        return TimeOutRequest(actor=_ACTOR, at=now, key=key, appointment_id=id_)
    return RemindOrMiss(actor=_ACTOR, at=now, key=key, appointment_id=id_)


async def due_channels(tx: Tx, now: datetime, most: int) -> Sequence[Due]:
    """Sessions whose places are there for everybody from now on."""
    return [
        Due(
            row["due_at"],
            OpenChannels(
                actor=_ACTOR, at=now, key=f"channels:{row['id']}", session_id=SessionId(row["id"])
            ),
        )
        for row in await tx.fetch(_CHANNELS, now, most)
    ]


async def due_closures(tx: Tx, now: datetime, most: int) -> Sequence[Due]:
    """People to tell of a closure, one set after the other.

    The key says how many were told before and how often all were: no set is taken twice, however
    many processes look, and one more session that is closed later begins a new round.
    """
    return [
        Due(
            row["due_at"],
            SweepClosure(
                actor=_ACTOR,
                at=now,
                key=f"sweep:{row['id']}:{row['version']}:{row['told']}",
                closure_id=ClosureId(row["id"]),
            ),
        )
        for row in await tx.fetch(_CLOSURES, now, most)
    ]


async def due_days(secret: bytes, tx: Tx, now: datetime, most: int) -> Sequence[Due]:
    """Days of which a part is due, or whose turns are fixed. Seeds derive from `secret`."""
    rows = await tx.fetch(_DAYS, now, most)
    return [
        Due(row["due_at"], _day_went_on(row["id"], row["mode"], row["step"], now, secret))
        for row in rows
    ]


def _day_went_on(id_: UUID, mode: str, step: int, now: datetime, secret: bytes) -> Command:
    day_id = ServiceDayId(id_)
    if mode == "staggered":
        return ReleasePart(actor=_ACTOR, at=now, key=f"part:{day_id}:{step + 1}", day_id=day_id)
    seed = seed_of(secret, day_id).hex()
    return RevealSeed(actor=_ACTOR, at=now, key=f"seed:{day_id}", day_id=day_id, seed=seed)


async def due_offers(tx: Tx, now: datetime, most: int) -> list[Due]:
    """Days of which a place is free that somebody who waits could be asked about in time."""
    return [
        # A place may come free again at any time, so each look has a key of its own; whoever finds
        # nothing left to offer does nothing.
        Due(now, OfferPlaces(**_at(now, f"offer:{one.day_id}:{micros(now)}"), day_id=one.day_id))
        for one in await waits.due_offers(tx, now, most)
        if _is_in_time(one, now)
    ]


async def due_ends(tx: Tx, now: datetime, most: int) -> list[Due]:
    """Lists of days that are over."""
    return [
        Due(now, EndList(**_at(now, f"list:{day_id}:{micros(now)}"), day_id=day_id))
        for day_id in await waits.due_ends(tx, now, most)
    ]


async def due_draws(seeds: Seeds, tx: Tx, now: datetime, most: int) -> list[Due]:
    """Draws whose entries are closed. One whose seed is lost waits until it is announced anew."""
    found = await waits.due_draws(tx, now, most)
    kept = [one for one in found if seeds.is_announced(one.day_id, one.seed_digest)]
    metrics.RELEASE_SEED_LOST().set(len(found) - len(kept))
    return [
        Due(
            one.since,
            DrawLottery(
                **_at(now, f"draw:{one.day_id}"),
                day_id=one.day_id,
                seed=seeds.of(one.day_id).hex(),
            ),
        )
        for one in kept
    ]


def _is_in_time(due: waits.DueOffer, now: datetime) -> bool:
    rules = _rules(due.policy) if due.policy is not None else BUILT_IN
    rule = list_rule(rules, due.mode)
    if rule is None:
        return False
    by = confirm_by(due.mode, due.closes_at, rules)
    return offer_until(rule, due.zone, now, due.starts_at, by) is not None


def _at(now: datetime, key: str) -> dict[str, Any]:
    return {"actor": _ACTOR, "at": now, "key": key}


@lru_cache(maxsize=100)
def _rules(body: str) -> BookingPolicy:
    return BookingPolicy.model_validate(json.loads(body))
