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

REQUEST_SECONDS = 20.0
MAX_BODY_BYTES = 1 << 20


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


_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


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
                    reply = await _exchange(connection, request)
                except BaseException:
                    connection[1].close()
                    raise
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as problem:
            raise ConnectionLost(type(problem).__name__) from problem
        if reply.headers.get("connection", "").lower() == "close":
            connection[1].close()
        else:
            self._idle.append(connection)
        return reply

    async def close(self) -> None:
        """Close every connection."""
        while self._idle:
            _, writer = self._idle.pop()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _connection(self) -> _Connection:
        while self._idle:
            reader, writer = self._idle.pop()
            # A server closes what was idle for long; its farewell is already here.
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port)


async def _exchange(connection: _Connection, request: bytes) -> Reply:
    reader, writer = connection
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status_line, *lines = head[:-4].split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers["content-length"]) if "content-length" in headers else -1
    if not 0 <= length <= MAX_BODY_BYTES:
        raise ValueError("an answer without a length, or a far too long one")
    body = await reader.readexactly(length) if length else b""
    return Reply(int(status_line.split(" ", 2)[1]), headers, body)
