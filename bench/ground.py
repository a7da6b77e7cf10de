"""What benchmarks stand on: bare servers of our own, or the whole platform, in a home of its own.

Data are durable as in daily use: a figure taken with forgetful settings would be worth nothing.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console

from chassis.kafka import Where, client
from chassis.migrations import migrate
from local import control, paths, stack
from local.backends import Backends
from local.kafka import Kafka
from local.parallel import together
from local.plan import Options
from local.postgres import Postgres
from local.state import StackState

Tell = Callable[[str], None]
# The instant of each commit by the database's own clock. It must be set before the server starts.
_COMMIT_TIMES = "ALTER SYSTEM SET track_commit_timestamp = on"


@dataclass(frozen=True)
class Settings:
    """How long and how often things are measured, where data lie, and whom to tell."""

    home: Path
    tell: Tell
    repetitions: int = 5
    leg_seconds: float = 2.5
    load_seconds: float = 20.0
    pipeline_seconds: float = 60.0
    facts: int = 20_000
    quick: bool = False

    def quickened(self) -> "Settings":
        """The same with everything short: it shows that a benchmark works, and no figure."""
        return replace(
            self,
            repetitions=1,
            leg_seconds=0.5,
            load_seconds=4.0,
            pipeline_seconds=3.0,
            facts=5_000,
            quick=True,
        )


@dataclass(frozen=True)
class Servers:
    """Kafka and PostgreSQL without any service beside them."""

    kafka: Kafka
    postgres: Postgres
    settings: Settings

    @property
    def postmaster(self) -> int:
        """The process whose tree is PostgreSQL."""
        return _running(self.postgres.pid)

    @property
    def broker(self) -> int:
        """The process that is Kafka."""
        return next(iter(self.kafka.pids.values()))

    async def fresh_database(self, service: str) -> dict[str, str]:
        """A migrated empty database: the addresses of the roles `program` and `relay`."""
        name = f"{service}_b{secrets.token_hex(4)}"
        await self.postgres.create_service(name)
        await migrate(self.postgres.url(name, f"{name}_owner"), service)
        return {
            "name": name,
            "program": self.postgres.url(name, name),
            "relay": self.postgres.url(name, f"{name}_relay"),
        }

    async def fresh_topic(self, partitions: int = 6) -> str:
        """A new empty topic."""
        name = f"bench.{secrets.token_hex(4)}"
        await make_topic(self.kafka.bootstrap, name, partitions)
        return name


@contextlib.asynccontextmanager
async def servers(settings: Settings) -> AsyncIterator[Servers]:
    """Start both with empty data below the home; stopped at the end, however it comes."""
    home = settings.home / "servers"
    found = Servers(Kafka(home / "kafka"), Postgres(home / "postgres"), settings)
    await together(found.kafka.wipe(), found.postgres.wipe())
    try:
        await together(found.kafka.start(), found.postgres.start())
        yield found
    finally:
        await asyncio.gather(found.kafka.wipe(), found.postgres.wipe())


@dataclass(frozen=True)
class Platform:
    """The whole platform as it runs now. `warm_start` is the time of its last start in seconds."""

    state: StackState
    settings: Settings
    warm_start: float

    async def connect(self, service: str) -> Any:
        """A connection that sees all of a service's database."""
        return await stack.postgres_of(self.state).server.connect(service)

    def pid(self, name: str) -> int:
        """The process id of one part."""
        return _running(next(one.pid for one in self.state.processes if one.name == name))

    def now(self, name: str) -> int:
        """The same of a part that may have been started again since."""
        return _running(control.find(self.state.home, name).pid)


@contextlib.contextmanager
def platform(settings: Settings, *, again: bool = True, **chosen: Any) -> Iterator[Platform]:
    """Start the platform with empty data, then once more, warm; stopped at the end.

    Only the second time it has instants of commits, which cost `again` the time of a start.
    """
    options = Options(settings.home / "platform", **chosen)
    quiet = Console(quiet=True)
    stack.down(options.home)
    try:
        settings.tell("the platform starts with empty data")
        began = time.perf_counter()
        running, _ = stack.up(options, fresh=True, console=quiet)
        if again:
            asyncio.run(_with_commit_times(running))
            stack.down(options.home)
            settings.tell("the platform starts again, warm")
            began = time.perf_counter()
            running, _ = stack.up(options, console=quiet)
        yield Platform(running, settings, time.perf_counter() - began)
    finally:
        stack.down(options.home)
        asyncio.run(Backends.of(options).wipe())  # also where PostgreSQL's data were moved to
        paths.remove(options.home)


async def _with_commit_times(state: StackState) -> None:
    connection = await stack.postgres_of(state).server.connect()
    try:
        await connection.execute(_COMMIT_TIMES)
    finally:
        await connection.close()


async def make_topic(where: Where, name: str, partitions: int) -> None:
    """Create a topic."""
    admin = AIOKafkaAdminClient(**client(where))
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1)])
    finally:
        await admin.close()


def _running(pid: int | None) -> int:
    if pid is None:
        raise RuntimeError("a process of the benchmark has ended: look into the logs of its home")
    return pid
