"""Many are visited every so many seconds, with one timer for all of them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Rounds(Generic[T]):
    """Visits each for the first time `seconds` after it was added."""

    def __init__(self, seconds: float, visit: Callable[[T], None]) -> None:
        self._seconds = seconds
        self._visit = visit
        # The next one is first. A plain dict would look through all that have gone to find it.
        self._due: OrderedDict[T, float] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, one: T) -> None:
        """Visit this one from now on."""
        self._due[one] = asyncio.get_running_loop().time() + self._seconds
        self._set_timer()

    def remove(self, one: T) -> None:
        """Visit it no more."""
        self._due.pop(one, None)
        if not self._due and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        try:
            while self._due:
                one, due = next(iter(self._due.items()))
                if due > now:
                    break
                self._due[one] = now + self._seconds
                self._due.move_to_end(one)
                self._visit(one)
        finally:  # a visit that fails is told by the event loop, and ends no other
            self._set_timer()

    def _set_timer(self) -> None:
        if self._due and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(next(iter(self._due.values())), self._go)
