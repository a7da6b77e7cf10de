"""The link of the mall goes down, and queue is killed meanwhile; then both are back."""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from local import control
from simulator.day.desks import Desks
from simulator.day.kiosk import Kiosk
from simulator.day.stage import Stage

_BACK_SECONDS, _LOOK_SECONDS = 60.0, 0.1


@dataclass
class Link:
    """What connects the mall with the platform of this home."""

    stage: Stage
    kiosk: Kiosk
    desks: Desks
    home: Path

    def plan(self) -> None:
        """When it goes, and when it comes."""
        down = self.stage.script.link_down
        self.stage.at(down.from_at, self._goes)
        self.stage.at(down.until_at, self._comes)

    async def _goes(self) -> None:
        self.stage.told(self.stage.now, "the link is down, and queue is killed")
        pid = control.find(self.home, "queue").pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    async def _comes(self) -> None:
        """Go on once queue works again, however long it takes: the day's clock stands meanwhile."""
        async with asyncio.timeout(_BACK_SECONDS):
            while control.find(self.home, "queue").state != "ready":  # noqa: ASYNC110 - another process
                await asyncio.sleep(_LOOK_SECONDS)
        self.stage.told(self.stage.now, "the link is back, the kiosk tells what it has printed")
        for service in await self.kiosk.tell():
            self.desks.wake(service)
