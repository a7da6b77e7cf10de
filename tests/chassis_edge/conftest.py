"""A small application of its own, keys of its own, and a client for both."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import OKPKey
from joserfc.jwt import encode

from chassis.settings import ServiceSettings

ISSUER = "https://issuer.test"
Mint = Callable[..., str]


@pytest.fixture
def settings() -> ServiceSettings:
    return ServiceSettings(
        database_url="postgresql+asyncpg://nobody:secret@127.0.0.1:1/none",
        kafka_bootstrap="127.0.0.1:1",
        jwks_url="http://127.0.0.1:1/jwks",
        token_issuer=ISSUER,
        request_deadline_seconds=5.0,
    )


@pytest.fixture
def connect() -> Callable[[FastAPI], Any]:
    """An HTTP client for an application in this process."""

    @asynccontextmanager
    async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
            yield made

    return client


@pytest.fixture
def signing_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519", parameters={"kid": "key-1"})


@pytest.fixture
def mint(signing_key: OKPKey) -> Mint:
    """Makes a token; `claims` and `header` replace parts of a good one, None leaves a part out."""

    def make(
        claims: dict[str, Any] | None = None,
        header: dict[str, Any] | None = None,
        key: Any = signing_key,
        algorithm: str = "EdDSA",
    ) -> str:
        now = int(time.time())
        body = {
            "iss": ISSUER,
            "aud": "loket",
            "sub": "sari",
            "roles": ["officer"],
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            **(claims or {}),
        }
        head = {"alg": algorithm, "kid": "key-1", "typ": "JWT", **(header or {})}
        return encode(
            {name: value for name, value in head.items() if value is not None},
            {name: value for name, value in body.items() if value is not None},
            key,
            algorithms=[algorithm],
        )

    return make
