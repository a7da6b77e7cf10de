"""What reads HTTP off the connection: bounded heads and time, and problems for what is no HTTP.

The server's own reader takes heads of any size, waits for them for ever and answers in plain text.
All that can be read as a request is the affair of `edge`.
"""

import asyncio
import functools
from http import HTTPStatus

from starlette.datastructures import Headers
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from chassis import metrics, problems, refusal
from chassis.edge import UNMATCHED, method_of
from chassis.gate import ALWAYS, Gate
from chassis.held import HOLD, Held, Listener
from chassis.refusal import Asked

HEAD_LIMIT_BYTES = 65_536
"""Request line and headers together may be about so long: one chunk of the network more or less."""
IDLE_SECONDS = 75.0
"""So long a connection waits for its next request: longer than proxies keep theirs, which else
would send a request into a connection that is just being closed."""
# Closing at once would make the system throw away the answer that is still on its way to a client
# that is still sending: for so long, and so much, it is listened to and ignored.
_IGNORE_SECONDS = 1.0
_IGNORE_BYTES = 1_048_576

# An answer of which something has been unsent for so long is of no use to anybody.
_UNSENT_SECONDS = 30.0
PARTS = ("head", "body", "answer")
"""What of a request or its answer may be too slow."""

_TOO_LONG = problems.Problem(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "headers_too_large",
    "Tajuk permintaan terlalu panjang; kirim tajuk yang lebih pendek",
    "The headers of the request are too long; send shorter ones",
    detail=f"at most {HEAD_LIMIT_BYTES} bytes",
)
_NO_HTTP = problems.Problem(
    HTTPStatus.BAD_REQUEST,
    "bad_request",
    "Permintaan ini bukan HTTP/1.1 yang benar",
    "This is not a correct HTTP/1.1 request",
)


_TOO_SLOW = problems.Problem(
    HTTPStatus.REQUEST_TIMEOUT,
    "request_too_slow",
    "Permintaan tidak diterima lengkap pada waktunya; kirim lagi",
    "The request did not arrive in time; send it again",
)


# Of an answer that ends its connection, whose reader could not be asked for a language.
_LAST_HEADERS = (
    (b"content-language", b"id"),
    (b"cache-control", b"no-store"),
    (b"connection", b"close"),
)


