"""Once a second: how far behind consumers and relay are, and how late the event loop is."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from chassis import metrics
from chassis.consume import Runner
from chassis.database import Database

_EVERY_SECONDS = 1.0
# Counting is bounded, so that looking at a large backlog does not add to it.
_BACKLOG = """
SELECT count(*) AS unsent,
       coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT recorded_at FROM event_log WHERE event_log.seq = min(first.seq)
       )), 0)::float8 AS age_seconds
FROM (SELECT seq FROM unsent ORDER BY seq LIMIT 10000) AS first
"""
_log = structlog.get_logger("chassis.reporting")


class Reporter:
    """Keeps the metrics of one service true; a look that fails is tried again a second later."""

    def __init__(self, database: Database, runners: Sequence[Runner]) -> None:
        self._database = database
        self._runners = runners
        self._failing = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Look until told to stop, and once more at the end."""
        while not stopping.is_set():
            due = time.monotonic() + _EVERY_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_SECONDS):
                    await stopping.wait()
            metrics.LOOP_LAG().set(max(0.0, time.monotonic() - due))
            await self._look()

    async def _look(self) -> None:
        # Side by side: when Kafka is away, the outbox is just what people want to know.
        looks = [self._look_at_outbox, *(runner.report for runner in self._runners)]
        problems = [one for one in await asyncio.gather(*map(_tried, looks)) if one is not None]
        if problems and not self._failing:
            _log.warning("reporting.failed", reason=type(problems[0]).__name__)
        self._failing = bool(problems)

    async def _look_at_outbox(self) -> None:
        async with self._database.transaction() as tx:
            row = await tx.fetchrow(_BACKLOG)
        metrics.OUTBOX_UNSENT().set(row["unsent"])
        metrics.OUTBOX_AGE().set(row["age_seconds"])


async def _tried(look: Callable[[], Awaitable[None]]) -> Exception | None:
    try:
        await look()
    except Exception as problem:  # noqa: BLE001 - the next look comes in a second
        return problem
    return None
