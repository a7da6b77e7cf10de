"""How many requests may be in work at once: beyond that a caller is told when to come back.

Without a bound a rush makes every answer late; with one, those inside are answered in time.
"""

from collections.abc import Callable

from chassis import metrics
from chassis.errors import Overloaded

# Whoever watches over the process must be answered most of all when it is full.
ALWAYS = frozenset({"/livez", "/readyz", "/metrics"})
_COME_BACK_SECONDS = 1


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


class Gate:
    """Counts the requests in work of this process; `limit` is the most there may be."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inside = 0
        # Asked for when somebody looks: setting it twice a request would cost more than the gate.
        metrics.HTTP_IN_WORK().set_function(lambda: self._inside)

    def enter(self, path: str) -> Place:
        """A place for a request. Raises Overloaded when there is none."""
        if path in ALWAYS:
            return Place(None)
        if self._inside >= self._limit:
            metrics.HTTP_REJECTED().inc()
            raise Overloaded(_COME_BACK_SECONDS)
        self._inside += 1
        return Place(self._freed)

    def _freed(self) -> None:
        self._inside -= 1
