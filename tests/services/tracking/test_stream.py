"""The live stream: resumed without gap or repeat, and for each listener what is meant for them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from services.tracking.stream import hub_of
from tests.services.tracking.desk import Desk, busy_morning, by_code


def data_of(piece: bytes) -> list[dict[str, Any]]:
    """The changes in some bytes of a stream."""
    lines = piece.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


async def frames(stream: AsyncIterator[bytes], count: int) -> list[dict[str, Any]]:
    """The first changes of a stream."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        async for piece in stream:
            found += data_of(piece)
            if len(found) >= count:
                break
    return found


async def test_a_stream_resumes_where_it_was_left_without_gap_or_repeat(desk: Desk) -> None:
    await busy_morning(desk)
    await desk.replicate()
    hub = hub_of(desk.probe.running)
    async with aclosing(hub.frames(0)) as stream:
        first = (await frames(stream, 5))[:5]
    seen = first[4]["position"]
    async with aclosing(hub.frames(seen)) as stream:
        missed = await frames(stream, 1)
        application_id, _ = await desk.submit()
        await desk.replicate()
        live = await frames(stream, 1)
    assert missed[0]["position"] == len(first) + 1
    assert live[-1]["key"] == str(application_id)
    positions = [entry["position"] for entry in first + missed + live]
    assert positions == list(range(1, len(positions) + 1))
    assert all("actor" not in entry and entry["id"] and entry["en"] for entry in first)


async def test_a_citizens_stream_has_the_own_application_only(desk: Desk) -> None:
    applications = await busy_morning(desk)
    await desk.replicate()
    hub = hub_of(desk.probe.running)
    for application_id, code in applications:
        owner = await desk.probe.client.get("/v1/tracking", headers=by_code(code))
        assert owner.json()["application_id"] == str(application_id)
        own = owner.json()["timeline"]
        async with aclosing(hub.frames(0, str(application_id))) as stream:
            assert await frames(stream, len(own)) == own


async def test_the_stream_needs_an_office_or_a_code_that_somebody_has(desk: Desk) -> None:
    get = desk.probe.client.get
    assert (await get("/v1/stream")).status_code == 401
    assert (await get("/v1/stream", headers=desk.agency("dlh"))).status_code == 403
    assert (await get("/v1/stream", headers=by_code("0000-0000-0000-0"))).status_code == 404
    bad = {**desk.probe.bearer("budi", "operator"), "Last-Event-ID": "-1"}
    assert (await get("/v1/stream", headers=bad)).status_code == 400


async def test_the_endpoint_goes_on_behind_the_last_event_id(desk: Desk) -> None:
    applications = await busy_morning(desk)
    await desk.replicate()
    code = applications[0][1]
    seen = (await desk.probe.client.get("/v1/tracking", headers=by_code(code))).json()["timeline"]
    headers = [
        (b"authorization", f"Loket-Code {code}".encode()),
        (b"last-event-id", str(seen[2]["position"]).encode()),
    ]
    found = await streamed(desk, headers, len(seen) - 3)
    assert [entry["position"] for entry in found] == [entry["position"] for entry in seen[3:]]


async def streamed(
    desk: Desk, headers: list[tuple[bytes, bytes]], count: int
) -> list[dict[str, Any]]:
    """The first changes that the endpoint sends; then the client leaves."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/v1/stream",
        "raw_path": b"/v1/stream",
        "query_string": b"",
        "headers": headers,
    }
    found: list[dict[str, Any]] = []
    enough = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        found.extend(data_of(message.get("body", b"")))
        if len(found) >= count:
            enough.set()

    transport: Any = desk.probe.client._transport
    async with asyncio.timeout(10):
        await transport.app(scope, receive, send)
    return found
