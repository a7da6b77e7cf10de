"""The live stream of the timeline: one hub per running service, woken soon after commits."""

import asyncio
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import orjson

from chassis.changes import Change
from chassis.limits import Limits
from chassis.service import Running
from chassis.signal import gathered
from chassis.sse import Hub
from services.tracking.queries import ReadModel
from services.tracking.settings import TrackingSettings

_GATHER_SECONDS = 0.02
_HUBS: WeakKeyDictionary[Running, Hub] = WeakKeyDictionary()


def hub_of(running: Running) -> Hub:
    """The hub of this service, made at the first call."""
    if running not in _HUBS:
        read_model = ReadModel(running.database)

        async def fetch_since(after: int, limit: int, key: str | None) -> Sequence[Change]:
            entries = await read_model.entries_since(after, limit, key)
            return [
                Change(entry["position"], frozenset({entry["key"]}), orjson.dumps(entry))
                for entry in entries
            ]

        settings: TrackingSettings = running.settings
        retry = settings.stream_retry_min_seconds, settings.stream_retry_max_seconds
        hub = Hub("timeline", fetch_since, read_model.position, Limits(retry=retry))
        running.after_commit.append(gathered(hub.wake, _GATHER_SECONDS))
        _HUBS[running] = hub
    return _HUBS[running]


async def run_stream(running: Running) -> None:
    """Hand out changes until the service stops."""
    hub = hub_of(running)
    poller = asyncio.create_task(hub.run(), name="timeline stream")
    await running.stopping.wait()
    hub.stop()
    await poller
