"""What time makes due in booking: each kind is read from an index and becomes a command."""

from collections.abc import Sequence
from datetime import datetime

from chassis.database import Tx
from chassis.service import Running
from chassis.timers import Due, Timer
from contracts.ids import Actor, ClosureId
from services.booking.commands.closures import SweepClosure

_ACTOR = Actor("system:booking")
_CLOSURES = """
SELECT id, version, told, due_at FROM closures WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2
"""


def timers(_running: Running) -> Sequence[Timer]:
    """Everything that booking does without being asked."""
    return (Timer("closures", due_closures),)


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
