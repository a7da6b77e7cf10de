"""Where its database and its Kafka are: read from the environment, as its three processes are."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

TOPIC = "naive.applications.v1"
_POOL = 20


@dataclass(frozen=True, slots=True)
class Config:
    """Addresses; `login` is a user and the file of a password, or None where Kafka is open."""

    database_url: str
    kafka: str
    login: tuple[str, Path] | None = None
    topic: str = TOPIC

    def environment(self) -> dict[str, str]:
        """What its processes are started with."""
        user, file = self.login or ("", "")
        return {
            "NAIVE_DATABASE_URL": self.database_url,
            "NAIVE_KAFKA": self.kafka,
            "NAIVE_TOPIC": self.topic,
            "NAIVE_KAFKA_USER": user,
            "NAIVE_KAFKA_PASSWORD_FILE": str(file),
        }

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Config":
        """The reverse of `environment`."""
        user, file = environment["NAIVE_KAFKA_USER"], environment["NAIVE_KAFKA_PASSWORD_FILE"]
        login = (user, Path(file)) if user else None
        database_url, kafka = environment["NAIVE_DATABASE_URL"], environment["NAIVE_KAFKA"]
        return cls(database_url, kafka, login, environment["NAIVE_TOPIC"])

    def credentials(self) -> tuple[str, str] | None:
        """User and password at Kafka."""
        return (self.login[0], self.login[1].read_text(encoding="utf-8")) if self.login else None

    def engine(self) -> AsyncEngine:
        """Connections to the database."""
        return create_async_engine(self.database_url, pool_size=_POOL)


Sessions = async_sessionmaker[AsyncSession]


def sessions_of(engine: AsyncEngine) -> Sessions:
    """Sessions whose objects can be used after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)
