"""What all tests share: one real Kafka and PostgreSQL per run, fresh databases for who asks."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
import structlog
from aiokafka.conn import AIOKafkaConnection
from hypothesis import settings

from chassis import logs
from local import testing
from local.testing import Database, Servers

# Property tests are bounded by examples, never by the speed of the machine, and repeatable.
settings.register_profile("loket", deadline=None, derandomize=True)
settings.load_profile("loket")


@pytest.fixture(autouse=True, scope="session")
def plain_logs() -> None:
    """Not structlog's own form for a terminal, which prints all local variables."""
    structlog.configure(processors=[logs.without_message, structlog.processors.JSONRenderer()])


@pytest.fixture(autouse=True, scope="session")
def connections() -> Iterator[WeakSet[AIOKafkaConnection]]:
    """All connections to Kafka that are made in this process, closed or not."""
    made: WeakSet[AIOKafkaConnection] = WeakSet()
    connect = AIOKafkaConnection.connect

    async def noted(connection: AIOKafkaConnection) -> Any:
        made.add(connection)
        return await connect(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AIOKafkaConnection, "connect", noted)
        yield made


@pytest.fixture(autouse=True)
def no_connection_is_left(connections: WeakSet[AIOKafkaConnection]) -> Iterator[None]:
    """Who leaves one open is told here, and not by whichever test runs when it is collected."""
    yield
    left = [str(one) for one in connections if one._writer is not None]
    connections.clear()
    assert left == []


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A directory which an unprivileged user can enter, as root needs it for PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="loket-local-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def stack() -> Iterator[Servers]:
    """A running Kafka and PostgreSQL."""
    with testing.servers() as servers:
        yield servers


@pytest.fixture
def kafka_bootstrap(stack: Servers) -> str:
    """Where the test Kafka listens."""
    return stack.bootstrap


@pytest.fixture
async def fresh_database(stack: Servers) -> AsyncIterator[Callable[[str], Awaitable[Database]]]:
    """Makes empty databases, by name of service; they are dropped at the end of the test."""
    made: list[Database] = []

    async def make(service: str) -> Database:
        made.append(await stack.fresh_database(service))
        return made[-1]

    yield make
    for database in made:
        await stack.drop(database)
