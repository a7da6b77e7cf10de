"""A small HTTP/1.1 client for many equal requests to one server: kept connections, bounded waits.

It takes a fraction of the processor time of a general client, which matters on a machine that also
runs the platform. It knows JSON bodies and lengths, and nothing else of HTTP.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import override

REQUEST_SECONDS = 20.0
MAX_BODY_BYTES = 1 << 20
MAX_HEAD_BYTES = 1 << 16


class ConnectionLost(Exception):
    """No complete answer came: whether the request took effect is not known."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; `body` is JSON text."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as data, or an empty object where it is no JSON."""
        with suppress(ValueError):
            return json.loads(self.body)
        return {}


class Wire:
    """Requests to one server, each on a connection of its own while it lasts."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None:
            raise ValueError("the address must begin with http:// and name a host")
        self._host, self._port = parts.hostname, parts.port or 80
        self._prefix = parts.path.rstrip("/")
        self._idle: list[_Connection] = []

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer to one attempt. Raises ConnectionLost."""
        head = [f"POST {self._prefix}{path} HTTP/1.1", f"host: {self._host}:{self._port}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        head += ["content-type: application/json", f"content-length: {len(body)}", "\r\n"]
        request = "\r\n".join(head).encode("latin-1") + body
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                connection = await self._connection()
                try:
                    reply = await connection.exchange(request)
                except BaseException:
                    connection.close()
                    raise
        except (OSError, EOFError, TimeoutError, ValueError) as problem:
            raise ConnectionLost(type(problem).__name__) from problem
        if reply.headers.get("connection", "").lower() == "close":
            connection.close()
        else:
            self._idle.append(connection)
        return reply

    async def close(self) -> None:
        """Close every connection."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        for connection in idle:
            await connection.closed.wait()

    async def _connection(self) -> "_Connection":
        while self._idle:
            connection = self._idle.pop()
            # A server closes what was idle for long; its farewell is already here.
            if not connection.has_ended:
                return connection
            connection.close()
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, self._host, self._port)
        return connection


class _Connection(asyncio.Protocol):
    """One connection, and the answer that it waits for. Streams would cost far more."""

    def __init__(self) -> None:
        self.has_ended = False
        self.closed = asyncio.Event()
        self._transport: asyncio.WriteTransport
        self._reply: asyncio.Future[Reply] | None = None
        self._come = b""

    @override
    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override] # TCP has both ways
        self._transport = transport

    async def exchange(self, request: bytes) -> Reply:
        """The answer. Raises OSError or EOFError when there is none, ValueError for nonsense."""
        self._come = b""
        self._reply = asyncio.get_running_loop().create_future()
        if self.has_ended:
            raise EOFError
        self._transport.write(request)
        return await self._reply

    @override
    def data_received(self, data: bytes) -> None:
        self._come = self._come + data if self._come else data
        if self._reply is None or self._reply.done():
            return  # nobody asked: the next request begins anew
        try:
            reply = _reply_in(self._come)
        except ValueError as problem:
            self._reply.set_exception(problem)
            return
        if reply is not None:
            self._reply.set_result(reply)

    @override
    def eof_received(self) -> bool:
        self._fail(EOFError())
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or EOFError())
        self.closed.set()

    def close(self) -> None:
        self._transport.close()

    def _fail(self, problem: Exception) -> None:
        self.has_ended = True
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(problem)


def _reply_in(come: bytes) -> Reply | None:
    """The answer in what has come; None while it is not all there. Raises ValueError."""
    end = come.find(b"\r\n\r\n")
    if end < 0:
        if len(come) > MAX_HEAD_BYTES:
            raise ValueError("a head without an end")
        return None
    status_line, *lines = come[:end].decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers["content-length"]) if "content-length" in headers else -1
    if not 0 <= length <= MAX_BODY_BYTES:
        raise ValueError("an answer without a length, or a far too long one")
    whole = end + 4 + length
    if len(come) < whole:
        return None
    return Reply(int(status_line.split(" ", 2)[1]), headers, come[end + 4 : whole])
