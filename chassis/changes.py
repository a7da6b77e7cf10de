"""Changes of a read model, and one open stream of them: what waits for it, and how it is served."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chassis.held import Line
from chassis.signal import Signal


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a read model. `data` is JSON on one line, encoded once for all readers.

    `keys` is what a stream may be narrowed to, for example an application's id.
    """

    position: int
    keys: frozenset[str]
    data: bytes
    event: str = "change"
    frame: bytes = field(init=False)

    def __post_init__(self) -> None:
        if b"\n" in self.data or b"\r" in self.data:
            raise ValueError("the data of a change must be on one line")
        frame = b"id: %d\nevent: %s\ndata: %s\n\n" % (
            self.position,
            self.event.encode(),
            self.data,
        )
        object.__setattr__(self, "frame", frame)


FetchSince = Callable[[int, int, str | None], Awaitable[Sequence[Change]]]
"""(after, limit, key) -> the next changes by position; with a key only those that have it."""


class Audience(Protocol):
    """Who serves subscribers that are held."""

    def has_left(self, subscriber: "Subscriber") -> None:
        """Its client has gone."""

    def serve(self, subscriber: "Subscriber") -> None:
        """Send what waits for it, as far as its line takes it."""


@dataclass(eq=False, slots=True)
class Subscriber:
    """One open stream. Without a `line`, a task of its own serves it and waits for `woken`."""

    key: str | None
    audience: Audience
    ends_at: float = 0.0
    cursor: int = 0
    queue: list[Change] = field(default_factory=list)
    too_slow: bool = False
    line: Line | None = None
    woken: Signal = field(default_factory=Signal)

    def takes(self, first: int, chunk: bytes) -> bool:
        """Push what begins at this position, unless something must go before it."""
        if self.line is None or self.queue or self.too_slow or first <= self.cursor:
            return False
        return self.line.push(chunk)

    def offer(self, change: Change, most: int) -> bool:
        """Let it wait; False when more than `most` would: the stream is given up."""
        if self.too_slow:
            return True
        if len(self.queue) < most:
            self.queue.append(change)
            return True
        self.too_slow = True
        self.queue.clear()
        return False

    def news(self) -> list[Change]:
        """What waits, without what the reader has seen before it listened."""
        return [change for change in self.queue if change.position > self.cursor]

    def left(self) -> None:
        """As of a `Listener`."""
        self.audience.has_left(self)

    def may_write(self) -> None:
        """As of a `Listener`."""
        self.audience.serve(self)
