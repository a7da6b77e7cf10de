"""Who is calling, by a bearer token checked with the issuer's keys, and which roles a route wants.

A route says `requires("officer")` or `PUBLIC`; one that says neither keeps the service from
starting. The keys themselves are fetched by `chassis.keys`.
"""

import base64
import binascii
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple, Protocol, TypeVar

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from joserfc.jwa import EdDSAAlgorithm
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field

from chassis import jsontext
from chassis.callers import Callers
from chassis.errors import Malformed, NotAllowed, NotAuthenticated
from contracts.ids import Actor, AgencyId, MallId

M = TypeVar("M", bound=BaseModel)

LEEWAY_SECONDS = 60
MAX_TOKEN_LENGTH = 4096
CACHED_TOKENS = 4096
# The roles that make somebody an actor of that kind; the first one that a token has decides.
ACTOR_ROLES = ("agency", "system", "operator", "officer", "kiosk", "board", "citizen")

_ED25519 = EdDSAAlgorithm()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, in which roles, and for which agency or mall."""

    actor: Actor
    roles: frozenset[str] = frozenset()
    agency: AgencyId | None = None
    mall: MallId | None = None


ANYBODY = Principal(Actor("public"))


class KeySource(Protocol):
    """Where public keys come from; `revision` changes whenever the set of keys does."""

    revision: int

    async def get(self, kid: str) -> OKPKey | None:
        """The key of that id, or None. Raises Unavailable when nobody can tell at the moment."""


class _Header(BaseModel):
    # Anything else (jku, jwk, x5u, crit …) could tell us which key to believe, so it is refused.
    model_config = ConfigDict(extra="forbid")

    alg: str
    kid: str
    typ: str = "JWT"


class _Claims(BaseModel):
    iss: str
    aud: str | list[str]
    sub: str
    exp: float
    nbf: float = 0.0
    roles: list[str] = Field(default_factory=list)
    agency: AgencyId | None = None
    mall: MallId | None = None


class _Seen(NamedTuple):
    principal: Principal
    ends_at: float


@dataclass
class Verifier:
    """Turns a token into a principal. Raises NotAuthenticated.

    Raises Unavailable when its key is unknown and the issuer does not answer.

    Checked tokens are remembered by digest, because a signature costs more than all the rest.
    """

    keys: KeySource
    issuer: str
    audience: str
    clock: Callable[[], float] = time.time
    _seen: OrderedDict[bytes, _Seen] = field(default_factory=OrderedDict)
    _seen_revision: int = -1

    async def principal(self, token: str) -> Principal:
        """The one whom this token speaks for."""
        if len(token) > MAX_TOKEN_LENGTH:
            raise NotAuthenticated("the token is too long")
        if self._seen_revision != self.keys.revision:
            self._seen.clear()  # a key that was taken back takes its tokens with it
            self._seen_revision = self.keys.revision
        digest = hashlib.sha256(token.encode()).digest()
        seen = self._seen.get(digest)
        if seen is None:
            claims = await self._claims(token)
            seen = _Seen(principal_of(claims), claims.exp + LEEWAY_SECONDS)
            self._seen[digest] = seen
            if len(self._seen) > CACHED_TOKENS:
                self._seen.popitem(last=False)
        self._seen.move_to_end(digest)
        if self.clock() >= seen.ends_at:
            self._seen.pop(digest, None)
            raise NotAuthenticated("the token has expired")
        return seen.principal

    async def _claims(self, token: str) -> _Claims:
        parts = token.split(".")
        if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
            raise NotAuthenticated("a token has three parts")
        header_text, claims_text, signature = (_decode(part) for part in parts)
        header = _read(_Header, header_text)
        if header.alg != "EdDSA" or header.typ not in {"JWT", "at+jwt"}:
            raise NotAuthenticated("only signed EdDSA tokens are accepted")
        key = await self.keys.get(header.kid)
        if key is None:
            raise NotAuthenticated("the token's key is not known")
        signed = f"{parts[0]}.{parts[1]}".encode()
        if not _ED25519.verify(signed, signature, key):
            raise NotAuthenticated("the signature is wrong")
        claims = _read(_Claims, claims_text)
        self._check(claims)
        return claims

    def _check(self, claims: _Claims) -> None:
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.iss != self.issuer or self.audience not in audience:
            raise NotAuthenticated("the token is from or for somebody else")
        if claims.nbf > self.clock() + LEEWAY_SECONDS:
            raise NotAuthenticated("the token is not valid yet")


def principal_of(claims: _Claims) -> Principal:
    """The actor that the roles and the subject of a token name."""
    kind = next((role for role in ACTOR_ROLES if role in claims.roles), None)
    if kind is None:
        raise NotAuthenticated("the token has no role that acts")
    name, agency = claims.sub, claims.agency
    try:
        if kind == "agency":
            if not name.startswith("agency-"):
                raise NotAuthenticated("the subject of an agency is agency-<code>")
            name = AgencyId(name.removeprefix("agency-"))
            if agency not in {None, name}:
                raise NotAuthenticated("the token names two agencies")
            agency = name
        actor = Actor(f"{kind}:{name}")
    except ValueError:
        raise NotAuthenticated("the subject is not the name of an actor") from None
    return Principal(actor, frozenset(claims.roles), agency, claims.mall)


@dataclass(frozen=True)
class Access:
    """The dependency that lets callers with one of these roles through; no roles: everybody."""

    roles: frozenset[str]

    async def __call__(self, request: Request) -> Principal:
        """The caller, also left in `request.state.principal`."""
        token = _bearer(request.headers.get("authorization"))
        callers: Callers = request.app.state.callers
        if token is not None:
            verifier: Verifier = request.app.state.verifier
            try:
                principal = await verifier.principal(token)
            except NotAuthenticated:
                callers.unknown(*_origin(request))
                raise
            callers.known(principal.actor)
        else:
            callers.unknown(*_origin(request))
            if self.roles:
                raise NotAuthenticated("send a bearer token")
            principal = ANYBODY
        if self.roles and self.roles.isdisjoint(principal.roles):
            raise NotAllowed
        request.state.principal = principal
        return principal


def requires(*roles: str) -> Access:
    """Access for callers that have at least one of these roles."""
    if not roles:
        raise ValueError("name the roles, or say PUBLIC")
    return Access(frozenset(roles))


PUBLIC = Access(frozenset())
"""Access for everybody. A token that is sent all the same must be right."""


async def _caller(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


Caller = Annotated[Principal, Depends(_caller)]
"""The type of an endpoint's parameter that wants to know who calls."""


