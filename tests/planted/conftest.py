"""Services on fresh databases; nothing stays armed, and what is planted goes with its test."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chassis import failpoints, testing
from local.testing import Database
from services.queue.wiring import SERVICE as QUEUE
from services.tracking.wiring import SERVICE as TRACKING
from tests.planted.seen import Seen
from tests.services.queue.conftest import KTP, MALL, Queue, mall_entry
from tests.services.tracking.desk import CATALOGUE, SECRET, Desk

Fresh = Callable[[str], Awaitable[Database]]


@pytest.fixture(autouse=True)
def nothing_armed() -> Iterator[None]:
    yield
    failpoints.arm("")


@dataclass
class Tickets:
    """The queue service, its database and a client that writes down what it sees."""

    queue: Queue
    database: Database
    seen: Seen

    async def take(self, key: str) -> int:
        """A ticket for a walk-in; returns the status."""
        answer = await self.seen.ask(
            "walk_in",
            self.queue.probe.client,
            "/v1/tickets",
            headers=self.queue.kiosk,
            body={"mall": MALL, "service": KTP},
            key=key,
        )
        return answer.status_code


@pytest.fixture
async def tickets(fresh_database: Fresh, tmp_path: Path) -> AsyncIterator[Tickets]:
    database, secret = await fresh_database("queue"), tmp_path / "code.key"
    secret.write_bytes(SECRET)
    async with testing.running(QUEUE, database, code_key_file=secret) as probe:
        await probe.deliver("queue.catalogue", probe.arrival(mall_entry()))
        yield Tickets(Queue(probe), database, Seen("queue"))


@dataclass
class Files:
    """The tracking service and its database."""

    desk: Desk
    database: Database
    seen: Seen


@pytest.fixture
async def files(fresh_database: Fresh, tmp_path: Path) -> AsyncIterator[Files]:
    database, secret = await fresh_database("tracking"), tmp_path / "code.key"
    secret.write_bytes(SECRET)
    async with testing.running(TRACKING, database, code_key_file=secret) as probe:
        await probe.deliver("tracking.catalogue", *(probe.arrival(one) for one in CATALOGUE))
        yield Files(Desk(probe), database, Seen("tracking"))
