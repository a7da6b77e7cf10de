"""The token issuer: who gets a token, what it says, and what a bad request is answered."""

import asyncio
import base64
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from chassis.auth import Verifier
from chassis.errors import NotAuthenticated
from chassis.keys import Keys
from local import clients, identity

ISSUER = "http://issuer.test"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    clients.register_client(tmp_path, "agency-dinkes", ["agency"], agency="dinkes")
    return tmp_path


@pytest.fixture
async def issuer(home: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(identity.application(home, ISSUER))
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield client


def form(secret: str, client_id: str = "agency-dinkes") -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
    }


async def ask(issuer: httpx.AsyncClient, home: Path, client_id: str = "agency-dinkes") -> str:
    secret = clients.secret_of(home, client_id)
    answer = await issuer.post("/oauth/token", data=form(secret, client_id))
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def claims(token: str) -> dict[str, object]:
    part = token.split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return found


async def test_a_client_gets_a_token_that_services_accept(
    issuer: httpx.AsyncClient, home: Path
) -> None:
    clients.register_client(home, "officer-mpp-1", ["officer"], mall="mpp-nusantara")
    transport = httpx.ASGITransport(identity.application(home, ISSUER))
    async with Keys(f"{ISSUER}/jwks.json", transport=transport) as keys:
        verifier = Verifier(keys, ISSUER, identity.AUDIENCE)
        agency = await verifier.principal(await ask(issuer, home))
        officer = await verifier.principal(await ask(issuer, home, "officer-mpp-1"))
    assert (agency.actor, agency.agency) == ("agency:dinkes", "dinkes")
    assert officer.roles == {"officer"}
    assert officer.mall == "mpp-nusantara"


async def test_a_token_for_another_audience_is_not_accepted(
    issuer: httpx.AsyncClient, home: Path
) -> None:
    transport = httpx.ASGITransport(identity.application(home, ISSUER))
    async with Keys(f"{ISSUER}/jwks.json", transport=transport) as keys:
        with pytest.raises(NotAuthenticated):
            await Verifier(keys, ISSUER, "another").principal(await ask(issuer, home))


async def test_a_token_says_who_for_whom_and_until_when(
    issuer: httpx.AsyncClient, home: Path
) -> None:
    first, second = claims(await ask(issuer, home)), claims(await ask(issuer, home))
    assert first["iss"] == ISSUER
    assert first["sub"] == "agency-dinkes"
    assert first["aud"] == "loket"
    assert first["roles"] == ["agency"]
    assert "mall" not in first
    assert isinstance(first["exp"], int)
    assert isinstance(first["iat"], int)
    assert first["exp"] - first["iat"] == 900
    assert first["jti"] != second["jti"]


async def test_http_basic_works_as_well_as_a_form(issuer: httpx.AsyncClient, home: Path) -> None:
    answer = await issuer.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=("agency-dinkes", clients.secret_of(home, "agency-dinkes")),
    )
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_wrong_secret_and_an_unknown_client_get_the_same_answer(
    issuer: httpx.AsyncClient, home: Path
) -> None:
    wrong = await issuer.post("/oauth/token", data=form("wrong"))
    unknown = await issuer.post("/oauth/token", data=form("wrong", "agency-nobody"))
    nameless = await issuer.post("/oauth/token", data={"grant_type": "client_credentials"})
    assert wrong.status_code == unknown.status_code == nameless.status_code == 401
    assert wrong.json() == unknown.json() == nameless.json()
    assert wrong.json()["error"] == "invalid_client"
    assert wrong.headers["www-authenticate"].startswith("Basic")
    assert unknown.headers.items() == wrong.headers.items()


