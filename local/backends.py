"""Kafka and PostgreSQL of the stack: prepared for the services, and revived when they die."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from catalogue import load
from catalogue.publish import BrokenCatalogue, NotPublished, publish
from chassis.migrations import MigrationChanged, migrate
from contracts.catalog import TOPICS, agency_topics
from contracts.entries import Agency, Mall
from local import control, credentials, locks, topics
from local.errors import StackError
from local.kafka import Kafka
from local.kafka_settings import ADMIN
from local.parallel import together
from local.plan import Options
from local.postgres import Postgres

log = logging.getLogger(__name__)
BETWEEN_LOOKS = 0.5
LONGEST_DELAY = 30.0
Tell = Callable[[str], None]


@dataclass
class Backends:
    """The two servers that services depend on, and how often each process was revived."""

    home: Path
    kafka: Kafka
    postgres: Postgres
    restarts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, options: Options) -> "Backends":
        """Those of one home, with the ports that were asked for."""
        return cls(
            options.home,
            Kafka(options.home / "kafka", options.brokers, options.ports.get("kafka")),
            Postgres(options.home / "postgres", options.ports.get("postgres")),
        )

    async def start(self, services: Sequence[str], tell: Tell) -> None:
        """Start both at once and prepare them: databases and tables, topics and the catalogue."""
        agencies, _ = offices()
        tell("Kafka and PostgreSQL are starting")
        await together(self._start_kafka(agencies, tell), self._start_postgres(services, tell))

    async def stop(self) -> None:
        """Stop both; data stay."""
        await asyncio.gather(self.kafka.stop(), self.postgres.stop())

    async def wipe(self) -> None:
        """Delete the data of both, and end what an earlier run has left."""
        await asyncio.gather(self.kafka.wipe(), self.postgres.wipe())

    async def keep(self, changed: Callable[[], None]) -> None:
        """Look after both for ever; one that died is started again, later after each failure.

        Each on its own: a Kafka that is slow to come back must not keep PostgreSQL down.
        """
        await together(
            self._keep(self._revive_kafka, changed), self._keep(self._revive_postgres, changed)
        )

    async def _keep(
        self, revive: Callable[[], Awaitable[bool]], changed: Callable[[], None]
    ) -> None:
        delay = BETWEEN_LOOKS
        while True:
            await asyncio.sleep(delay)
            try:
                if await revive():
                    changed()
                delay = BETWEEN_LOOKS
            except (StackError, OSError) as error:
                delay = min(LONGEST_DELAY, delay * 2)
                log.warning("reviving failed, next try in %.0f s: %s", delay, error)

    async def _revive_kafka(self) -> bool:
        dead = [
            number
            for number in range(1, self.kafka.brokers + 1)
            if number not in self.kafka.pids and not self._is_held(f"kafka-{number}")
        ]
        if dead:
            self.restarts.update(f"kafka-{number}" for number in dead)
            await self.kafka.restart(*dead)
        return bool(dead)

    async def _revive_postgres(self) -> bool:
        gone = self.postgres.pid is None and not self._is_held("postgres")
        if gone:
            self.restarts.update(["postgres"])
            await self.postgres.restart()
        return gone

    def _is_held(self, name: str) -> bool:
        return control.is_held(self.home, name)

    async def _start_kafka(self, agencies: Sequence[Agency], tell: Tell) -> None:
        self.kafka.lock(credentials.password(self.home, ADMIN))
        await self.kafka.start()
        tell("Kafka is ready, topics and catalogue are published")
        wanted = [*TOPICS, *(topic for one in agencies for topic in agency_topics(one.code))]
        admin = credentials.access(self.home, self.kafka.bootstrap, ADMIN)
        # Rights do not need their topics to exist.
        await together(
            topics.create(admin, wanted),
            locks.set_all(self.home, admin, [one.code for one in agencies]),
        )
        as_catalogue = credentials.access(self.home, admin.bootstrap, credentials.CATALOGUE)
        try:
            await publish(as_catalogue, load.DATA)
        except (BrokenCatalogue, NotPublished) as error:
            raise StackError(f"The catalogue was not published:\n{error}") from error

    async def _start_postgres(self, services: Sequence[str], tell: Tell) -> None:
        await self.postgres.start()
        if self.postgres.data_moved:
            tell(f"`nobody` cannot enter the home, PostgreSQL's data are in {self.postgres.data}")
        tell("PostgreSQL is ready, databases are migrated")
        for service in services:
            await self.postgres.create_service(service)
        await together(*(self._migrate(service) for service in services))

    async def _migrate(self, service: str) -> None:
        try:
            await migrate(self.postgres.url(service, f"{service}_owner"), service)
        except MigrationChanged as error:
            raise StackError(
                f"The database of {service} does not fit its migrations: {error}. To begin with "
                "empty data run `loket up --fresh`."
            ) from error
        except asyncpg.PostgresError as error:
            raise StackError(
                f"A migration of {service} failed: {error}. Mend its SQL and start again."
            ) from error


def offices(root: Path = load.DATA) -> tuple[list[Agency], list[Mall]]:
    """The agencies and malls of the catalogue."""
    entries = [loaded.entry for loaded in load.read(root).loaded]
    agencies = [entry for entry in entries if isinstance(entry, Agency)]
    return agencies, [entry for entry in entries if isinstance(entry, Mall)]
