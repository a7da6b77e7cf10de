"""Server-sent events with resume: one poller per process feeds every open stream with shared bytes.

A stream first reads from the database what its client missed, then hangs on to the live tail,
without gap or repeat. A reader that cannot keep up is told to take a snapshot, never waited for.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog
from starlette.requests import Request
from starlette.responses import Response

from chassis import metrics
from chassis.errors import Malformed, Unavailable
from chassis.gate import Place
from chassis.signal import Signal
from chassis.streaming import Stream
from chassis.wire import PUSH, chunk_of

PING = b": ping\n\n"
MAX_POSITION = 2**63 - 1

_log = structlog.get_logger("chassis.sse")


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


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient a hub is. Seconds, except where a name says otherwise."""

    poll: float = 1.0
    ping: float = 15.0
    write: float = 30.0
    age: float = 900.0
    page_rows: int = 500
    queue_changes: int = 256
    subscribers: int = 5000
    retry: tuple[float, float] = (1.0, 15.0)
    """Between which two a client is told, by chance, to wait before it comes back."""


@dataclass(eq=False)
class _Subscriber:
    key: str | None
    queue: list[Change] = field(default_factory=list)
    too_slow: bool = False
    push: Callable[[bytes], bool] | None = None
    cursor: int = 0
    woken: Signal = field(default_factory=Signal)

    def takes(self, first: int, chunk: bytes) -> bool:
        """Push what begins at this position, unless something must go before it."""
        if not self.woken.is_waited_for or self.queue or self.push is None or first <= self.cursor:
            return False
        return self.push(chunk)


