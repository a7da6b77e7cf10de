"""Limits per caller: each has a bucket, nobody empties another's, and what is kept is bounded."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from structlog.testing import capture_logs

from chassis import health, http, metrics
from chassis.auth import PUBLIC, Caller, Principal, requires
from chassis.callers import Buckets, network_of
from chassis.errors import NotAuthenticated
from chassis.http import Router
from chassis.settings import ServiceSettings
from contracts.ids import Actor

Connect = Callable[..., Any]
BURST = 5


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def buckets(clock: Clock, *, rate: float = 2.0, most: int = 100) -> Buckets:
    return Buckets(rate=rate, burst=BURST, most=most, clock=clock)


def taken(bucket: Buckets, caller: str, tries: int = 50) -> int:
    """How many of so many requests at one instant get through."""
    return sum(bucket.take(caller) == 0.0 for _ in range(tries))


def test_a_bucket_gives_its_burst_then_its_rate(clock: Clock) -> None:
    made = buckets(clock)
    assert taken(made, "a") == BURST
    assert made.take("a") == pytest.approx(0.5)
    clock.now += 0.5
    assert taken(made, "a") == 1
    clock.now += 1.0
    assert taken(made, "a") == 2
    clock.now += 3600
    assert taken(made, "a") == BURST


def test_a_refused_request_costs_nothing(clock: Clock) -> None:
    made = buckets(clock)
    taken(made, "a", 1000)
    clock.now += 0.5
    assert taken(made, "a") == 1


def test_nobody_empties_anothers_bucket(clock: Clock) -> None:
    made = buckets(clock)
    taken(made, "loud", 1000)
    assert taken(made, "quiet") == BURST


def test_a_rate_of_zero_is_no_limit_and_remembers_nobody(clock: Clock) -> None:
    made = buckets(clock, rate=0)
    assert (taken(made, "a", 10_000), len(made)) == (10_000, 0)


def test_the_least_recently_seen_is_forgotten_and_one_who_floods_never_is(clock: Clock) -> None:
    made = buckets(clock, most=10)
    taken(made, "loud")
    for number in range(1000):
        made.take(f"other-{number}")
        assert made.take("loud") > 0
    assert len(made) == 10


@pytest.mark.parametrize(
    "one,other,same",
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("no:address", "no:other", False),
    ],
)
def test_one_subscriber_of_ipv6_is_one_caller(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


class Names:
    """Believes every token of the form kind:name."""

    async def principal(self, token: str) -> Principal:
        if ":" not in token:
            raise NotAuthenticated("no token")
        return Principal(Actor(token), frozenset({token.partition(":")[0]}))


@pytest.fixture
def app(settings: ServiceSettings) -> FastAPI:
    router = Router()

    @router.query("/v1/all", allow=PUBLIC)
    async def everybody() -> dict[str, str]:
        return {}

    @router.query("/v1/some", allow=requires("agency", "officer"))
    async def some(caller: Caller) -> dict[str, str]:
        return {"actor": caller.actor}

    limited = settings.model_copy(
        update={
            "caller_rate": 0.001,
            "caller_burst": BURST,
            "address_rate": 0.001,
            "address_burst": BURST,
        }
    )
    verifier: Any = Names()
    return http.create_app("callers", [router], limited, health=health.Health(), verifier=verifier)


def as_one(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def statuses(
    client: httpx.AsyncClient, path: str, headers: dict[str, str] | None = None
) -> list[int]:
    return [(await client.get(path, headers=headers)).status_code for _ in range(BURST + 2)]


def from_address(app: FastAPI, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def test_the_answer_says_when_to_come_back_and_in_both_languages(
    app: FastAPI, connect: Connect
) -> None:
    async with connect(app) as client:
        assert await statuses(client, "/v1/some", as_one("agency:dlh")) == [200] * BURST + [429] * 2
        refused = await client.get("/v1/some", headers=as_one("agency:dlh"))
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) > 1
    said = refused.json()
    assert said["code"] == "too_many_requests"
    assert said["title"] == said["title_id"] != said["title_en"]


async def test_one_agency_holds_up_neither_another_nor_those_without_a_token(
    app: FastAPI, connect: Connect
) -> None:
    async with connect(app) as client:
        await statuses(client, "/v1/some", as_one("agency:dlh"))
        assert (await client.get("/v1/some", headers=as_one("agency:dinkes"))).status_code == 200
        assert (await client.get("/v1/all")).status_code == 200


async def test_without_a_token_each_address_has_its_own_bucket(app: FastAPI) -> None:
    async with from_address(app, "10.0.0.1") as loud, from_address(app, "10.0.0.2") as quiet:
        assert await statuses(loud, "/v1/all") == [200] * BURST + [429] * 2
        assert (await quiet.get("/v1/all")).status_code == 200
        # Whoever is known does not suffer from those behind the same address.
        known = await loud.get("/v1/some", headers=as_one("officer:sari"))
        assert known.status_code == 200


@pytest.mark.parametrize("headers", [None, as_one("forged")], ids=["none", "forged"])
async def test_tokens_that_are_missing_or_wrong_count_for_the_address(
    app: FastAPI, headers: dict[str, str] | None
) -> None:
    async with from_address(app, "10.0.0.3") as client:
        assert await statuses(client, "/v1/some", headers) == [401] * BURST + [429] * 2


async def test_whoever_watches_over_the_process_is_never_refused(app: FastAPI) -> None:
    async with from_address(app, "10.0.0.4") as client:
        await statuses(client, "/v1/all")
        for path in ("/livez", "/readyz", "/metrics"):
            assert await statuses(client, path) == [200] * (BURST + 2)


async def test_neither_metric_nor_log_names_a_person_or_an_address(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {by: metrics.HTTP_LIMITED(by)._value.get() for by in ("token", "address")}
    monkeypatch.setattr("chassis.callers._log", structlog.get_logger())
    with capture_logs() as told:
        async with from_address(app, "10.9.8.7") as client:
            await statuses(client, "/v1/all")
            await statuses(client, "/v1/some", as_one("officer:sari"))
            await statuses(client, "/v1/some", as_one("agency:dlh"))
            exposed = (await client.get("/metrics")).text
    after = {by: metrics.HTTP_LIMITED(by)._value.get() for by in ("token", "address")}
    assert {by: after[by] - before[by] for by in before} == {"token": 4, "address": 2}
    lines = [one for one in told if one["event"] == "http.caller_limited"]
    # Said once each, however many requests were refused.
    assert [one["caller"] for one in lines] == ["address", "officer", "agency:dlh"]
    for text in (exposed, json.dumps(told)):
        assert "10.9.8.7" not in text
        assert "sari" not in text


def test_every_operation_documents_the_answer(app: FastAPI) -> None:
    operations = [one for path in app.openapi()["paths"].values() for one in path.values()]
    assert operations
    for operation in operations:
        (problem,) = operation["responses"]["429"]["content"].values()
        assert "too_many_requests" in problem["examples"]


def test_the_defaults_let_an_agencys_batches_and_a_malls_visitors_through(
    settings: ServiceSettings, clock: Clock
) -> None:
    by_token = Buckets(rate=settings.caller_rate, burst=settings.caller_burst, most=10, clock=clock)
    by_address = Buckets(
        rate=settings.address_rate, burst=settings.address_burst, most=10, clock=clock
    )
    for _ in range(60 * 100):  # a minute in hundredths: 500 reports, 200 visitors a second
        clock.now += 0.01
        assert [by_token.take("agency:dlh") for _ in range(5)] == [0.0] * 5
        assert [by_address.take("10.0.0.1") for _ in range(2)] == [0.0] * 2
