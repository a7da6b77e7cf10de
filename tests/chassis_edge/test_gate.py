"""The edge lets so many requests in and no more, and every place comes back."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chassis import health, http
from chassis.auth import PUBLIC
from chassis.errors import Overloaded
from chassis.gate import Gate, Place
from chassis.http import Router
from chassis.settings import ServiceSettings

LIMIT = 3
Connect = Callable[..., Any]


class Counter:
    """Endpoints that hold their request until they are told."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.open = asyncio.Event()
        self.inside = 0
        self.most = 0
        router = Router()

        @router.query("/hold", allow=PUBLIC)
        async def hold(how: str = "well") -> dict[str, str]:
            self.inside += 1
            self.most = max(self.most, self.inside)
            try:
                await self.open.wait()
            finally:
                self.inside -= 1
            if how != "well":
                raise RuntimeError("as asked")
            return {"held": how}

        limited = settings.model_copy(
            update={"requests_limit": LIMIT, "request_deadline_seconds": 1.0}
        )
        self.app = http.create_app("counter", [router], limited, health=health.Health())

    async def full(self, client: httpx.AsyncClient, how: str = "well") -> list[Any]:
        """Fill every place, and return the requests that hold them."""
        held = [asyncio.create_task(client.get("/hold", params={"how": how})) for _ in range(LIMIT)]
        async with asyncio.timeout(5):
            while self.inside < LIMIT:  # noqa: ASYNC110 - the endpoint counts
                await asyncio.sleep(0)
        return held


async def test_one_more_than_the_limit_is_told_when_to_come_back(
    settings: ServiceSettings, connect: Connect
) -> None:
    counter = Counter(settings)
    async with connect(counter.app) as client:
        held = await counter.full(client)
        refused = await client.get("/hold")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["code"] == "overloaded"
        # Whoever watches over the process is answered all the same.
        assert (await client.get("/livez")).status_code == 200
        counter.open.set()
        assert [one.status_code for one in await asyncio.gather(*held)] == [200] * LIMIT
        assert counter.most == LIMIT


@pytest.mark.parametrize("end", ["answered", "failed", "late", "left"])
async def test_a_place_comes_back_however_a_request_ends(
    settings: ServiceSettings, connect: Connect, end: str
) -> None:
    counter = Counter(settings)
    async with connect(counter.app) as client:
        for _ in range(2):
            counter.open.clear()
            held = await counter.full(client, "badly" if end == "failed" else "well")
            if end in {"answered", "failed"}:
                counter.open.set()
            if end == "left":
                for one in held:
                    one.cancel()
            await asyncio.gather(*held, return_exceptions=True)
        counter.open.set()
        assert (await client.get("/hold")).status_code == 200


def test_nobody_is_let_in_while_more_than_a_few_have_grown_old() -> None:
    now = 0.0
    gate = Gate(1000, 3.0, clock=lambda: now)
    old = [gate.enter("/v1/x") for _ in range(40)]
    now = 3.0
    young = gate.enter("/v1/x")  # not older than that yet
    now = 3.1
    with pytest.raises(Overloaded):
        gate.enter("/v1/x")
    assert isinstance(gate.enter("/readyz"), Place)
    for place in old[:8]:
        place.leave()
    gate.enter("/v1/x").leave()  # as many as may be slow are still old
    young.leave()


def test_a_few_slow_requests_say_nothing_about_the_others() -> None:
    now = 0.0
    gate = Gate(1000, 3.0, clock=lambda: now)
    for _ in range(32):
        gate.enter("/v1/slow")
    now = 100.0
    others = [gate.enter("/v1/x") for _ in range(500)]
    assert len(others) == 500
