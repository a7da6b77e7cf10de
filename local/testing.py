"""A Kafka and a PostgreSQL for tests: started once, then one fresh database per test.

`python -m local.testing serve --home DIR` keeps a pair running and describes it in DIR/stack.json;
tests use that pair when LOKET_TEST_STACK names the file. PostgreSQL does not wait for the disk.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import databases, jars, paths
from local.databases import Server
from local.errors import StackError, StartFailed
from local.kafka import Kafka
from local.parallel import together
from local.postgres import SUPERUSER, Postgres
from local.postgres_settings import LAPTOP

REUSE = "LOKET_TEST_STACK"
WITHOUT_DURABILITY = {
    **LAPTOP,
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "128MB",
    "max_connections": "300",
}
"""Fast and forgetful: a power cut may lose everything. For throw-away data only."""


@dataclass(frozen=True)
class Database:
    """A fresh database with its three roles, as SQLAlchemy addresses."""

    name: str
    owner_url: str
    url: str
    relay_url: str


@dataclass(frozen=True)
class Servers:
    """A running Kafka and PostgreSQL, and a directory for what belongs to this user of them."""

    bootstrap: str
    postgres: Server
    home: Path

    async def fresh_database(self, service: str) -> Database:
        """An empty database for the service, under a name which nobody else uses."""
        name = f"{service}_t{secrets.token_hex(5)}"
        passwords = self.home / f"{name}.json"
        await databases.create_service(self.postgres, name, passwords)
        owner, program, relay = (
            databases.url(self.postgres, name, role, passwords) for role in databases.roles(name)
        )
        return Database(name, owner, program, relay)

    async def drop(self, database: Database) -> None:
        """Delete a fresh database and its roles, ending its connections."""
        passwords = self.home / f"{database.name}.json"
        await databases.drop_service(self.postgres, database.name, passwords)
        passwords.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def started(home: Path, brokers: int = 1) -> AsyncIterator[Servers]:
    """Start an own pair with empty data below `home`; everything is deleted at the end."""
    await jars.fetch(jars.directory(), jars.locked())
    kafka = Kafka(home / "kafka", brokers)
    postgres = Postgres(home / "postgres", settings=WITHOUT_DURABILITY)
    await asyncio.gather(kafka.wipe(), postgres.wipe())
    try:
        await together(kafka.start(), postgres.start())
        yield Servers(kafka.bootstrap, postgres.server, home)
    finally:
        kafka.kill_all()  # nobody needs these data again
        postgres.kill()
        await asyncio.gather(kafka.wipe(), postgres.wipe())


@contextlib.contextmanager
def servers() -> Iterator[Servers]:
    """The pair that LOKET_TEST_STACK describes, or an own one for as long as the block runs.

    Not tied to an event loop, so that it suits fixtures of a whole test session.
    """
    home = Path(tempfile.mkdtemp(prefix="loket-test-"))
    home.chmod(0o711)  # root starts PostgreSQL as a user who must be able to enter
    try:
        described = os.environ.get(REUSE)
        if described:
            yield _reuse(Path(described), home)
            return
        with asyncio.Runner() as runner:
            own = started(home)
            found = runner.run(own.__aenter__())
            try:
                yield found
            finally:
                runner.run(own.__aexit__(None, None, None))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _reuse(file: Path, home: Path) -> Servers:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise StartFailed(
            f"{REUSE} names {file}, which is not there: start `python -m local.testing serve "
            f"--home {file.parent}`, or unset {REUSE} to let each run start its own servers."
        ) from missing
    at = found["postgres"]
    server = Server(at["host"], at["port"], at["superuser"], at["superuser_password"])
    return Servers(found["bootstrap"], server, home)


async def serve(home: Path) -> None:
    """Keep a pair running until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with started(home) as found:
        described = {
            "bootstrap": found.bootstrap,
            "pid": os.getpid(),
            "postgres": {
                "host": found.postgres.host,
                "port": found.postgres.port,
                "superuser": SUPERUSER,
                "superuser_password": found.postgres.password,
            },
        }
        file = home / "stack.json"
        paths.write_private(file, json.dumps(described, indent=1))
        print(f"ready: {REUSE}={file}", flush=True)  # noqa: T201 - its output
        await stop.wait()
    await asyncio.to_thread(file.unlink)


def main(arguments: list[str]) -> int:
    """Run `serve --home DIR`; 1 when the servers do not start."""
    parser = argparse.ArgumentParser(prog="python -m local.testing", description=__doc__)
    parser.add_argument("action", choices=["serve"])
    parser.add_argument("--home", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    try:
        asyncio.run(serve(chosen.home.resolve()))
    except StackError as error:
        print(error, file=sys.stderr)  # noqa: T201 - its output
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
