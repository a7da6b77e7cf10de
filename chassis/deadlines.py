"""The end of waits that took too long: one timer for all of them, since all may take equally long.

A timer for each would cost more than the rest of the way to its transaction.
"""

import asyncio
from collections import deque

from chassis.errors import TooSlow


class Deadlines:
    """Gives up answers that do not come within `seconds`: whoever awaits them gets TooSlow."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._awaited: deque[tuple[float, asyncio.Future[object]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, answer: "asyncio.Future[object]") -> float:
        """From now on; returns the instant, by the loop's clock, at which it is given up."""
        loop = answer.get_loop()
        give_up_at = loop.time() + self._seconds
        self._forget_answered()
        self._awaited.append((give_up_at, answer))
        if self._timer is None:
            self._timer = loop.call_at(give_up_at, self._give_up, loop)
        return give_up_at

    def _forget_answered(self) -> None:
        while self._awaited and self._awaited[0][1].done():
            self._awaited.popleft()

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Those whose time has come; then wait for the next."""
        self._timer = None
        now = loop.time()
        while self._awaited:
            give_up_at, answer = self._awaited[0]
            if not answer.done():
                if give_up_at > now:
                    self._timer = loop.call_at(give_up_at, self._give_up, loop)
                    return
                answer.set_exception(TooSlow())
            self._awaited.popleft()
