"""The live feed of the boards: one hub per running service, woken by commits.

What was shown is kept for some days, so that a board which was away goes on where it was.
"""

import asyncio
import contextlib
from weakref import WeakKeyDictionary

import structlog

from chassis import metrics
from chassis.database import Database
from chassis.limits import Limits
from chassis.service import Running
from chassis.signal import gathered
from chassis.sse import Hub
from services.queue.queries.boards import Boards
from services.queue.settings import QueueSettings

_FORGET = "SELECT forget_shown(make_interval(hours => $1), $2)"
# A person sees no difference, and under load each look costs.
_GATHER_SECONDS = 0.01
_MOST = 500
_LOOK_SECONDS = 60.0
_BREATHE_SECONDS = 0.2
_HUBS: WeakKeyDictionary[Running, Hub] = WeakKeyDictionary()
_log = structlog.get_logger("queue.stream")


def hub_of(running: Running) -> Hub:
    """The hub of this service, made at the first call."""
    if running not in _HUBS:
        boards = Boards(running.database)
        settings: QueueSettings = running.settings
        retry = settings.stream_retry_min_seconds, settings.stream_retry_max_seconds
        hub = Hub("boards", boards.since, boards.position, Limits(retry=retry))
        running.after_commit.append(gathered(hub.wake, _GATHER_SECONDS))
        _HUBS[running] = hub
    return _HUBS[running]


async def run_stream(running: Running) -> None:
    """Hand out what is shown until the service stops."""
    hub = hub_of(running)
    poller = asyncio.create_task(hub.run(), name="board stream")
    await running.stopping.wait()
    hub.stop()
    await poller


async def run_forgetting(running: Running) -> None:
    """Forget what was shown long ago, a little at a time, until the service stops."""
    settings: QueueSettings = running.settings
    while not running.stopping.is_set():
        pause = _LOOK_SECONDS
        try:
            if await forget_some(running.database, settings.board_kept_hours) == _MOST:
                pause = _BREATHE_SECONDS
        except Exception as problem:  # noqa: BLE001 - nothing is lost: the next look comes
            _log.warning("boards.forgetting_failed", reason=type(problem).__name__)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await running.stopping.wait()


async def forget_some(database: Database, kept_hours: int) -> int:
    """Forget some of what was shown longer ago than that; how many."""
    async with database.transaction() as tx:
        gone = int(await tx.fetchval(_FORGET, kept_hours, _MOST))
    metrics.FORGOTTEN("board_feed").inc(gone)
    return gone
