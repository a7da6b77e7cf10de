"""How many requests may be in work at once: beyond that a caller is told when to come back.

Without a bound a rush makes every answer late; with one, those inside are answered in time. How
many that are depends on how fast the process just then is, so the age of what is inside counts too:
answers that come after their asker has given up are work for nothing, and bring him back with more.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice

from chassis import metrics
from chassis.errors import Overloaded

# Whoever watches over the process must be answered most of all when it is full.
ALWAYS = frozenset({"/livez", "/readyz", "/metrics"})
OVERLOADED = Overloaded(1)
"""What whoever finds no place is told: come back in a second."""
# A few slow requests, such as the check of the whole ledger, say nothing about the others.
_A_FEW = 32


class Place:
    """One place among a bounded number; giving it back twice gives it back once."""

    def __init__(self, freed: Callable[[], None] | None) -> None:
        """`freed` is called when it is given back; None: there is nothing to give back."""
        self._freed = freed

    def leave(self) -> None:
        """Give it back: a request when its answer begins, or when there will be none."""
        freed, self._freed = self._freed, None
        if freed is not None:
            freed()

    def pass_on(self) -> None:
        """Somebody else knows now when it is free, and tells so without this."""
        self._freed = None


class Gate:
    """Knows the requests in work of this process.

    There may be `limit` at most, and nobody is let in while more than a few are older than
    `patience_seconds`.
    """

    def __init__(
        self,
        limit: int,
        patience_seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._patience = patience_seconds
        self._clock = clock
        self._inside: OrderedDict[int, float] = OrderedDict()
        self._next = 0
        # Asked for when somebody looks: setting it twice a request would cost more than the gate.
        metrics.HTTP_IN_WORK().set_function(lambda: len(self._inside))

    def enter(self, path: str) -> Place:
        """A place for a request. Raises Overloaded when there is none."""
        if path in ALWAYS:
            return Place(None)
        if self.turns_away():
            raise OVERLOADED
        number = self._next = self._next + 1
        self._inside[number] = self._clock()
        return Place(lambda: self._freed(number))

    def is_full(self) -> bool:
        """Whether there is no place for another request now."""
        return len(self._inside) >= self._limit or self._is_late()

    def turns_away(self) -> bool:
        """The same; a request that is told so is counted."""
        if not self.is_full():
            return False
        metrics.HTTP_REJECTED().inc()
        return True

    def _is_late(self) -> bool:
        if len(self._inside) <= _A_FEW:
            return False
        since = next(islice(self._inside.values(), _A_FEW, None))
        return self._clock() - since > self._patience

    def _freed(self, number: int) -> None:
        del self._inside[number]