def protected_routes(app: FastAPI) -> Mapping[str, frozenset[str]]:
    """`POST /v1/…` -> the roles of which a caller needs one."""
    return {name: access.roles for name, access in _accesses(app) if access.roles}


def public_routes(app: FastAPI) -> frozenset[str]:
    """The `GET /v1/…` that everybody may call."""
    return frozenset(name for name, access in _accesses(app) if not access.roles)


def _accesses(app: FastAPI) -> Iterator[tuple[str, Access]]:
    """Fails on a route that does not say who may call it."""
    for route in app.routes:
        if not isinstance(route, APIRoute):
            raise TypeError(f"{route!r} is no API route, so nobody checks who calls it")
        markers = [one.call for one in route.dependant.dependencies if isinstance(one.call, Access)]
        if len(markers) != 1:
            raise TypeError(f"{route.path} must say exactly once who may call it: {markers}")
        for method in sorted(route.methods or ()):
            yield f"{method} {route.path}", markers[0]


def _bearer(header: str | None) -> str | None:
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return None  # a citizen's code, for example, is the endpoint's own business
    if not token:
        raise NotAuthenticated("send `Authorization: Bearer <token>`")
    return token


def _origin(request: Request) -> tuple[str, str]:
    """The network address as the server sees it, and the path that is asked for."""
    client = request.scope.get("client")
    return (client[0] if client else ""), request.scope["path"]


def _read(model: type[M], raw: bytes) -> M:
    try:
        return jsontext.read(model, raw)
    except Malformed as problem:
        raise NotAuthenticated(f"the token is not well formed ({problem.code})") from None


def _decode(part: str) -> bytes:
    """The bytes of one part, which must be written in the only canonical way (no spare bits)."""
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotAuthenticated("the token is not base64url") from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != part.encode():
        raise NotAuthenticated("the token is not canonical base64url")
    return raw
