"""Server-sent events with resume: one poller per process feeds every open stream with shared bytes.

A stream first reads from the database what its client missed, then hangs on to the live tail,
without gap or repeat. A reader that cannot keep up is told to take a snapshot, never waited for.
A stream that has caught up needs its request no more, and no task: the hub holds its connection.
"""

import asyncio
import contextlib
import functools
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence

import structlog
from starlette.requests import Request
from starlette.responses import Response

from chassis import metrics
from chassis.changes import Change, FetchSince, Subscriber
from chassis.errors import Malformed, Unavailable
from chassis.gate import Place
from chassis.held import HOLD, Line, Listener, chunk_of
from chassis.limits import Limits
from chassis.rounds import Rounds
from chassis.streaming import Stream

PING = b": ping\n\n"
_PING_CHUNK = chunk_of(PING)
MAX_POSITION = 2**63 - 1

_log = structlog.get_logger("chassis.sse")


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
        self._by_key: dict[str | None, set[Subscriber]] = {}
        self._held = Rounds(self.limits.ping, self._visit)
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
            if subscriber.line is None:
                subscriber.woken.set()
            else:
                self._end(subscriber)

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
        hold = request.scope.get("extensions", {}).get(HOLD, {}).get("hold")
        held = functools.partial(self._hold, hold, place) if hold is not None else None
        return Stream(self.frames(after, key, held), self.limits.write, place)

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
        self, after: int, key: str | None = None, hold: Callable[[Subscriber], bool] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of one stream: what was missed, then what happens, with pings in between.

        Ends when `hold` says that it holds the subscriber: whatever comes then, it sends.
        """
        yield b"retry: %d\n\n" % int(random.uniform(*self.limits.retry) * 1000)  # noqa: S311 - spreads reconnections
        cursor = after
        # Who wants what comes from now on missed nothing, as long as others listen.
        if not (self._by_key and after == self._head):
            if after > await self._latest():
                yield self._snapshot(b"position unknown")
                return
            while True:  # far behind: read page after page before listening
                page = await self._fetch_since(cursor, self.limits.page_rows, key)
                if page:
                    cursor = page[-1].position
                    yield self._joined(page)
                if len(page) < self.limits.page_rows:
                    break
            await self._now()
        spread = random.uniform(0.8, 1.2)  # noqa: S311 - so that not all come back at once
        subscriber = Subscriber(key, self, time.monotonic() + self.limits.age * spread)
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
            async for piece in self._live(subscriber, hold):
                yield piece
        finally:
            if subscriber.line is None:
                self._forget(subscriber)

    async def _live(
        self, subscriber: Subscriber, hold: Callable[[Subscriber], bool] | None
    ) -> AsyncGenerator[bytes, None]:
        while not self._stopping and (left := subscriber.ends_at - time.monotonic()) > 0:
            if subscriber.too_slow:
                yield self._snapshot(b"too slow")
                return
            news = subscriber.news()
            subscriber.queue.clear()
            if news:
                yield self._joined(news)
                continue
            # Everything has been sent, and nothing comes between here and the first push.
            if hold is not None and hold(subscriber):
                return
            try:
                await subscriber.woken.wait(min(self.limits.ping, left))
            except TimeoutError:
                yield PING

    def _hold(
        self, hold: Callable[[Listener], Line | None], place: Place, subscriber: Subscriber
    ) -> bool:
        subscriber.line = hold(subscriber)
        if subscriber.line is None:
            return False
        place.pass_on()
        self._held.add(subscriber)
        return True

    def serve(self, subscriber: Subscriber) -> None:
        """Send what waits for a held stream, as far as its connection takes it."""
        line = subscriber.line
        if line is None:
            return
        if subscriber.too_slow:
            if line.push(chunk_of(self._snapshot(b"too slow"))):
                self._end(subscriber)
            return
        news = subscriber.news()
        if not news or line.push(chunk_of(b"".join(change.frame for change in news))):
            metrics.SSE_SENT(self._name).inc(len(news))
            subscriber.queue.clear()

    def has_left(self, subscriber: Subscriber) -> None:
        """The client of a held stream has gone, or it was ended."""
        self._held.remove(subscriber)
        self._forget(subscriber)
        self._left()

    def _end(self, subscriber: Subscriber) -> None:
        if subscriber.line is not None:
            subscriber.line.finish()
            self.has_left(subscriber)

    def _visit(self, subscriber: Subscriber) -> None:
        """Look after a held stream: end it, give it up, or keep it open."""
        line = subscriber.line
        if line is None:
            return
        if time.monotonic() >= subscriber.ends_at:
            self._end(subscriber)
        elif line.unsent_seconds() >= self.limits.write:
            _log.info("sse.reader_stuck", seconds=self.limits.write)
            metrics.HTTP_CUT("answer").inc()
            line.abort()
        elif not subscriber.queue:
            line.push(_PING_CHUNK)

    def _forget(self, subscriber: Subscriber) -> None:
        listening = self._by_key[subscriber.key]
        listening.discard(subscriber)
        if not listening:
            del self._by_key[subscriber.key]

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
            self._hand_to(tuple(self._by_key.get(key, ())), changes)
        if page:
            self._head = page[-1].position
        return len(page) == self.limits.page_rows

    def _hand_to(self, subscribers: Iterable[Subscriber], changes: Sequence[Change]) -> None:
        """The same bytes for all who can take them now; for whoever cannot they wait."""
        first = changes[0].position
        chunk = chunk_of(b"".join(change.frame for change in changes))
        taken = 0
        for subscriber in subscribers:
            if subscriber.takes(first, chunk):
                taken += 1
            else:
                self._offer(subscriber, changes)
        metrics.SSE_SENT(self._name).inc(taken * len(changes))

    def _offer(self, subscriber: Subscriber, changes: Sequence[Change]) -> None:
        for change in changes:
            if not subscriber.offer(change, self.limits.queue_changes):
                metrics.SSE_DROPPED(self._name).inc()
        if subscriber.line is None:
            subscriber.woken.set()
        else:
            self.serve(subscriber)

    def _joined(self, changes: Sequence[Change]) -> bytes:
        metrics.SSE_SENT(self._name).inc(len(changes))
        return b"".join(change.frame for change in changes)

    def _snapshot(self, reason: bytes) -> bytes:
        return b'id: %d\nevent: snapshot\ndata: {"reason":"%s"}\n\n' % (self._head or 0, reason)

    def _everyone(self) -> list[Subscriber]:
        return [one for group in self._by_key.values() for one in group]
