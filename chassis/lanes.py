"""A bounded queue that is fair between lanes: whoever floods waits behind their own commands only.

A lane is a mall, else an agency, else a kind of actor; not a person, for ids of persons may be made
up and each new one would be one more share.
"""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

from contracts.base import Command

T = TypeVar("T")


def lane_of(command: Command) -> str:
    """The lane in which a command waits."""
    fields = type(command).model_fields  # asked first: a missing attribute of a model is dear
    for name in ("mall", "staff_mall"):
        if name in fields and (mall := getattr(command, name)) is not None:
            return f"mall:{mall}"
    kind = command.actor.partition(":")[0]
    return command.actor if kind == "agency" else kind


class Lanes(Generic[T]):
    """Items in lanes. Each lane keeps its order; lanes take turns, one item at a time."""

    def __init__(self, *, limit: int, lane_limit: int) -> None:
        """At most `limit` items wait altogether, and `lane_limit` in one lane."""
        self._limit = limit
        self._lane_limit = lane_limit
        self._lanes: OrderedDict[str, deque[T]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        """How many items wait."""
        return self._size

    @property
    def count(self) -> int:
        """How many lanes have something that waits."""
        return len(self._lanes)

    def full(self, lane: str) -> str | None:
        """What has no room for one more item of this lane: `queue`, `lane` or nothing."""
        if self._size >= self._limit:
            return "queue"
        return "lane" if len(self._lanes.get(lane, ())) >= self._lane_limit else None

    def put(self, lane: str, item: T) -> None:
        """Add to the end of a lane; ask `full` first."""
        self._lanes.setdefault(lane, deque()).append(item)
        self._size += 1

    def take(self, most: int) -> list[T]:
        """The next items, one of each lane in turn; the next call goes on where this one ended."""
        taken: list[T] = []
        while self._lanes and len(taken) < most:
            lane, items = next(iter(self._lanes.items()))
            taken.append(items.popleft())
            if items:
                self._lanes.move_to_end(lane)
            else:
                del self._lanes[lane]
        self._size -= len(taken)
        return taken
