"""Those who only look: one application again and again, and the live stream of the mall."""

import json
from collections.abc import Callable, Sequence

import httpx

from tests.chaos.client import Ask, Client, World
from tests.chaos.history import Event

_AGAIN_SECONDS = 0.5


class Reader(Client):
    """Somebody who must never be shown an older state than before."""

    def __init__(self, world: World, known: Callable[[], Sequence[str]]) -> None:
        super().__init__("reader", world)
        self._known = known
        self._seen: dict[str, int] = {}

    async def look(self) -> None:
        """Read one application, and hold it against what was read before this look began."""
        known = self._known()
        if not known:
            return
        application = self.lots.choice(known)
        floor = self._seen.get(application, 0)
        path = f"/v1/applications/{application}"
        found = await self.once(Ask("read", "tracking", path, bearer="operator"))
        if not found.is_ok:
            return
        version = int(found.body["version"])
        if version < floor:
            self.world.backwards.append(f"{application}: version {version} after {floor}")
        self._seen[application] = max(self._seen.get(application, 0), version)


class Watcher(Client):
    """Somebody who keeps the live stream open, and comes back where it broke off."""

    def __init__(self, world: World) -> None:
        super().__init__("watcher", world)
        self._last = 0
        self.received = 0

    async def watch(self) -> None:
        """Follow the stream until the load ends."""
        url = f"{self.world.calls.platform.urls['tracking']}/v1/stream"
        while not self.world.stopping.is_set():
            try:
                headers = dict(await self.world.calls.bearer("operator"))
                if self._last:
                    headers["Last-Event-ID"] = str(self._last)
                async with self.world.http.stream("GET", url, headers=headers) as answer:
                    await self._follow(answer)
            except httpx.HTTPError:
                pass
            await self.world.pause(_AGAIN_SECONDS)

    async def _follow(self, answer: httpx.Response) -> None:
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if self.world.stopping.is_set():
                return
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
                continue
            self._take(fields)
            fields = {}

    def _take(self, fields: dict[str, str]) -> None:
        if "id" not in fields or not fields["id"].isdecimal():
            return
        position = int(fields["id"])
        if fields.get("event") != "snapshot" and position <= self._last:
            self.world.backwards.append(f"stream: position {position} after {self._last}")
        self._last = max(position, self._last)
        self.received += 1
        self.world.history.add(
            Event(
                self.name,
                "stream",
                "ok",
                None,
                self.world.history.next_call(),
                {"last_event_id": self._last},
                answer={"position": position, "event": fields.get("event"), **_data(fields)},
            )
        )


def _data(fields: dict[str, str]) -> dict[str, object]:
    data = json.loads(fields.get("data", "{}"))
    return {name: data[name] for name in ("event_id", "key", "version") if name in data}
