"""The token issuer's public keys: fetched, remembered, refreshed in the background.

Keys that are known stay known while the issuer is away, so its outage stops no service.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Self

import httpx
import structlog
from joserfc.jwk import OKPKey
from pydantic import BaseModel, Field

from chassis import jsontext
from chassis.errors import Malformed, Unavailable

REFRESH_SECONDS = 300.0
REFETCH_SECONDS = 10.0
TIMEOUT_SECONDS = 2.0
LIMIT_BYTES = 65_536

_log = structlog.get_logger("chassis.keys")


class _Key(BaseModel):
    kty: str
    kid: str = ""
    crv: str = ""
    x: str = ""
    use: str = "sig"
    d: str | None = None

    def is_usable(self) -> bool:
        """A public Ed25519 key for signatures that has a name."""
        wanted = ("OKP", "Ed25519", "sig")
        return (self.kty, self.crv, self.use) == wanted and bool(self.kid) and self.d is None


class _KeySet(BaseModel):
    keys: list[_Key] = Field(max_length=100)


class Keys:
    """The keys behind one JWKS address. Use as an async context manager: it refreshes meanwhile."""

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.revision = 0
        self._url = url
        self._clock = clock
        self._known: dict[str, OKPKey] = {}
        self._client = httpx.AsyncClient(
            transport=transport, timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False
        )
        self._asked_at = float("-inf")
        self._is_told = False
        self._lock = asyncio.Lock()
        self._refresher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._fetch()
        self._refresher = asyncio.create_task(self._refresh(), name="jwks refresh")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._refresher is not None:
            self._refresher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._refresher
        await self._client.aclose()

    async def get(self, kid: str) -> OKPKey | None:
        """The key of that id, or None. Asks the issuer again, at most once in REFETCH_SECONDS.

        Raises Unavailable for an unknown id while the issuer does not answer: it may be a new key.
        """
        if kid not in self._known:
            async with self._lock:
                if kid not in self._known and self._clock() - self._asked_at >= REFETCH_SECONDS:
                    await self._fetch()
        key = self._known.get(kid)
        if key is None and not self._is_told:
            raise Unavailable(5, "the token issuer does not answer, and the key is not known yet")
        return key

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS if self._known else 1.0)
            async with self._lock:
                await self._fetch()

    async def _fetch(self) -> None:
        """Ask the issuer. Whatever it answers, known keys are given up only for a new good set."""
        self._asked_at, self._is_told = self._clock(), False
        try:
            async with asyncio.timeout(2 * TIMEOUT_SECONDS):
                raw = await self._body()
            listed = [key for key in jsontext.read(_KeySet, raw).keys if key.is_usable()]
            found = {
                key.kid: OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": key.x})
                for key in listed
            }
        except Exception as problem:  # noqa: BLE001 - no answer of the issuer may end the refreshing
            _log.warning("jwks.fetch_failed", kind=type(problem).__name__, known=len(self._known))
            return
        self._is_told = bool(found)
        if found and {kid: key.thumbprint() for kid, key in found.items()} != {
            kid: key.thumbprint() for kid, key in self._known.items()
        }:
            self._known = found
            self.revision += 1
            _log.info("jwks.fetched", keys=len(found))

    async def _body(self) -> bytes:
        body = b""
        async with self._client.stream("GET", self._url) as response:
            response.raise_for_status()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > LIMIT_BYTES:
                    raise Malformed("body_too_large")
        return body
