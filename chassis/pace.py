"""Keeping work together under load: many small groups cost much more than a few larger ones."""

import asyncio
import time

_ENOUGH = 16
"""So many share the cost of a transaction well enough; waiting for more would only be late."""


class Pace:
    """After a group of more than one, the next begins `seconds` after that one began.

    Or as soon as enough wait. What comes alone, as when there is little to do, never waits. With
    500 facts a second and a few milliseconds a group, this saves most of the round trips for a
    latency nobody sees.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = 0.0
        self._rest: asyncio.Future[None] | None = None

    def begin(self) -> None:
        """A group begins now."""
        self._began = time.monotonic()

    def see(self, waiting: int) -> None:
        """So many wait by now."""
        if waiting >= _ENOUGH and self._rest is not None and not self._rest.done():
            self._rest.set_result(None)

    async def rest(self, size: int) -> None:
        """The group is done; it had `size` members."""
        left = self._began + self._seconds - time.monotonic()
        if size <= 1 or left <= 0:
            return
        loop = asyncio.get_running_loop()
        self._rest = loop.create_future()
        timer = loop.call_later(left, self.see, _ENOUGH)
        try:
            await self._rest
        finally:
            timer.cancel()
            self._rest = None