async def test_the_digest_of_a_secret_is_no_secret(issuer: httpx.AsyncClient, home: Path) -> None:
    stolen = clients.load(home)["agency-dinkes"].sha256
    assert (await issuer.post("/oauth/token", data=form(stolen))).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer abc", "Basic /w==", "Digest a=b", ""],
)
async def test_a_malformed_authorization_is_a_failed_authentication(
    issuer: httpx.AsyncClient, header: str
) -> None:
    answer = await issuer.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": header},
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "body, code, status",
    [
        ("", "invalid_request", 400),
        ("grant_type=password", "unsupported_grant_type", 400),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request", 400),
        ("grant_type=client_credentials&client_id=a&client_id=b", "invalid_request", 400),
        ("grant_type=client_credentials&x=" + "y" * 9000, "invalid_request", 413),
        ("&".join(f"a{n}=1" for n in range(50)), "invalid_request", 400),
        ("grant_type=client_credentials&client_id=%00&client_secret=%ff", "invalid_client", 401),
        ("grant_type=\u00e9", "invalid_request", 400),
    ],
)
async def test_a_bad_request_gets_the_error_of_the_standard(
    issuer: httpx.AsyncClient, body: str, code: str, status: int
) -> None:
    answer = await issuer.post(
        "/oauth/token",
        content=body.encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status_code, answer.json()["error"]) == (status, code)


async def test_two_ways_of_authentication_at_once_are_refused(
    issuer: httpx.AsyncClient, home: Path
) -> None:
    secret = clients.secret_of(home, "agency-dinkes")
    answer = await issuer.post("/oauth/token", data=form(secret), auth=("agency-dinkes", secret))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_request_that_is_no_form_is_refused(issuer: httpx.AsyncClient) -> None:
    answer = await issuer.post("/oauth/token", json={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_the_public_key_set_holds_no_private_part(issuer: httpx.AsyncClient) -> None:
    (key,) = (await issuer.get("/jwks.json")).json()["keys"]
    assert key["kty"] == "OKP"
    assert key["crv"] == "Ed25519"
    assert "d" not in key


async def test_a_client_that_is_registered_later_is_known_at_once(
    issuer: httpx.AsyncClient, home: Path
) -> None:
    assert (await issuer.post("/oauth/token", data=form("x", "operator"))).status_code == 401
    clients.register_client(home, "operator", ["operator"])
    assert claims(await ask(issuer, home, "operator"))["roles"] == ["operator"]


async def test_the_key_outlives_the_issuer(issuer: httpx.AsyncClient, home: Path) -> None:
    again = httpx.ASGITransport(identity.application(home, ISSUER))
    async with httpx.AsyncClient(transport=again, base_url=ISSUER) as second:
        assert (await second.get("/jwks.json")).json() == (await issuer.get("/jwks.json")).json()


def test_a_known_client_keeps_its_secret_and_may_get_other_roles(home: Path) -> None:
    before = clients.secret_of(home, "agency-dinkes")
    after = clients.register_client(home, "agency-dinkes", ["agency", "system"], agency="dinkes")
    assert after == before
    assert clients.load(home)["agency-dinkes"].roles == ("agency", "system")


async def test_clients_registered_at_the_same_time_are_all_kept(home: Path) -> None:
    names = [f"agency-a{number}" for number in range(20)]
    await asyncio.gather(
        *(asyncio.to_thread(clients.register_client, home, name, ["agency"]) for name in names)
    )
    assert set(names) <= set(clients.load(home))
    assert all(clients.secret_of(home, name) for name in names)


@pytest.mark.parametrize("roles", [[], ["king"], ["agency", "king"]])
def test_a_role_that_does_not_exist_is_refused(home: Path, roles: list[str]) -> None:
    with pytest.raises(ValueError, match="roles must be some of"):
        clients.register_client(home, "somebody", roles)


def test_keys_digests_and_secrets_are_readable_by_their_owner_only(home: Path) -> None:
    identity.signing_key(home)
    secret = clients.secret_of(home, "agency-dinkes")
    for name in ("signing-key.json", "clients.json", "secrets.json"):
        file = clients.folder(home) / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(clients.folder(home).stat().st_mode) == 0o700
    assert secret not in (clients.folder(home) / "clients.json").read_text()
