"""A full process turns requests away at the connection, which goes on to be of use."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

from chassis import health, http, problems, wire
from chassis.auth import PUBLIC
from chassis.gate import OVERLOADED
from chassis.http import Router
from chassis.metric import REGISTRY
from chassis.settings import ServiceSettings

PLACES = 2
ASK = b"GET /held HTTP/1.1\r\nHost: test\r\n%b\r\n"
SAY = b"POST /held HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n"


@dataclass(frozen=True)
class Full:
    """A server, and what lets its requests go."""

    port: int
    open: asyncio.Event
    entered: asyncio.Semaphore


@pytest.fixture
async def full(settings: ServiceSettings) -> AsyncIterator[Full]:
    """A server all of whose places are taken."""
    opened, entered = asyncio.Event(), asyncio.Semaphore(0)
    router = Router()

    @router.query("/held", allow=PUBLIC)
    async def held() -> dict[str, str]:
        entered.release()
        await opened.wait()
        return {"held": "well"}

    few = settings.model_copy(update={"requests_limit": PLACES})
    app = http.create_app("full", [router], few, health=health.Health())
    config = uvicorn.Config(
        app,
        port=0,
        http=wire.bounded(5, app.state.gate),
        log_config=None,
        lifespan="off",
        server_header=False,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - the server's own plain state
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with connected(port) as one, connected(port) as other:
            for _, writer in (one, other):
                writer.write(ASK % b"")
            for _ in range(PLACES):
                await entered.acquire()
            yield Full(port, opened, entered)
            opened.set()
            for reader, _ in (one, other):
                assert (await answer(reader))[0] == 200
    server.should_exit = True
    async with asyncio.timeout(15):
        await serving


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], Any]:
    """Status, headers and document of the next answer on this connection."""
    async with asyncio.timeout(5):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        named = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(named["content-length"]))
    return int(head[0].split()[1]), named, json.loads(body)


def cut() -> float:
    labels = {"part": "answer"}
    return REGISTRY.get_sample_value("loket_http_cut_total", labels) or 0.0


def turned_away() -> float:
    return REGISTRY.get_sample_value("loket_http_rejected_total") or 0.0


async def test_who_finds_no_place_gets_a_whole_problem(full: Full) -> None:
    before = turned_away()
    async with connected(full.port) as (reader, writer):
        writer.write(ASK % b"X-Request-ID: my-request\r\nAccept-Language: en\r\n")
        status, headers, problem = await answer(reader)
    assert (status, problem["code"], problem["status"]) == (503, "overloaded", 503)
    assert problem["title"] == problem["title_en"]
    assert problem["instance"] == "urn:loket:request:my-request"
    assert headers["x-request-id"] == "my-request"
    assert (headers["retry-after"], headers["content-language"]) == ("1", "en")
    assert headers["content-type"] == "application/problem+json"
    assert headers["cache-control"] == "no-store"
    assert turned_away() == before + 1


@pytest.mark.parametrize("pieces", [1, 2])
async def test_at_first_sight_and_parsed_the_answer_is_the_same(full: Full, pieces: int) -> None:
    asked = ASK % b"X-Request-ID: my-request\r\nAccept-Language: en-GB\r\n"
    cut = len(asked) if pieces == 1 else 20
    async with connected(full.port) as (reader, writer):
        for piece in filter(None, (asked[:cut], asked[cut:])):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)  # so that they come one after the other
        status, headers, problem = await answer(reader)
    del headers["date"]
    assert (status, headers) == (
        503,
        {
            "cache-control": "no-store",
            "connection": "keep-alive",
            "content-language": "en",
            "content-length": headers["content-length"],
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
            "content-type": "application/problem+json",
            "referrer-policy": "no-referrer",
            "retry-after": "1",
            "vary": "accept-language",
            "x-content-type-options": "nosniff",
            "x-frame-options": "deny",
            "x-request-id": "my-request",
        },
    )
    assert problem == problems.of(OVERLOADED).document("en", "my-request")


async def test_who_asks_on_and_reads_nothing_is_cut(full: Full) -> None:
    async def ask_on(writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(20):
            while True:
                writer.write(1000 * (ASK % b""))
                await writer.drain()
                await asyncio.sleep(0)

    before = cut()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    sock.connect(("127.0.0.1", full.port))
    _, writer = await asyncio.open_connection(sock=sock)
    writer.transport.pause_reading()  # type: ignore[attr-defined] # the client's own socket
    try:
        with pytest.raises(ConnectionError):
            await ask_on(writer)
    finally:
        writer.close()
    assert cut() == before + 1


async def test_the_connection_goes_on_and_the_body_is_passed_over(full: Full) -> None:
    async with connected(full.port) as (reader, writer):
        writer.write(SAY)
        assert (await answer(reader))[0] == 503  # at once: nobody needs the body
        writer.write(b"12345" + SAY + b"123")
        assert (await answer(reader))[0] == 503
        full.open.set()  # places come back when those that are held are answered
        writer.write(b"45")
        status, held = 0, None
        async with asyncio.timeout(5):
            while status != 200:
                writer.write(ASK % b"")
                status, _, held = await answer(reader)
        assert held == {"held": "well"}


async def test_who_wants_no_further_request_is_let_go(full: Full) -> None:
    async with connected(full.port) as (reader, writer):
        writer.write(ASK % b"Connection: close\r\n")
        status, headers, _ = await answer(reader)
        assert (status, headers["connection"]) == (503, "close")
        async with asyncio.timeout(5):
            assert await reader.read() == b""


async def test_whoever_watches_is_answered(full: Full) -> None:
    async with connected(full.port) as (reader, writer):
        writer.write(b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n")
        assert (await answer(reader))[0] == 200
