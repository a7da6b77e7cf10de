"""Tokens: what is believed, what never is, and how the keys survive an issuer that is away."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import OKPKey

from chassis.auth import CACHED_TOKENS, Caller, Principal, Verifier, requires
from chassis.errors import NotAuthenticated, Unavailable
from chassis.health import Health
from chassis.http import Router, create_app
from chassis.keys import REFETCH_SECONDS, Keys
from chassis.settings import ServiceSettings
from contracts.ids import Actor, AgencyId, MallId

ISSUER = "https://issuer.test"
pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class Issuer:
    """An issuer in this process that can be away, lie, or change its keys."""

    def __init__(self, *keys: OKPKey) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.answer: Callable[[], httpx.Response] = self.publish

    def publish(self) -> httpx.Response:
        return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        return self.answer()

    def away(self) -> httpx.Response:
        raise httpx.ConnectError("refused")

    def known_to(self, clock: Clock) -> Keys:
        return Keys("http://issuer/jwks", transport=httpx.MockTransport(self), clock=clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer(signing_key: OKPKey) -> Issuer:
    return Issuer(signing_key)


@pytest.fixture
async def verifier(issuer: Issuer, clock: Clock) -> Any:
    async with issuer.known_to(clock) as keys:
        yield Verifier(keys, ISSUER, "loket", clock)


async def refusal(verifier: Verifier, token: str) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        await verifier.principal(token)
    return str(caught.value.detail)


async def believed(verifier: Verifier, token: str) -> None:
    assert (await verifier.principal(token)).actor.kind == "officer"


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "claims,expected",
    [
        (
            {"sub": "sari", "roles": ["officer"], "mall": "mpp-nusantara"},
            Principal(Actor("officer:sari"), frozenset({"officer"}), None, MallId("mpp-nusantara")),
        ),
        (
            {"sub": "agency-dinkes", "roles": ["agency"]},
            Principal(Actor("agency:dinkes"), frozenset({"agency"}), AgencyId("dinkes")),
        ),
        (
            {"sub": "rani", "roles": ["officer", "operator"], "aud": ["other", "loket"]},
            Principal(Actor("operator:rani"), frozenset({"officer", "operator"})),
        ),
    ],
)
async def test_a_good_token_names_its_actor(
    verifier: Verifier, mint: Callable[..., str], claims: dict[str, Any], expected: Principal
) -> None:
    token = mint(claims)
    assert await verifier.principal(token) == expected
    assert await verifier.principal(token) == expected


@pytest.mark.parametrize(
    "claims,reason",
    [
        ({"iss": "https://evil.test"}, "from or for somebody else"),
        ({"iss": None}, "not well formed"),
        ({"aud": "other"}, "from or for somebody else"),
        ({"aud": ["a", "b"]}, "from or for somebody else"),
        ({"aud": None}, "not well formed"),
        ({"sub": None}, "not well formed"),
        ({"exp": None}, "not well formed"),
        ({"exp": "9999999999"}, "not well formed"),
        ({"exp": int(time.time()) - 61}, "expired"),
        ({"nbf": int(time.time()) + 600}, "not valid yet"),
        ({"roles": []}, "no role"),
        ({"roles": ["king"]}, "no role"),
        ({"roles": "officer"}, "not well formed"),
        ({"sub": "Sari; DROP"}, "not the name of an actor"),
        ({"sub": "dinkes", "roles": ["agency"]}, "agency-<code>"),
        ({"sub": "agency-DINKES", "roles": ["agency"]}, "not the name of an actor"),
        ({"sub": "agency-dinkes", "roles": ["agency"], "agency": "dpmptsp"}, "two agencies"),
    ],
)
async def test_a_signed_token_with_wrong_claims_is_refused(
    verifier: Verifier, mint: Callable[..., str], claims: dict[str, Any], reason: str
) -> None:
    assert reason in await refusal(verifier, mint(claims))


async def test_clocks_may_differ_by_a_minute(verifier: Verifier, mint: Callable[..., str]) -> None:
    now = int(time.time())
    await believed(verifier, mint({"exp": now - 50}))
    await believed(verifier, mint({"nbf": now + 50}))


async def test_a_remembered_token_ends_with_its_time(
    verifier: Verifier, mint: Callable[..., str], clock: Clock
) -> None:
    token = mint()
    await believed(verifier, token)
    clock.now += 661
    assert "expired" in await refusal(verifier, token)


async def test_a_token_without_a_signature_is_refused(
    verifier: Verifier, mint: Callable[..., str]
) -> None:
    _, claims, signature = mint().split(".")
    for algorithm in ("none", "None", "NONE"):
        head = part({"alg": algorithm, "kid": "key-1", "typ": "JWT"})
        assert "only signed EdDSA" in await refusal(verifier, f"{head}.{claims}.")
        assert "only signed EdDSA" in await refusal(verifier, f"{head}.{claims}.{signature}")
    good_head = mint().split(".")[0]
    assert "signature is wrong" in await refusal(verifier, f"{good_head}.{claims}.")


async def test_the_public_key_is_no_shared_secret(
    verifier: Verifier, mint: Callable[..., str], signing_key: OKPKey
) -> None:
    claims = mint().split(".")[1]
    head = part({"alg": "HS256", "kid": "key-1", "typ": "JWT"})
    secrets = (
        base64.urlsafe_b64decode(str(signing_key.as_dict(private=False)["x"]) + "="),
        signing_key.as_pem(private=False),
    )
    for secret in secrets:
        forged = hmac.new(secret, f"{head}.{claims}".encode(), hashlib.sha256).digest()
        assert "only signed EdDSA" in await refusal(verifier, f"{head}.{claims}.{part(forged)}")


async def test_another_key_cannot_sign_under_a_known_id(
    verifier: Verifier, mint: Callable[..., str]
) -> None:
    stranger = OKPKey.generate_key("Ed25519", parameters={"kid": "key-1"})
    assert "signature is wrong" in await refusal(verifier, mint(key=stranger))


async def test_an_unknown_key_id_is_refused(verifier: Verifier, mint: Callable[..., str]) -> None:
    assert "key is not known" in await refusal(verifier, mint(header={"kid": "key-2"}))
    assert "not well formed" in await refusal(verifier, mint(header={"kid": None}))


@pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "crit"])
async def test_a_token_may_not_say_which_key_to_believe(verifier: Verifier, name: str) -> None:
    head = part({"alg": "EdDSA", "kid": "key-1", name: "https://evil.test"})
    assert "not well formed" in await refusal(verifier, f"{head}.{part({})}.{part(b'x' * 64)}")


async def test_one_changed_character_anywhere_is_refused(
    verifier: Verifier, mint: Callable[..., str]
) -> None:
    token = mint()
    for place in range(0, len(token), 7):
        other = "A" if token[place] != "A" else "B"
        await refusal(verifier, token[:place] + other + token[place + 1 :])


async def test_a_second_spelling_of_the_same_token_is_refused(
    verifier: Verifier, mint: Callable[..., str]
) -> None:
    # A signature of 64 bytes leaves four spare bits in its last character.
    token = mint()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    for spare in range(1, 16):
        assert "not canonical" in await refusal(verifier, token[:-1] + alphabet[last + spare])
    for odd in (token + "=", token + "==", token + "\n", token[:9] + " " + token[9:], token + ".x"):
        await refusal(verifier, odd)


@pytest.mark.parametrize("token", ["", ".", "..", "...", "a.b", "x" * 5000, "é.é.é", "a.b.c"])
async def test_garbage_is_refused(verifier: Verifier, token: str) -> None:
    await refusal(verifier, token)


async def test_known_keys_are_kept_while_the_issuer_is_away(
    verifier: Verifier, issuer: Issuer, clock: Clock, mint: Callable[..., str]
) -> None:
    await believed(verifier, mint())
    bad_answers: list[Callable[[], httpx.Response]] = [
        issuer.away,
        lambda: httpx.Response(500),
        lambda: httpx.Response(302, headers={"location": "http://evil.test"}),
        lambda: httpx.Response(200, content=b"{}"),
        lambda: httpx.Response(200, content=b"{" * 70_000),
        lambda: httpx.Response(200, content=b'{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k"}]}'),
        lambda: httpx.Response(200, json={"keys": []}),
    ]
    for number, answer in enumerate(bad_answers):
        issuer.answer = answer
        clock.now += REFETCH_SECONDS
        # The key of this token may be a new one, of which nobody has told us yet.
        new = mint(header={"kid": f"other-{number}"})
        for _ in range(2):
            with pytest.raises(Unavailable):
                await verifier.principal(new)
        await believed(verifier, mint({"sub": f"officer-{number}"}))
    assert issuer.asked == 1 + len(bad_answers)
    issuer.answer = issuer.publish
    clock.now += REFETCH_SECONDS
    assert "not known" in await refusal(verifier, mint(header={"kid": "other"}))


async def test_a_token_with_a_new_key_is_told_to_come_back_while_the_issuer_is_away(
    guarded: FastAPI,
    connect: Callable[..., Any],
    issuer: Issuer,
    clock: Clock,
    mint: Callable[..., str],
) -> None:
    new = OKPKey.generate_key("Ed25519", parameters={"kid": "key-2"})
    token = mint(header={"kid": "key-2"}, key=new)
    issuer.keys.append(new)
    issuer.answer = issuer.away
    clock.now += REFETCH_SECONDS
    async with connect(guarded) as client:
        headers = {"authorization": f"Bearer {token}"}
        early = await client.get("/v1/console", headers=headers)
        assert (early.status_code, early.json()["code"]) == (503, "unavailable")
        assert int(early.headers["retry-after"]) > 0
        issuer.answer = issuer.publish
        clock.now += REFETCH_SECONDS
        assert (await client.get("/v1/console", headers=headers)).status_code == 200


async def test_without_any_key_the_answer_is_later_and_not_no(
    issuer: Issuer, clock: Clock, mint: Callable[..., str]
) -> None:
    issuer.answer = issuer.away
    async with issuer.known_to(clock) as keys:
        verifier = Verifier(keys, ISSUER, "loket", clock)
        with pytest.raises(Unavailable):
            await verifier.principal(mint())
        issuer.answer = issuer.publish
        clock.now += REFETCH_SECONDS
        await believed(verifier, mint())


async def test_unknown_key_ids_cannot_make_us_ask_the_issuer_all_the_time(
    verifier: Verifier, issuer: Issuer, clock: Clock, mint: Callable[..., str]
) -> None:
    clock.now += REFETCH_SECONDS
    tokens = [mint(header={"kid": f"other-{number}"}) for number in range(30)]
    outcomes = await asyncio.gather(*map(verifier.principal, tokens), return_exceptions=True)
    assert all(isinstance(outcome, NotAuthenticated) for outcome in outcomes)
    assert issuer.asked == 2


async def test_a_new_key_is_found_when_its_first_token_comes(
    verifier: Verifier, issuer: Issuer, clock: Clock, mint: Callable[..., str]
) -> None:
    new = OKPKey.generate_key("Ed25519", parameters={"kid": "key-2"})
    issuer.keys.append(new)
    token = mint(header={"kid": "key-2"}, key=new)
    await refusal(verifier, token)
    clock.now += REFETCH_SECONDS
    await believed(verifier, token)


async def test_a_key_that_is_taken_back_takes_its_tokens_with_it(
    verifier: Verifier, issuer: Issuer, clock: Clock, mint: Callable[..., str]
) -> None:
    old = mint()
    await believed(verifier, old)
    new = OKPKey.generate_key("Ed25519", parameters={"kid": "key-2"})
    issuer.keys = [new]
    clock.now += REFETCH_SECONDS
    await believed(verifier, mint(header={"kid": "key-2"}, key=new))
    assert "not known" in await refusal(verifier, old)


async def test_remembered_tokens_are_bounded(
    verifier: Verifier, mint: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CACHED_TOKENS <= 10_000
    monkeypatch.setattr("chassis.auth.CACHED_TOKENS", 3)
    for number in range(6):
        await verifier.principal(mint({"sub": f"officer-{number}"}))
    assert len(verifier._seen) == 3


@pytest.fixture
def guarded(settings: ServiceSettings, verifier: Verifier) -> FastAPI:
    router = Router()

    @router.query("/v1/console", allow=requires("officer", "operator"))
    async def console(caller: Caller) -> dict[str, str]:
        return {"actor": caller.actor}

    return create_app("Guarded", [router], settings, health=Health(), verifier=verifier)


@pytest.mark.parametrize(
    "roles,outcome",
    [(["officer"], (200, None)), (["operator"], (200, None)), (["kiosk"], (403, "not_allowed"))],
)
async def test_a_route_lets_only_its_roles_through(
    guarded: FastAPI,
    connect: Callable[..., Any],
    mint: Callable[..., str],
    roles: list[str],
    outcome: tuple[int, str | None],
) -> None:
    async with connect(guarded) as client:
        token = mint({"roles": roles})
        answer = await client.get("/v1/console", headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json().get("code")) == outcome


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c"])
async def test_without_a_good_token_the_answer_is_401(
    guarded: FastAPI, connect: Callable[..., Any], header: str | None
) -> None:
    async with connect(guarded) as client:
        headers = {} if header is None else {"authorization": header}
        answer = await client.get("/v1/console", headers=headers)
        public = await client.get("/livez", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    # A bad token is refused on public routes as well: it is never silently a nobody. Another
    # scheme, such as a citizen's code, is the business of the endpoint.
    is_token = header is not None and header.startswith("Bearer")
    assert public.status_code == (401 if is_token else 200)
