"""Keeps room ahead of the event log, and forgets answers and settled records that are old enough.

An answer is kept so that a repeated request gets it again; a request that comes later is decided
anew. What is not settled is never forgotten.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import structlog

from chassis import metrics
from chassis.database import Database

_MOST = 500
_LOOK_SECONDS = 60.0
_BREATHE_SECONDS = 0.2
# The database does the removal: the program itself may not (and never what is younger than a day).
_FORGET_COMMANDS = "SELECT forget_commands(make_interval(days => $1), $2)"
_FORGET_SETTLED = "SELECT forget_settled(make_interval(days => $1), $2)"
_EXTEND = "SELECT extend_event_log()"
_log = structlog.get_logger("chassis.retention")


class Retention:
    """Keeps `commands` and `parked` as long as the settings say, in days; and room in the log."""

    def __init__(self, database: Database, *, commands_days: int, settled_days: int) -> None:
        self._database = database
        self._kept: Sequence[tuple[str, str, int]] = (
            ("commands", _FORGET_COMMANDS, commands_days),
            ("parked", _FORGET_SETTLED, settled_days),
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Look once a minute until told to stop."""
        await look_again(self._look, stopping, "retention.failed")

    async def _look(self) -> bool:
        await self.make_room()
        return await self.forget_some()

    async def make_room(self) -> None:
        """See to it that the log has blocks ahead."""
        async with self._database.transaction() as tx:
            metrics.EVENT_LOG_ROOM().set(await tx.fetchval(_EXTEND))

    async def forget_some(self) -> bool:
        """One set of each table; returns whether there may be more."""
        more = False
        for table, statement, days in self._kept:
            async with self._database.transaction() as tx:
                gone = await tx.fetchval(statement, days, _MOST)
            metrics.FORGOTTEN(table).inc(gone)
            more = more or gone == _MOST
        return more


async def look_again(
    look: Callable[[], Awaitable[bool]], stopping: asyncio.Event, failed: str
) -> None:
    """Do it once a minute until told to stop, and at once when it says that there may be more.

    A failure is told as the event `failed`; nothing is lost by it, for the next look comes.
    """
    while not stopping.is_set():
        pause = _LOOK_SECONDS
        try:
            if await look():
                pause = _BREATHE_SECONDS
        except Exception as problem:  # noqa: BLE001 - nothing is lost: the next look comes
            _log.warning(failed, reason=type(problem).__name__)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stopping.wait()
