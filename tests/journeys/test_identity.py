"""Every address of every running service: protected, or on the short list of public ones."""

import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from simulator.platform import Calls, Platform
from tests.architecture.rules_doors import listed

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

SERVICES = ("booking", "queue", "tracking", "notify", "ledger")
SOME_ID = "01920000-0000-7000-8000-000000000001"
CLIENTS = {
    "agency": "agency-dlh",
    "officer": "officer-mpp-nusantara-1",
    "kiosk": "kiosk-mpp-nusantara",
    "operator": "operator",
    "system": "system-tracking",
}
BY_CODE = {
    "tracking GET /v1/tracking",
    "tracking POST /v1/applications/{application_id}/stages/{stage}/resubmit",
}
"""For whoever shows the code of an application; no role opens them."""


@dataclass(frozen=True)
class Door:
    """One operation of one service, as its OpenAPI document lists it."""

    service: str
    method: str
    path: str
    roles: frozenset[str]

    @property
    def name(self) -> str:
        """As the list of public endpoints names it."""
        return f"{self.service} {self.method} {self.path}"

    @property
    def is_public(self) -> bool:
        """Whether the list lets everybody in."""
        return bool({self.name, f"every {self.method} {self.path}"} & listed())


async def doors_of(client: httpx.AsyncClient, service: str, url: str) -> list[Door]:
    """What a running service says of itself."""
    document: dict[str, Any] = (await client.get(f"{url}/openapi.json")).json()
    return [
        Door(service, method.upper(), path, frozenset(operation.get("x-loket-roles", ())))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


@pytest.fixture
async def client() -> Any:
    async with httpx.AsyncClient(timeout=20, trust_env=False) as made:
        yield made


async def knock(
    client: httpx.AsyncClient, platform: Platform, door: Door, headers: dict[str, str]
) -> httpx.Response:
    """Call with ids of nothing and an empty body, so that nothing can happen."""
    path = re.sub(r"\{[a-z_]*id\}|\{key\}", SOME_ID, door.path)
    path = re.sub(r"\{[a-z_]+\}", "dlh", path)
    sent = {"Idempotency-Key": f"identity-{door.method}-{SOME_ID}", **headers}
    url = f"{platform.urls[door.service]}{path}"
    body: dict[str, str] | None = {} if door.method == "POST" else None
    return await client.request(door.method, url, headers=sent, json=body)


@pytest.mark.parametrize("service", SERVICES)
async def test_without_a_token_only_the_public_doors_open(
    platform: Platform, client: httpx.AsyncClient, service: str
) -> None:
    doors = await doors_of(client, service, platform.urls[service])
    assert len(doors) >= 4
    for door in doors:
        for headers in ({}, {"Authorization": "Bearer e30.e30.e30"}, {"Authorization": "Basic Og"}):
            answer = await knock(client, platform, door, headers)
            if door.is_public and not headers:
                assert answer.status_code != 401, door.name
                assert not door.roles, door.name
            elif not door.is_public:
                assert answer.status_code == 401, door.name
                assert answer.json()["code"] == "not_authenticated", door.name
                assert answer.headers["www-authenticate"], door.name
                assert door.roles or door.name in BY_CODE, door.name


@pytest.mark.parametrize("service", SERVICES)
async def test_a_token_of_another_role_opens_nothing(
    platform: Platform, client: httpx.AsyncClient, calls: Calls, service: str
) -> None:
    for door in await doors_of(client, service, platform.urls[service]):
        for role, name in CLIENTS.items():
            if door.is_public or door.name in BY_CODE or role in door.roles:
                continue
            answer = await knock(client, platform, door, await calls.bearer(name))
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), (
                f"{door.name} as {role}"
            )


async def test_a_code_that_nobody_has_opens_nothing(
    platform: Platform, client: httpx.AsyncClient
) -> None:
    found = [
        door
        for door in await doors_of(client, "tracking", platform.urls["tracking"])
        if door.name in BY_CODE or door.path == "/v1/stream"
    ]
    assert len(found) == 3
    for door in found:
        answer = await knock(client, platform, door, {"Authorization": "Loket-Code AAAA-AAAA-AAAA"})
        assert answer.status_code == 404, door.name


async def test_the_list_names_no_door_that_is_not_there(
    platform: Platform, client: httpx.AsyncClient
) -> None:
    there: set[str] = set()
    for service in SERVICES:
        url = platform.urls[service]
        there |= {door.name for door in await doors_of(client, service, url)}
        for endpoint in listed():
            name, method, path = endpoint.split()
            if name == "every":
                answer = await client.request(method, f"{url}{path}")
                assert answer.status_code == 200, f"{service}: {endpoint}"
    assert {one for one in listed() if not one.startswith("every ")} <= there


@pytest.mark.parametrize("service", SERVICES)
async def test_a_token_for_somebody_else_is_not_believed(
    platform: Platform, client: httpx.AsyncClient, calls: Calls, service: str
) -> None:
    good = (await calls.bearer("operator"))["Authorization"]
    head, claims, signature = good.removeprefix("Bearer ").split(".")
    unsigned = "eyJhbGciOiJub25lIn0"
    for token in (
        f"{head}.{claims}.{signature[:-6]}AAAAAA",
        f"{head}.{claims[:-2]}xx.{signature}",
        f"{unsigned}.{claims}.",
    ):
        answer = await client.get(
            f"{platform.urls[service]}/v1/facts", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 401
    answer = await client.get(
        f"{platform.urls[service]}/v1/facts", headers={"Authorization": good}, params={"limit": 1}
    )
    assert answer.status_code == 200
