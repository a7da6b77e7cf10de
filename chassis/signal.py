"""One task waits, others tell it: with a bound, and with less memory than an event of asyncio.

And a wake for many moments at once.
"""

import asyncio
from collections.abc import Callable


class Signal:
    """For one waiting task. Told while nobody waits, it is forgotten: look first, then wait."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: asyncio.Future[None] | None = None

    @property
    def is_waited_for(self) -> bool:
        """Whether a task is waiting now."""
        return self._told is not None

    async def wait(self, seconds: float) -> None:
        """Until it is set. Raises TimeoutError."""
        self._told = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._told
        finally:
            self._told = None

    def set(self) -> None:
        """Wake the task that waits, if there is one."""
        if self._told is not None and not self._told.done():
            self._told.set_result(None)


def gathered(wake: Callable[[], None], seconds: float) -> Callable[[], None]:
    """Wake once for all that happens within so many seconds: under load each would cost a look."""
    pending: list[asyncio.TimerHandle] = []

    def fire() -> None:
        pending.clear()
        wake()

    def soon() -> None:
        if not pending:
            pending.append(asyncio.get_running_loop().call_later(seconds, fire))

    return soon
