"""A connection whose answer goes on without its request: a transport, its listener, little more.

Idle streams are many and last. What was needed to read, check and route their requests would lie
about for as long, and is ten times what such a connection is.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

from typing_extensions import override

HOLD = "loket.hold"
"""Extension of a request's scope: `hold(listener)`, which gives a `Line`, or None: not now."""
LAST_CHUNK = b"0\r\n\r\n"
# What was last written to a connection that ends may take so long to be taken.
_TAKE_SECONDS = 30.0


def chunk_of(piece: bytes) -> bytes:
    """A piece of an answer without a length, as it stands on the wire."""
    return b"%x\r\n%s\r\n" % (len(piece), piece)


class Listener(Protocol):
    """Whose answer it is. Neither method is called any more once the line was finished."""

    def left(self) -> None:
        """The connection is gone."""

    def may_write(self) -> None:
        """What was written has been taken; a push that was refused may be tried again."""


class Line(Protocol):
    """What is left of a connection whose answer goes on."""

    def push(self, chunk: bytes) -> bool:
        """Write a chunk now; False: what was written before has not been taken."""

    def finish(self) -> None:
        """End the answer. The connection then waits for its next request, unless it must end."""

    def unsent_seconds(self) -> float:
        """For how long something has been unsent, as far as was seen when this was asked."""

    def abort(self) -> None:
        """End the connection at once, whatever is unsent."""


class Reader(Protocol):
    """What reads requests off a connection again, once the answer has ended."""

    def go_on(self, transport: asyncio.Transport, rest: bytes) -> None:
        """Take the connection over; `rest` came meanwhile."""


class Held(asyncio.Protocol):
    """One such connection, as the event loop and the server see it."""

    __slots__ = (
        "_again",
        "_connections",
        "_is_full",
        "_keeps_alive",
        "_listener",
        "_rest",
        "_transport",
        "_unsent_since",
    )

    def __init__(  # noqa: PLR0913 - one connection, described
        self,
        transport: asyncio.Transport,
        listener: Listener,
        connections: set[Any],
        again: Callable[[], Reader],
        *,
        is_full: bool,
        keeps_alive: bool,
    ) -> None:
        """`connections` are the server's, which waits for them at its end.

        `is_full`: what was written has not been taken. `again` makes what reads the next request.
        """
        self._transport = transport
        self._listener: Listener | None = listener
        self._connections = connections
        self._again = again
        self._is_full = is_full
        self._keeps_alive = keeps_alive
        self._rest = b""
        self._unsent_since: float | None = None
        transport.set_protocol(self)
        connections.add(self)

    def push(self, chunk: bytes) -> bool:
        """As of a `Line`."""
        if self._is_full or self._transport.is_closing():
            return False
        self._transport.write(chunk)
        return True

    def finish(self) -> None:
        """As of a `Line`."""
        self._listener = None
        transport = self._transport
        if transport.is_closing():
            return
        transport.write(LAST_CHUNK)
        if self._is_full or not self._keeps_alive:
            transport.close()
            if transport.get_write_buffer_size():
                asyncio.get_running_loop().call_later(_TAKE_SECONDS, transport.abort)
            return
        self._connections.discard(self)
        reader = self._again()
        reader.go_on(transport, self._rest)

    def unsent_seconds(self) -> float:
        """As of a `Line`."""
        if not self._transport.get_write_buffer_size():
            self._unsent_since = None
            return 0.0
        now = time.monotonic()
        if self._unsent_since is None:
            self._unsent_since = now
        return now - self._unsent_since

    def abort(self) -> None:
        """As of a `Line`."""
        self._transport.abort()

    def shutdown(self) -> None:
        """The server ends: after this answer there is no other."""
        self._keeps_alive = False

    @override
    def data_received(self, data: bytes) -> None:
        """The client sends its next request already: that waits for the end of this answer."""
        self._rest += data
        self._transport.pause_reading()

    @override
    def pause_writing(self) -> None:
        """What was written is not taken."""
        self._is_full = True

    @override
    def resume_writing(self) -> None:
        """It is taken again."""
        self._is_full = False
        if self._listener is not None:
            self._listener.may_write()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, or we have ended it."""
        self._connections.discard(self)
        if self._listener is not None:
            self._listener.left()
