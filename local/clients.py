"""The clients that may ask for tokens, and their secrets on this machine.

`clients.json` is what the issuer reads: it holds digests only. `secrets.json` is for the local
user, so that the command line and the simulator can log in. Only their owner may read them.
"""

import fcntl
import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local import paths

ROLES = frozenset({"agency", "board", "kiosk", "officer", "operator", "supervisor", "system"})
SECRET_BYTES = 32


@dataclass(frozen=True)
class Client:
    """Who may ask for a token, and what the token will say."""

    id: str
    sha256: str
    roles: tuple[str, ...]
    agency: str | None = None
    mall: str | None = None


def folder(home: Path) -> Path:
    """Where keys, clients and secrets of this home are kept."""
    return home / "identity"


def register_client(
    home: Path,
    client_id: str,
    roles: Sequence[str],
    agency: str | None = None,
    mall: str | None = None,
) -> str:
    """Register a client, or change what its tokens say, and return its secret.

    A known client keeps its secret. The running issuer notices. ValueError for an unknown role.
    """
    if not roles or not ROLES.issuperset(roles):
        raise ValueError(f"roles must be some of {sorted(ROLES)}, not {list(roles)}")
    with _exclusive(home):
        words = _read(folder(home) / "secrets.json")
        secret: str = words.get(client_id) or secrets.token_urlsafe(SECRET_BYTES)
        client = Client(client_id, digest(secret), tuple(sorted(roles)), agency, mall)
        known = load(home)
        if known.get(client_id) != client:
            words[client_id] = secret
            _write(folder(home) / "secrets.json", words)
            everybody = {**known, client_id: client}
            records = {name: asdict(one) for name, one in everybody.items()}
            _write(folder(home) / "clients.json", records)
    return secret


def secret_of(home: Path, client_id: str) -> str:
    """The secret of a registered client; KeyError names one that is not registered."""
    secret: str = _read(folder(home) / "secrets.json")[client_id]
    return secret


def load(home: Path) -> dict[str, Client]:
    """All registered clients by their id."""
    records = _read(folder(home) / "clients.json")
    return {
        name: Client(**{**record, "roles": tuple(record["roles"])})
        for name, record in records.items()
    }


def digest(secret: str) -> str:
    """What is stored of a secret. It is random and long, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


@contextmanager
def _exclusive(home: Path) -> Iterator[None]:
    folder(home).mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder(home) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def _write(file: Path, content: dict[str, Any]) -> None:
    paths.write_private(file, json.dumps(content, indent=1, sort_keys=True) + "\n")
