"""The live feed of the boards: one hub per running service, woken by commits.

What was shown is kept for some days, so that a board which was away goes on where it was.
"""

import asyncio
from weakref import WeakKeyDictionary

from chassis import metrics
from chassis.database import Database
from chassis.limits import Limits
from chassis.retention import look_again
from chassis.service import Running
from chassis.signal import gathered
from chassis.sse import Hub
from services.queue.queries.boards import Boards
from services.queue.settings import QueueSettings

_FORGET = "SELECT forget_shown(make_interval(hours => $1), $2)"
# A person sees no difference, and under load each look costs.
_GATHER_SECONDS = 0.01
_MOST = 500
_HUBS: WeakKeyDictionary[Running, Hub] = WeakKeyDictionary()


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

    async def look() -> bool:
        return await forget_some(running.database, settings.board_kept_hours) == _MOST

    await look_again(look, running.stopping, "boards.forgetting_failed")


async def forget_some(database: Database, kept_hours: int) -> int:
    """Forget some of what was shown longer ago than that; how many."""
    async with database.transaction() as tx:
        gone = int(await tx.fetchval(_FORGET, kept_hours, _MOST))
    metrics.FORGOTTEN("board_feed").inc(gone)
    return gone
