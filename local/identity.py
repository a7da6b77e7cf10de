"""The token issuer of the local stack: OAuth 2.0 client credentials in, signed JSON Web Tokens out.

`python -m local.identity` serves it. Clients are registered in clients; services verify tokens
with the public key at /jwks.json. Nothing here logs a request, a secret or a token.
"""

import base64
import binascii
import hmac
import json
import os
import secrets
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote_plus

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from chassis import clock
from local import clients, paths
from local.clients import Client

ALGORITHM = "EdDSA"
AUDIENCE = "loket"
LIFETIME = timedelta(minutes=15)
MAX_BODY_BYTES = 8192
GRANT = "client_credentials"
NOBODY = Client("", clients.digest(secrets.token_urlsafe()), ())


class Denied(Exception):
    """The token request is refused with one of the error codes of RFC 6749, section 5.2."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status


@dataclass
class Register:
    """The registered clients, read again when their file has changed."""

    home: Path
    _stamp: tuple[int, int] | None = None
    _known: Mapping[str, Client] | None = None

    def find(self, client_id: str, secret: str) -> Client | None:
        """The client with this id and secret. An unknown id takes as long as a wrong secret."""
        client = self._clients().get(client_id, NOBODY)
        right = hmac.compare_digest(clients.digest(secret), client.sha256)
        return client if right and client is not NOBODY else None

    def _clients(self) -> Mapping[str, Client]:
        file = clients.folder(self.home) / "clients.json"
        stamp = (file.stat().st_mtime_ns, file.stat().st_ino) if file.exists() else None
        if self._known is None or stamp != self._stamp:
            self._known, self._stamp = clients.load(self.home), stamp
        return self._known


@dataclass(frozen=True)
class Issuer:
    """Signs tokens in the name of `name` with the key of this home."""

    name: str
    key: OKPKey
    register: Register

    def token(self, client: Client, now: datetime) -> str:
        """A token that says who the client is and what it may do, for fifteen minutes."""
        claims: dict[str, object] = {
            "iss": self.name,
            "sub": client.id,
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": secrets.token_urlsafe(16),
            "roles": list(client.roles),
        }
        bound_to = {"agency": client.agency, "mall": client.mall}
        claims.update({name: value for name, value in bound_to.items() if value is not None})
        with warnings.catch_warnings():
            # The library wants the newer name Ed25519, which many verifiers do not know yet.
            warnings.simplefilter("ignore")
            header = {"alg": ALGORITHM, "kid": self.key.kid}
            return jwt.encode(header, claims, self.key, algorithms=[ALGORITHM])


def signing_key(home: Path) -> OKPKey:
    """The Ed25519 key of this home, made on first use; only its owner may read the file."""
    file = clients.folder(home) / "signing-key.json"
    if not file.exists():
        fresh = OKPKey.generate_key("Ed25519", auto_kid=True)
        paths.write_private(file, json.dumps(fresh.as_dict(private=True)))
    return OKPKey.import_key(json.loads(file.read_text(encoding="utf-8")))


def application(home: Path, name: str) -> Starlette:
    """The issuer as an ASGI application."""
    issuer = Issuer(name, signing_key(home), Register(home))
    public = KeySet([issuer.key]).as_dict(private=False)

    async def token(request: Request) -> Response:
        try:
            client = _authenticate(issuer.register, request, await _form(request))
        except Denied as denied:
            return _refusal(denied)
        answer = {
            "access_token": issuer.token(client, clock.now()),
            "token_type": "Bearer",
            "expires_in": int(LIFETIME.total_seconds()),
        }
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def jwks(_: Request) -> Response:
        return JSONResponse(public, headers={"Cache-Control": "public, max-age=300"})

    async def alive(_: Request) -> Response:
        return PlainTextResponse("alive")

    return Starlette(
        routes=[
            Route("/oauth/token", token, methods=["POST"]),
            Route("/jwks.json", jwks),
            Route("/livez", alive),
            Route("/readyz", alive),
        ]
    )


async def _form(request: Request) -> Mapping[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Denied("invalid_request", "send application/x-www-form-urlencoded")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise Denied("invalid_request", "the body is too long", 413)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise Denied("invalid_request", "the body is no form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Denied("invalid_request", "a parameter is repeated")
    return form


def _authenticate(register: Register, request: Request, form: Mapping[str, str]) -> Client:
    header = request.headers.get("authorization")
    if header is not None and "client_secret" in form:
        raise Denied("invalid_request", "use one way of authentication, not two")
    grant = form.get("grant_type")
    if grant is None:
        raise Denied("invalid_request", "grant_type is missing")
    if grant != GRANT:
        raise Denied("unsupported_grant_type", f"only {GRANT} is supported")
    if header is None:
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
    else:
        name, secret = _basic(header)
    client = register.find(name, secret)
    if client is None:
        raise _unknown()
    return client


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _unknown() from error
    name, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _unknown()
    return unquote_plus(name), unquote_plus(secret)


def _unknown() -> Denied:
    return Denied("invalid_client", "client authentication failed", 401)


def _refusal(denied: Denied) -> Response:
    headers = {"Cache-Control": "no-store"}
    if denied.status == 401:  # noqa: PLR2004 - HTTP's number
        headers["WWW-Authenticate"] = 'Basic realm="loket"'
    body = {"error": denied.code, "error_description": denied.description}
    return JSONResponse(body, status_code=denied.status, headers=headers)


def main() -> None:
    """Serve until SIGTERM, as LOKET_HOME, LOKET_HTTP_HOST, _PORT and LOKET_TOKEN_ISSUER say."""
    host = os.environ.get("LOKET_HTTP_HOST", "127.0.0.1")
    port = int(os.environ.get("LOKET_HTTP_PORT", "8110"))
    name = os.environ.get("LOKET_TOKEN_ISSUER", f"http://{host}:{port}")
    served = application(paths.home(), name)
    uvicorn.run(served, host=host, port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