class BoundedHttp(HttpToolsProtocol):
    """One connection. A head that is too long, late, or no head at all ends it with a problem.

    A request must have come whole `receive_seconds` after the connection was made or, on a
    connection that is used again, after its first byte. One timer looks after all requests of a
    connection, so that a request in time costs next to nothing.
    """

    receive_seconds = 10.0
    _head_bytes = 0
    _in_head = True
    _given_up = False
    _due_since: float | None = None
    _unsent_since: float | None = None
    _looking: asyncio.TimerHandle | None = None
    _is_turned_away = False
    gate: Gate | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the server itself
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.timeout_keep_alive = IDLE_SECONDS  # type: ignore[assignment] # seconds for a timer
        self._due_since = self.loop.time()
        self._looking = self.loop.call_later(self.receive_seconds, self._look)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Look no longer."""
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        """Read on, unless this connection was given up or its head does not end."""
        if self.gate is not None and self.gate.is_full() and self._is_refused_at_sight(data):
            return
        if self._due_since is None:
            self._due_since = self.loop.time()
        self._head_bytes += len(data)
        if self._given_up:
            if self._head_bytes > _IGNORE_BYTES:
                self.transport.close()
            return
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_LIMIT_BYTES:
            self._give_up(_TOO_LONG)

    @override
    def on_message_begin(self) -> None:
        """A request begins; its answer may go on without it."""
        super().on_message_begin()
        self.scope["extensions"] = {HOLD: {"hold": self.hold}}

    def hold(self, listener: Listener) -> Held | None:
        """Let the answer under way, one without a length, go on without its request.

        The application then returns as if its caller had left. None: not now, because the request
        has not come whole, or another one has begun behind it.
        """
        cycle = self.cycle
        if self._given_up or self.transport.is_closing() or cycle.scope is not self.scope:
            return None
        if cycle.more_body or not cycle.chunked_encoding or cycle.response_complete:
            return None
        if self._looking is not None:
            self._looking.cancel()
        cycle.disconnected = True
        self.connections.discard(self)
        held = Held(
            self.transport,
            listener,
            self.connections,
            functools.partial(type(self), self.config, self.server_state, self.app_state),
            is_full=self.flow.write_paused,
            keeps_alive=cycle.keep_alive,
        )
        # Parser, request and connection know each other: without this they would outlast it.
        vars(self).clear()
        return held

    def go_on(self, transport: asyncio.Transport, rest: bytes) -> None:
        """Take a connection back whose answer, which was held, has ended; `rest` came meanwhile."""
        transport.set_protocol(self)
        self.connection_made(transport)
        self._due_since = None
        self.on_response_complete()
        if rest:
            transport.resume_reading()
            self.data_received(rest)

    @override
    def on_headers_complete(self) -> None:
        """The head is over; what follows is a body, whose limit is the edge's affair."""
        if sum(len(name) + len(value) for name, value in self.headers) > HEAD_LIMIT_BYTES:
            self._give_up(_TOO_LONG)
            return
        self._in_head = False
        path = self.url.partition(b"?")[0].decode("latin-1")
        if not self._is_answering() and self._finds_no_place(path):
            self._turn_away(path)
        else:
            super().on_headers_complete()

    @override
    def on_message_complete(self) -> None:
        """The next request on this connection begins with a head again."""
        if self._is_turned_away:
            self._is_turned_away = False
            if self._keeps_alive():
                self._wait_for_another()
            else:
                self.transport.close()
        elif not self._in_head:
            super().on_message_complete()
        self._in_head, self._head_bytes, self._due_since = True, 0, None

    @override
    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, unless its request was given up or turned away."""
        if self._is_turned_away:
            if self._head_bytes > _IGNORE_BYTES:
                self.transport.close()
        elif not self._in_head:
            super().on_body(body)

    @override
    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._give_up(_NO_HTTP)

    def _look(self) -> None:
        """Cut the connection when somebody keeps it waiting; else look again in time."""
        now = self.loop.time()
        if self.transport.get_write_buffer_size() == 0:
            self._unsent_since = None
        elif self._unsent_since is None:
            self._unsent_since = now
        due_since = self._due_since
        # While we do not read, because of a pipelined request, nothing can come.
        if due_since is not None and self.flow.read_paused:
            due_since = now
        if self._unsent_since is not None and now - self._unsent_since >= _UNSENT_SECONDS:
            metrics.HTTP_CUT("answer").inc()
            self.transport.abort()
        elif due_since is not None and now - due_since >= self.receive_seconds:
            self._cut()
        else:
            left = self.receive_seconds - (now - (due_since or now))
            self._looking = self.loop.call_later(left, self._look)

    def _cut(self) -> None:
        """Of an unfinished request nothing more is waited for."""
        if self._given_up:
            return
        if self._is_turned_away:
            self.transport.abort()
            return
        metrics.HTTP_CUT("head" if self._in_head else "body").inc()
        cycle = None if self._in_head else self.cycle
        if self._head_bytes == 0 or (cycle is not None and cycle.response_started):
            self.transport.abort()
            return
        if cycle is not None:  # the endpoint learns that its caller has gone
            cycle.disconnected = True
            cycle.message_event.set()
        self._give_up(_TOO_SLOW)

    def _is_refused_at_sight(self, data: bytes) -> bool:
        """Whether these bytes are one whole request that finds no place, and was told so."""
        if self._given_up or self._head_bytes or not self._in_head or self._is_answering():
            return False
        asked = refusal.whole(data, HEAD_LIMIT_BYTES)
        if asked is None or not self._finds_no_place(asked.path):
            return False
        self._refuse(asked, keeps_alive=True)
        self._due_since = None
        self._wait_for_another()
        return True

    def _is_answering(self) -> bool:
        """Behind an unfinished request one waits: answers keep the order of their requests."""
        cycle: RequestResponseCycle | None = self.cycle  # none before the first request
        return cycle is not None and not cycle.response_complete

    def _finds_no_place(self, path: str) -> bool:
        return self.gate is not None and path not in ALWAYS and self.gate.turns_away()

    def _turn_away(self, path: str) -> None:
        """Answer before anything is made for this request; a body that follows is ignored."""
        self._is_turned_away = True
        headers = Headers(raw=self.headers)
        method = self.parser.get_method().decode("latin-1")
        asked = Asked(method, path, headers.get("x-request-id"), headers.get("accept-language"))
        self._refuse(asked, keeps_alive=self._keeps_alive())

    def _refuse(self, asked: Asked, *, keeps_alive: bool) -> None:
        if self.transport.is_closing():
            return
        metrics.HTTP_REQUESTS(method_of(asked.method), UNMATCHED, "503").inc()
        if self.flow.write_paused:  # asks on and on, and reads no answer
            metrics.HTTP_CUT("answer").inc()
            self.transport.abort()
            return
        usual = self.server_state.default_headers
        self.transport.write(refusal.no_place(asked, usual, keeps_alive=keeps_alive))

    def _wait_for_another(self) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _keeps_alive(self) -> bool:
        return self.parser.get_http_version() != "1.0" and bool(self.parser.should_keep_alive())

    def _give_up(self, problem: problems.Problem) -> None:
        if self._given_up:
            return
        self._given_up = True
        self.transport.write(refusal.answer_of(problem.status, _LAST_HEADERS, problem.document()))
        self.transport.write_eof()
        self.loop.call_later(_IGNORE_SECONDS, self.transport.close)


def bounded(receive_seconds: float, gate: Gate | None = None) -> type[BoundedHttp]:
    """The protocol of a server that waits so many seconds for a request.

    With a `gate` that has no place, requests are turned away here, where that costs least.
    """
    return type("BoundedHttp", (BoundedHttp,), {"receive_seconds": receive_seconds, "gate": gate})
