"""The small HTTP client and its patience, against a real server on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from simulator.replay import patience, wire
from simulator.replay.patience import GaveUp, Patience
from simulator.replay.wire import ConnectionLost, Wire

Answer = Callable[[bytes], bytes | None]


def reply(status: int, body: bytes = b"{}", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[tuple[str, list[bytes], list[int]]]:
    """Answers each request by its head and body; None closes the connection without an answer."""
    requests: list[bytes] = []
    connections = [0]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections[0] += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                requests.append(head + await reader.readexactly(length))
                said = answer(requests[-1])
                if said is None:
                    return
                writer.write(said)
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", requests, connections
    finally:
        listening.close()
        await listening.wait_closed()


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.001)


async def test_a_request_carries_its_body_and_headers_and_connections_are_kept() -> None:
    async with server(lambda _: reply(201, b'{"a": 1}')) as (url, requests, connections):
        client = Wire(url)
        first = await client.post("/v1/x", {"idempotency-key": "k"}, b'{"b": 2}')
        await client.post("/v1/y", {}, b"{}")
        await client.close()
    assert (first.status, first.json()) == (201, {"a": 1})
    assert requests[0].startswith(b"POST /v1/x HTTP/1.1\r\n")
    assert b"idempotency-key: k\r\n" in requests[0]
    assert b"content-type: application/json\r\n" in requests[0]
    assert requests[0].endswith(b'\r\n\r\n{"b": 2}')
    assert connections == [1]


async def test_a_connection_that_the_server_ends_is_not_used_again() -> None:
    said = reply(200, b"{}", "Connection: close")
    async with server(lambda _: said) as (url, _, connections):
        client = Wire(url)
        for _ in range(2):
            await client.post("/", {}, b"{}")
        await client.close()
    assert connections == [2]


@pytest.mark.parametrize(
    "said",
    [
        None,
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
    ],
)
async def test_what_is_no_whole_answer_is_a_lost_connection(said: bytes | None) -> None:
    async with server(lambda _: said) as (url, _, _):
        client = Wire(url)
        with pytest.raises(ConnectionLost):
            await client.post("/", {}, b"{}")
        await client.close()


async def test_nobody_listening_is_a_lost_connection() -> None:
    async with server(lambda _: None) as (url, _, _):
        pass
    with pytest.raises(ConnectionLost):
        await Wire(url).post("/", {}, b"{}")


async def test_no_answer_in_time_is_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "REQUEST_SECONDS", 0.05)
    async with server(lambda _: b"") as (url, _, _):
        client = Wire(url)
        with pytest.raises(ConnectionLost):
            await client.post("/", {}, b"{}")
        await client.close()


def attempt(client: Wire) -> Callable[[], Awaitable[wire.Reply]]:
    return lambda: client.post("/", {"idempotency-key": "same"}, b"{}")


@pytest.mark.usefixtures("short_pauses")
async def test_what_may_pass_is_tried_again_with_the_same_key() -> None:
    answers: list[bytes | None] = [
        reply(503, b"{}", "Retry-After: 0"),
        reply(429),
        None,
        reply(409, b'{"code": "conflict"}'),
        reply(201),
    ]
    async with server(lambda _: answers.pop(0)) as (url, requests, _):
        client = Wire(url)
        assert (await Patience(20).post(attempt(client))).status == 201
        await client.close()
    assert len(requests) == 5
    assert all(b"idempotency-key: same" in request for request in requests)


@pytest.mark.parametrize("status", [200, 201, 400, 403, 404, 422])
async def test_what_is_final_is_not_tried_again(status: int) -> None:
    async with server(lambda _: reply(status)) as (url, requests, _):
        client = Wire(url)
        assert (await Patience(20).post(attempt(client))).status == status
        await client.close()
    assert len(requests) == 1


async def test_a_conflict_with_a_rule_behind_it_is_final() -> None:
    said = reply(409, b'{"code": "application_ended"}')
    async with server(lambda _: said) as (url, requests, _):
        client = Wire(url)
        assert (await Patience(20).post(attempt(client))).status == 409
        await client.close()
    assert len(requests) == 1


@pytest.mark.usefixtures("short_pauses")
async def test_patience_ends_and_says_what_to_do() -> None:
    async with server(lambda _: reply(503)) as (url, _, _):
        client = Wire(url)
        with pytest.raises(GaveUp, match="start the same replay again"):
            await Patience(0.05).post(attempt(client))
        await client.close()
