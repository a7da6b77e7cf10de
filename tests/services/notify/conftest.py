"""Notify on a fresh database, with a mail server on a socket; deliveries are made by hand."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chassis import failpoints, testing
from chassis.testing import Probe
from local.testing import Database
from services.notify.wiring import SERVICE
from tests.services.notify.sink import Sink

Start = Callable[..., AbstractAsyncContextManager[Probe]]


@pytest.fixture
async def database(fresh_database: Callable[[str], Awaitable[Database]]) -> Database:
    return await fresh_database("notify")


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    await sink.start()
    yield sink
    await sink.stop()


@pytest.fixture
def start(database: Database, sink: Sink, tmp_path: Path) -> Start:
    """Starts the service; `by_itself` tells whether it delivers by itself."""
    key_file = tmp_path / "key"
    key_file.write_bytes(os.urandom(32))

    def begin(*, by_itself: bool = False, **settings: Any) -> AbstractAsyncContextManager[Probe]:
        service = SERVICE if by_itself else replace(SERVICE, tasks=())
        values: dict[str, Any] = {
            "key_file": key_file,
            "smtp_host": "127.0.0.1",
            "smtp_port": sink.port,
            **settings,
        }
        return testing.running(service, database, **values)

    return begin


@pytest.fixture
async def notify(start: Start) -> AsyncIterator[Probe]:
    async with start() as probe:
        yield probe


@pytest.fixture(autouse=True)
def nothing_armed() -> Iterator[None]:
    yield
    failpoints.arm("")