class Hub:
    """The changes of one read model and everybody who listens. Run `run()` as one task.

    Positions must become visible in their order, as they do where one transaction at a time writes.
    """

    def __init__(
        self,
        name: str,
        fetch_since: FetchSince,
        latest: Callable[[], Awaitable[int]],
        limits: Limits | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._name = name
        self._fetch_since = fetch_since
        self._latest = latest
        self._head: int | None = None
        self._by_key: dict[str | None, set[_Subscriber]] = {}
        self._woken = asyncio.Event()
        self._stopping = False
        self._open = 0
        # Both appear in the metrics from the start.
        metrics.SSE_SUBSCRIBERS(name).set(0)
        metrics.SSE_DROPPED(name).inc(0)

    def wake(self) -> None:
        """Something was committed: look now instead of at the next poll."""
        self._woken.set()

    def stop(self) -> None:
        """End every stream and the poller; call it before the server waits for its requests."""
        self._stopping = True
        self._woken.set()
        for subscriber in self._everyone():
            subscriber.woken.set()

    async def run(self) -> None:
        """Look for changes and hand them out until `stop` is called."""
        while not self._stopping:
            try:
                is_full = await self._hand_out()
            except Exception as problem:  # noqa: BLE001 - an outage of the database ends no stream
                _log.warning("sse.poll_failed", hub=self._name, kind=type(problem).__name__)
                is_full = False
            if not is_full:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.limits.poll):
                        await self._woken.wait()
                self._woken.clear()

    async def response(self, request: Request, key: str | None = None) -> Response:
        """The stream for this request, from `Last-Event-ID` or `?after=` on, else from now on.

        Raises Malformed for a position that is none, Unavailable when there are too many streams.
        """
        given = request.headers.get("last-event-id") or request.query_params.get("after")
        if given is not None and not (given.isdecimal() and int(given[:20]) <= MAX_POSITION):
            raise Malformed("invalid_parameters", "a position is a whole number", "Last-Event-ID")
        if self._head is None or self._stopping:
            raise Unavailable(2)
        place = self._enter()  # before the first wait: whoever comes meanwhile must see it
        try:
            after = await self._now() if given is None else int(given)
        except BaseException:
            place.leave()
            raise
        push = request.scope.get("extensions", {}).get(PUSH, {}).get("push")
        return Stream(self.frames(after, key, push), self.limits.write, place)

    def _enter(self) -> Place:
        if self._open >= self.limits.subscribers:
            raise Unavailable(30, "too many open streams")
        self._open += 1
        metrics.SSE_SUBSCRIBERS(self._name).inc()
        return Place(self._left)

    def _left(self) -> None:
        self._open -= 1
        metrics.SSE_SUBSCRIBERS(self._name).dec()

    async def frames(
        self, after: int, key: str | None = None, push: Callable[[bytes], bool] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of one stream: what was missed, then what happens, with pings in between.

        With a `push` that takes a chunk, what happens goes there while this waits.
        """
        yield b"retry: %d\n\n" % int(random.uniform(*self.limits.retry) * 1000)  # noqa: S311 - spreads reconnections
        if after > await self._latest():
            yield self._snapshot(b"position unknown")
            return
        cursor = after
        while True:  # far behind: read page after page before listening
            page = await self._fetch_since(cursor, self.limits.page_rows, key)
            if page:
                cursor = page[-1].position
                yield self._joined(page)
            if len(page) < self.limits.page_rows:
                break
        await self._now()
        subscriber = _Subscriber(key, push=push)
        self._by_key.setdefault(key, set()).add(subscriber)
        self._woken.set()  # what came since the look above went by unseen
        try:
            # Everything above `joined_at` comes to the queue; what lies below is read once more.
            joined_at = self._head or 0
            while cursor < joined_at:
                page = await self._fetch_since(cursor, self.limits.page_rows, key)
                if page:
                    yield self._joined(page)
                is_last = len(page) < self.limits.page_rows
                read_to = page[-1].position if page else cursor
                cursor = max(read_to, joined_at) if is_last else read_to
            subscriber.cursor = cursor
            async for piece in self._live(subscriber):
                yield piece
        finally:
            self._by_key[key].discard(subscriber)
            if not self._by_key[key]:
                del self._by_key[key]

    async def _live(self, subscriber: _Subscriber) -> AsyncGenerator[bytes, None]:
        spread = random.uniform(0.8, 1.2)  # noqa: S311 - so that not all come back at once
        ends_at = time.monotonic() + self.limits.age * spread
        while not self._stopping and (left := ends_at - time.monotonic()) > 0:
            if subscriber.too_slow:
                yield self._snapshot(b"too slow")
                return
            cursor = subscriber.cursor
            news = [change for change in subscriber.queue if change.position > cursor]
            subscriber.queue.clear()
            if news:
                yield self._joined(news)
                continue
            try:
                await subscriber.woken.wait(min(self.limits.ping, left))
            except TimeoutError:
                yield PING

    async def _now(self) -> int:
        """The live tail's position; looked up when nobody kept it up to date by listening."""
        if not self._by_key:
            latest = await self._latest()
            if not self._by_key:  # nobody came while we asked
                self._head = max(self._head or 0, latest)
        return self._head or 0

    async def _hand_out(self) -> bool:
        """One look at the database; whether there may be more at once."""
        if self._head is None:
            self._head = await self._latest()
        if not self._by_key:  # nobody listens: whoever comes asks where we are
            return False
        page = await self._fetch_since(self._head, self.limits.page_rows, None)
        wanted: dict[str | None, list[Change]] = {}
        for change in page:
            for key in (None, *change.keys):
                if key in self._by_key:
                    wanted.setdefault(key, []).append(change)
        for key, changes in wanted.items():
            self._hand_to(self._by_key[key], changes)
        if page:
            self._head = page[-1].position
        return len(page) == self.limits.page_rows

    def _hand_to(self, subscribers: Iterable[_Subscriber], changes: Sequence[Change]) -> None:
        """The same bytes for all who can take them now; whoever cannot is woken to fetch them."""
        first = changes[0].position
        chunk = chunk_of(b"".join(change.frame for change in changes))
        taken = 0
        for subscriber in subscribers:
            if subscriber.takes(first, chunk):
                taken += 1
            else:
                for change in changes:
                    self._offer(subscriber, change)
        metrics.SSE_SENT(self._name).inc(taken * len(changes))

    def _offer(self, subscriber: _Subscriber, change: Change) -> None:
        if subscriber.too_slow:
            return
        if len(subscriber.queue) >= self.limits.queue_changes:
            subscriber.too_slow = True
            subscriber.queue.clear()
            metrics.SSE_DROPPED(self._name).inc()
        else:
            subscriber.queue.append(change)
        subscriber.woken.set()

    def _joined(self, changes: Sequence[Change]) -> bytes:
        metrics.SSE_SENT(self._name).inc(len(changes))
        return b"".join(change.frame for change in changes)

    def _snapshot(self, reason: bytes) -> bytes:
        return b'id: %d\nevent: snapshot\ndata: {"reason":"%s"}\n\n' % (self._head or 0, reason)

    def _everyone(self) -> list[_Subscriber]:
        return [one for group in self._by_key.values() for one in group]
