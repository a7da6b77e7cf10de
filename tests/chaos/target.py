"""The platform under attack: started in a home of its own, its processes found by name."""

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from contracts.access import OPERATOR
from local import control, credentials, databases, paths, plan, processes, stack, state
from local.errors import StackError
from local.plan import SERVICES
from simulator.platform import Platform, find

# Mail is tried again after minutes; here everything must have come to rest within one.
IMPATIENT = {
    "LOKET_SMTP_SECONDS": "2",
    "LOKET_ATTEMPT_SECONDS": "5",
    "LOKET_LEASE_SECONDS": "6",
    "LOKET_RETRY_SECONDS": "1",
}


@dataclass(frozen=True)
class Target:
    """A running platform that may be broken."""

    home: Path
    brokers: int

    @classmethod
    def start(cls, home: Path, brokers: int, console: Console) -> "Target":
        """Start it with empty data. Raises StackError."""
        home.mkdir(parents=True, exist_ok=True)
        stack.down(home)
        taken: dict[str, int] = {}
        for name in plan.FRIENDLY:
            taken[name] = processes.free_port(frozenset(taken.values()))
        os.environ.update(IMPATIENT)
        stack.up(stack.options_from(home, brokers, taken), fresh=True, console=console)
        return cls(home, brokers)

    def stop(self) -> None:
        """Stop it; data and logs stay to be looked at."""
        stack.down(self.home)

    @property
    def platform(self) -> Platform:
        """What a client has to know."""
        return find(self.home)

    @property
    def server(self) -> databases.Server:
        """PostgreSQL, as its superuser."""
        found = state.read(self.home)
        if found is None:
            raise StackError("Nothing runs in this home.")
        return stack.postgres_of(found).server

    @property
    def server_ports(self) -> frozenset[int]:
        """The ports of Kafka and PostgreSQL."""
        brokers = self.platform.bootstrap.split(",")
        return frozenset({self.server.port, *(int(one.rpartition(":")[2]) for one in brokers)})

    def process(self, name: str) -> state.ProcessState:
        """A process of the platform now. Raises StackError when it is down."""
        return control.find(self.home, name)

    async def running(self, name: str, seconds: float = 30.0) -> state.ProcessState:
        """The same, waiting until it runs. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                found = await asyncio.to_thread(state.read, self.home)
                for one in found.processes if found else ():
                    if one.name == name and processes.same(one.pid, one.born) is not None:
                        return one
                await asyncio.sleep(0.05)

    async def postgres_version(self) -> str:
        """What the server says of itself, without the words behind it."""
        connection = await self.server.connect()
        try:
            return str(await connection.fetchval("SHOW server_version")).split()[0]
        finally:
            await connection.close()

    async def left_open(self) -> list[str]:
        """Database sessions that sit in an open transaction and do nothing in it."""
        connection = await self.server.connect()
        try:
            rows = await connection.fetch(
                "SELECT application_name, pid FROM pg_stat_activity WHERE state LIKE"
                " 'idle in transaction%' AND state_change < now() - interval '2 seconds'"
            )
        finally:
            await connection.close()
        return [f"{row['application_name']} pid {row['pid']}" for row in rows]

    async def delivered(self, seconds: float) -> bool:
        """Whether no notification waits for an attempt any more; waits for that so long."""
        connection = await self.server.connect("notify")
        try:
            async with asyncio.timeout(seconds):
                while await connection.fetchval(  # noqa: ASYNC110 - another process moves it
                    "SELECT EXISTS (SELECT FROM deliveries WHERE due_at IS NOT NULL)"
                ):
                    await asyncio.sleep(0.2)
        except TimeoutError:
            return False
        finally:
            await connection.close()
        return True

    def describe(self, folder: Path) -> None:
        """Write down how everything can be reached, for whoever checks afterwards."""
        platform = self.platform
        passwords = self.home / "postgres" / "passwords.json"
        reach = {
            "home": str(self.home),
            "brokers": self.brokers,
            "kafka": {
                "bootstrap": platform.bootstrap,
                "security": {
                    "protocol": "SASL_PLAINTEXT",
                    "mechanism": "SCRAM-SHA-256",
                    "username": OPERATOR,
                    "password_file": str(credentials.file_of(self.home, OPERATOR)),
                },
            },
            "services": {
                name: {
                    "api": platform.urls[name],
                    "database": databases.url(self.server, name, f"{name}_owner", passwords),
                }
                for name in SERVICES
            },
            "identity": platform.urls["identity"],
            "mailbox": platform.urls["mailbox"],
            "operator": {
                "token_url": f"{platform.urls['identity']}/oauth/token",
                "client_id": "operator",
                "secrets": str(self.home / "identity" / "secrets.json"),
            },
        }
        text = json.dumps(reach, indent=1) + "\n"
        paths.write_private(folder / "endpoints.json", text)
