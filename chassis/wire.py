"""What reads HTTP off the connection: bounded heads, and problem documents for what is no HTTP.

The server's own reader takes heads of any size and answers in plain text. All that can be read as a
request is the affair of `edge`.
"""

import json
from http import HTTPStatus

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis import problems

HEAD_LIMIT_BYTES = 65_536
"""Request line and headers together may be about so long: one chunk of the network more or less."""
# Closing at once would make the system throw away the answer that is still on its way to a client
# that is still sending: for so long, and so much, it is listened to and ignored.
_IGNORE_SECONDS = 1.0
_IGNORE_BYTES = 1_048_576

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


class BoundedHttp(HttpToolsProtocol):
    """One connection. A head that is too long, or no head at all, ends it with a problem."""

    _head_bytes = 0
    _in_head = True
    _given_up = False

    @override
    def data_received(self, data: bytes) -> None:
        """Read on, unless this connection was given up or its head does not end."""
        self._head_bytes += len(data)
        if self._given_up:
            if self._head_bytes > _IGNORE_BYTES:
                self.transport.close()
            return
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_LIMIT_BYTES:
            self._give_up(_TOO_LONG)

    @override
    def on_headers_complete(self) -> None:
        """The head is over; what follows is a body, whose limit is the edge's affair."""
        if sum(len(name) + len(value) for name, value in self.headers) > HEAD_LIMIT_BYTES:
            self._give_up(_TOO_LONG)
            return
        self._in_head = False
        super().on_headers_complete()

    @override
    def on_message_complete(self) -> None:
        """The next request on this connection begins with a head again."""
        if not self._in_head:
            super().on_message_complete()
        self._in_head, self._head_bytes = True, 0

    @override
    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, unless its request was given up."""
        if not self._in_head:
            super().on_body(body)

    @override
    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._give_up(_NO_HTTP)

    def _give_up(self, problem: problems.Problem) -> None:
        if self._given_up:
            return
        self._given_up = True
        body = json.dumps(problem.document(), ensure_ascii=False).encode()
        status = HTTPStatus(problem.status)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"content-type: {problems.MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            "content-language: id\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.write_eof()
        self.loop.call_later(_IGNORE_SECONDS, self.transport.close)
