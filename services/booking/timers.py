"""What time makes due in booking: each kind is read from an index and becomes a command."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from chassis.database import Tx
from chassis.service import Running
from chassis.timers import Due, Timer
from contracts.base import Command
from contracts.ids import Actor, AppointmentId, ClosureId, ServiceDayId
from services.booking.commands.appointments import ExpireHold
from services.booking.commands.closures import SweepClosure
from services.booking.commands.releases import ReleasePart, RevealSeed
from services.booking.domain.draw import seed_of

_ACTOR = Actor("system:booking")
_CLOSURES = """
SELECT id, version, told, due_at FROM closures WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2
"""
_HOLDS = """
SELECT id, due_at FROM appointments
WHERE due_at <= $1 AND status = 'held' ORDER BY due_at LIMIT $2
"""
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
    return (
        Timer("holds", due_holds),
        Timer("closures", due_closures),
        Timer("releases", partial(due_days, secret)),
    )


async def due_holds(tx: Tx, now: datetime, most: int) -> Sequence[Due]:
    """Holds whose end has come."""
    return [
        Due(
            row["due_at"],
            ExpireHold(
                actor=_ACTOR,
                at=now,
                key=f"hold:{row['id']}",
                appointment_id=AppointmentId(row["id"]),
            ),
        )
        for row in await tx.fetch(_HOLDS, now, most)
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
