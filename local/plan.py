"""What belongs to the stack: the programs with their environment, their ports, and the clients."""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contracts import access
from local import clients, credentials, identity, paths, processes
from local.errors import PortTaken, StackError
from local.postgres import Postgres
from local.supervisor import Program

SERVICES = access.SERVICES
FRIENDLY: Mapping[str, int] = {
    "booking": 8101,
    "queue": 8102,
    "tracking": 8103,
    "notify": 8104,
    "ledger": 8105,
    "identity": 8110,
    "mailbox": 8111,
    "smtp": 8025,
}
"""HTTP ports people can remember, used when they are free; `smtp` is the mailbox's other door."""
BACKENDS = ("kafka", "postgres")
# All programs of one machine share one address, and who measures presses few callers on purpose.
# The environment may say otherwise.
_NO_CALLER_IS_LIMITED = {"LOKET_CALLER_RATE": "0", "LOKET_ADDRESS_RATE": "0"}
PORTS_VARIABLE = "LOKET_PORTS"
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Options:
    """What the person who starts the stack has chosen; tests start other modules as services."""

    home: Path
    brokers: int = 1
    ports: Mapping[str, int] = field(default_factory=dict)
    services: tuple[str, ...] = SERVICES
    module: str = "services.{name}"


def asked_ports(text: str) -> dict[str, int]:
    """Read `booking=9001,kafka=9092`. Raises StackError for a name or number that cannot be."""
    ports = {}
    for pair in filter(None, text.replace(" ", "").split(",")):
        name, _, number = pair.partition("=")
        if name not in {*FRIENDLY, *BACKENDS} or not number.isdecimal() or int(number) > 65_535:  # noqa: PLR2004 - the last port
            known = ", ".join([*FRIENDLY, *BACKENDS])
            raise StackError(
                f"{pair!r} chooses no port: write NAME=NUMBER with one of the names {known}, as "
                f"in {PORTS_VARIABLE}=booking=9001,kafka=9092."
            )
        ports[name] = int(number)
    return ports


def choose_ports(asked: Mapping[str, int]) -> dict[str, int]:
    """A port for each HTTP door: the asked one, else the friendly one if free, else any free one.

    Raises PortTaken when an asked one is used by another program.
    """
    chosen: dict[str, int] = {}
    for name, friendly in FRIENDLY.items():
        if name in asked:
            if not processes.is_free(asked[name]):
                raise PortTaken(
                    f"Port {asked[name]} for {name} is used by another program: stop that program "
                    f"or choose another port with {PORTS_VARIABLE}={name}=NUMBER."
                )
            chosen[name] = asked[name]
        elif processes.is_free(friendly) and friendly not in asked.values():
            chosen[name] = friendly
        else:
            chosen[name] = processes.free_port(frozenset([*chosen.values(), *asked.values()]))
    return chosen


def programs(
    options: Options, ports: Mapping[str, int], bootstrap: str, postgres: Postgres
) -> list[Program]:
    """Issuer, mailbox and services, each with the environment it needs and no more."""
    issuer = f"http://{HOST}:{ports['identity']}"
    common = {
        **_NO_CALLER_IS_LIMITED,
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "LOKET_HOME": str(options.home),
        "LOKET_HTTP_HOST": HOST,
        "LOKET_TOKEN_ISSUER": issuer,
        "LOKET_TOKEN_AUDIENCE": identity.AUDIENCE,
        "LOKET_JWKS_URL": f"{issuer}/jwks.json",
        "LOKET_KAFKA_BOOTSTRAP": bootstrap,
    }

    def program(name: str, module: str, extra: Mapping[str, str]) -> Program:
        environment = {**common, "LOKET_HTTP_PORT": str(ports[name]), **extra}
        if common.get("LOKET_TRACES") == "file":
            environment["LOKET_TRACE_FILE"] = str(options.home / "traces" / f"{name}.jsonl")
        argv = [sys.executable, "-m", module]
        return Program(name, argv, environment, f"http://{HOST}:{ports[name]}")

    smtp = {"LOKET_SMTP_HOST": HOST, "LOKET_SMTP_PORT": str(ports["smtp"])}
    own = {
        "booking": {
            "LOKET_CODE_KEY_FILE": _key(options.home, "booking-code-key", hexadecimal=True)
        },
        "queue": {"LOKET_CODE_KEY_FILE": _key(options.home, "queue-code-key", hexadecimal=True)},
        "notify": {**smtp, "LOKET_KEY_FILE": _key(options.home, "notify-key", hexadecimal=False)},
        "tracking": {"LOKET_CODE_KEY_FILE": _key(options.home, "code-key", hexadecimal=True)},
    }
    return [
        program("identity", "local.identity", {}),
        program("mailbox", "local.mailbox", smtp),
        *(
            program(
                name,
                options.module.format(name=name),
                {
                    "LOKET_DATABASE_URL": postgres.url(name, name),
                    "LOKET_RELAY_DATABASE_URL": postgres.url(name, f"{name}_relay"),
                    "LOKET_KAFKA_USERNAME": name,
                    "LOKET_KAFKA_PASSWORD_FILE": str(credentials.file_of(options.home, name)),
                    **own.get(name, {}),
                },
            )
            for name in options.services
        ),
    ]


def _key(home: Path, name: str, *, hexadecimal: bool) -> str:
    """A file with 32 random bytes, as they are or in hexadecimal, made on first use."""
    file = clients.folder(home) / name
    if not file.exists():
        made = secrets.token_bytes(32)
        paths.write_private(file, made.hex() if hexadecimal else made)
    return str(file)


def register_clients(home: Path, agencies: Sequence[str], malls: Mapping[str, int]) -> None:
    """One client per agency, operator and service, and those of each mall with so many counters.

    A mall has an officer per counter, for one holds one counter, and at least two; a supervisor,
    who is an officer too; a kiosk and a board.
    """
    for agency in agencies:
        clients.register_client(home, f"agency-{agency}", ["agency"], agency=agency)
    for mall, counters in malls.items():
        for number in range(1, max(counters, 2) + 1):
            clients.register_client(home, f"officer-{mall}-{number}", ["officer"], mall=mall)
        roles = ["officer", "supervisor"]
        clients.register_client(home, f"supervisor-{mall}", roles, mall=mall)
        clients.register_client(home, f"kiosk-{mall}", ["kiosk"], mall=mall)
        clients.register_client(home, f"board-{mall}", ["board"], mall=mall)
    clients.register_client(home, "operator", ["operator"])
    for service in SERVICES:
        clients.register_client(home, f"system-{service}", ["system"])
