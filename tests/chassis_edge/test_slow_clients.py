"""Clients that trickle or take nothing: their connection is closed in time, others are served."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from pydantic import BaseModel

from chassis import health, http, metrics, wire
from chassis.auth import PUBLIC
from chassis.http import IdempotencyKey, Json, Router
from chassis.settings import ServiceSettings

PATIENCE = 0.3
PLACES = 2
BIG = "x" * 30_000_000
HEAD = b"POST /said HTTP/1.1\r\nHost: test\r\nIdempotency-Key: 12345678\r\n"
BODY_HEAD = HEAD + b"Content-Type: application/json\r\nContent-Length: 16\r\n\r\n"


class Said(BaseModel):
    text: str


@pytest.fixture
async def address(settings: ServiceSettings) -> AsyncIterator[tuple[str, int]]:
    """A service on a socket that waits a moment for requests and has few places."""
    router = Router()

    @router.command("/said", allow=PUBLIC)
    async def said(form: Json[Said], key: IdempotencyKey) -> dict[str, str]:
        return {"text": form.text}

    @router.query("/big", allow=PUBLIC)
    async def big() -> dict[str, str]:
        return {"text": BIG}

    few = settings.model_copy(update={"requests_limit": PLACES, "request_deadline_seconds": 5.0})
    app = http.create_app("slow", [router], few, health=health.Health())
    config = uvicorn.Config(
        app, port=0, http=wire.bounded(PATIENCE), log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - the server's own plain state
            await asyncio.sleep(0.005)
    yield server.servers[0].sockets[0].getsockname()[:2]
    server.should_exit = True
    async with asyncio.timeout(15):
        await serving


@asynccontextmanager
async def connected(
    address: tuple[str, int],
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()


async def trickle(address: tuple[str, int], first: bytes, then: bytes) -> bytes:
    """Send `first`, then one byte of `then` again and again; what came until the line was cut."""
    async with connected(address) as (reader, writer):
        writer.write(first)

        async def drip() -> None:
            while True:
                for byte in then:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        try:
            async with asyncio.timeout(20):
                return await _until_cut(reader)
        finally:
            dripping.cancel()


async def _until_cut(reader: asyncio.StreamReader) -> bytes:
    found = b""
    try:
        while piece := await reader.read(65_536):
            found += piece
    except ConnectionError:
        pass
    return found


async def say(address: tuple[str, int], count: int = 10) -> list[int]:
    """What clients are answered that send what they have to say at once."""
    async with httpx.AsyncClient(base_url=f"http://{address[0]}:{address[1]}") as client:
        found = []
        for number in range(count):
            headers = {"Idempotency-Key": f"key-{number:05}"}
            answer = await client.post("/said", json={"text": "ya"}, headers=headers)
            found.append(answer.status_code)
        return found


def cut(part: str) -> float:
    return float(metrics.HTTP_CUT(part)._value.get())


@pytest.mark.parametrize(
    "part,first,then",
    [
        ("head", b"P", b"OST /said-it-slowly"),
        ("head", HEAD, b"X-Slow: yes\r\n"),
        ("body", BODY_HEAD, b" "),
        ("body", HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["request line", "headers", "body", "chunks"],
)
async def test_a_request_that_trickles_is_cut_off_and_told_why(
    address: tuple[str, int], part: str, first: bytes, then: bytes
) -> None:
    before = cut(part)
    if part == "body" and b"chunked" not in first:
        first = first.replace(b"16", b"100000")
    if b"chunked" in first:
        first = first.replace(b"\r\n\r\n", b"\r\nContent-Type: application/json\r\n\r\n")
    answer = await trickle(address, first, then)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    said = json.loads(body)
    assert said["code"] == "request_too_slow"
    assert said["title_id"] != said["title_en"]
    assert cut(part) == before + 1


async def test_a_connection_that_says_nothing_is_closed(address: tuple[str, int]) -> None:
    async with connected(address) as (reader, _), asyncio.timeout(20):
        assert await _until_cut(reader) == b""


async def test_a_body_that_goes_on_after_its_answer_is_cut_off(address: tuple[str, int]) -> None:
    first = b"POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n"
    before = cut("body")
    answer = await trickle(address, first, b" ")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert cut("body") == before + 1


async def test_a_connection_may_be_used_again_and_is_cut_off_when_it_then_trickles(
    address: tuple[str, int],
) -> None:
    body = b'{"text":    "a"}'
    async with connected(address) as (reader, writer), asyncio.timeout(20):
        for _ in range(5):
            writer.write(BODY_HEAD + body)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await reader.readexactly(12) == b'{"text":"a"}'
            await asyncio.sleep(PATIENCE / 2)  # together longer than one request may take
        writer.write(b"POST /sai")
        assert (await _until_cut(reader)).startswith(b"HTTP/1.1 408 ")


async def _heads(address: tuple[str, int], gone: asyncio.Event) -> None:
    while not gone.is_set():
        await trickle(address, b"GET /", b"a")


async def _bodies(address: tuple[str, int], gone: asyncio.Event) -> None:
    while not gone.is_set():
        await trickle(address, BODY_HEAD.replace(b"16", b"100000"), b" ")


@pytest.mark.parametrize("slow", [_heads, _bodies], ids=["heads", "bodies"])
async def test_others_are_served_while_many_trickle(
    address: tuple[str, int], slow: Callable[[tuple[str, int], asyncio.Event], Awaitable[None]]
) -> None:
    gone = asyncio.Event()
    # Ten times as many as there are places for requests.
    crowd = [asyncio.ensure_future(slow(address, gone)) for _ in range(10 * PLACES)]
    await asyncio.sleep(PATIENCE / 2)
    assert await say(address) == [200] * 10
    gone.set()
    async with asyncio.timeout(30):
        await asyncio.gather(*crowd)


async def test_an_answer_that_nobody_takes_is_given_up(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.wire._UNSENT_SECONDS", PATIENCE)
    before = cut("answer")
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, address)
        await loop.sock_sendall(sock, b"GET /big HTTP/1.1\r\nHost: test\r\n\r\n")
        async with asyncio.timeout(20):
            while cut("answer") == before:  # noqa: ASYNC110 - a counter of the server
                await asyncio.sleep(0.02)
    assert await say(address, 2) == [200] * 2
