"""The passwords of this home's Kafka: one private file per principal, made on first use.

Its administrator and everybody who may log in have a file; whose access was taken away has a mark
beside it, so that the next start of the stack does not give it back.
"""

import secrets
from pathlib import Path

from chassis.kafka import Access
from contracts.access import OPERATOR, SERVICES
from contracts.ids import AgencyId
from local import clients, paths
from local.errors import StackError
from local.kafka_settings import ADMIN

CATALOGUE = "catalogue"
SIMULATOR = "simulator"
"""Stands in for all agencies that simulations play. Only a local stack has it."""
PLATFORM = (*SERVICES, CATALOGUE, OPERATOR)
"""Who logs in besides agencies, wherever the platform runs."""
OURS = (*PLATFORM, SIMULATOR)
"""The same on a local stack."""
_PASSWORD_BYTES = 24


def file_of(home: Path, principal: str) -> Path:
    """Where the password of a principal is kept."""
    return clients.folder(home) / f"kafka.{principal}"


def password(home: Path, principal: str) -> str:
    """The password of a principal, made now if there is none yet."""
    file = file_of(home, principal)
    if not file.exists():
        paths.write_private(file, secrets.token_urlsafe(_PASSWORD_BYTES))
    return file.read_text(encoding="utf-8")


def keep(home: Path, principal: str, word: str) -> None:
    """A password that was made elsewhere counts here from now on."""
    paths.write_private(file_of(home, principal), word)


def access(home: Path, bootstrap: str, principal: str) -> Access:
    """The way into the Kafka of this home. Raises StackError for who has no password."""
    file = file_of(home, principal)
    if not file.exists():
        raise StackError(f"Nobody called {principal!r} has a password for Kafka in {file.parent}.")
    word = file.read_text(encoding="utf-8")
    if principal == ADMIN:
        return Access(bootstrap, principal, word, mechanism="PLAIN")
    return Access(bootstrap, principal, word)


def agencies(home: Path) -> set[AgencyId]:
    """The agencies that have a password, also those that joined at run time."""
    prefix = file_of(home, "agency-")
    found = prefix.parent.glob(f"{prefix.name}*")
    names = {file.name.removeprefix(prefix.name) for file in found}
    return {AgencyId(name) for name in names if "." not in name}


def revoked(home: Path) -> set[str]:
    """The principals whose access was taken away."""
    return {file.name[len("kafka.") : -len(".revoked")] for file in _marks(home)}


def revoke(home: Path, principal: str) -> None:
    """Remember that a principal has no access any more."""
    paths.write_private(_mark(home, principal), "")


def readmit(home: Path, principal: str) -> None:
    """Forget that; with a new password, since somebody else may have the old one."""
    file_of(home, principal).unlink(missing_ok=True)
    password(home, principal)
    _mark(home, principal).unlink(missing_ok=True)


def _mark(home: Path, principal: str) -> Path:
    file = file_of(home, principal)
    return file.with_name(f"{file.name}.revoked")


def _marks(home: Path) -> list[Path]:
    return list(clients.folder(home).glob("kafka.*.revoked"))
