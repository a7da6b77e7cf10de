"""The whole platform on this machine, started once for all journeys, in a home of its own."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from rich.console import Console

from chassis.kafka import new_producer
from local import plan, processes, stack
from local.credentials import SIMULATOR
from local.errors import StackError
from simulator.platform import Calls, Platform, find
from tests.journeys.doors import Doors


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """The home of the stack. What is started in it is stopped at the end, whoever started it."""
    folder = Path(tempfile.mkdtemp(prefix="loket-journeys-"))
    folder.chmod(0o711)  # root starts PostgreSQL as a user who must be able to enter
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOKET_HOME", str(folder))
        environment.setenv("LOKET_PORTS", own_ports())
        environment.setenv("LOKET_TRACES", "file")
        try:
            yield folder
        finally:
            stack.down(folder)
    shutil.rmtree(folder)


def own_ports() -> str:
    """Not the ports that people remember: theirs may be running beside the tests."""
    chosen: dict[str, int] = {}
    for name in plan.FRIENDLY:
        chosen[name] = processes.free_port(frozenset(chosen.values()))
    return ",".join(f"{name}={port}" for name, port in chosen.items())


@pytest.fixture(scope="session")
def told() -> StringIO:
    """What the start of the stack has said."""
    return StringIO()


@pytest.fixture
def platform(home: Path, told: StringIO) -> Platform:
    """The running platform; started when it does not run."""
    try:
        return find(home)
    except StackError:
        stack.up(stack.options_from(home), console=Console(file=told))
        return find(home)


@pytest.fixture
async def calls(platform: Platform) -> AsyncIterator[Calls]:
    """Calls to the services, as any client of this home."""
    async with Calls(platform) as made:
        yield made


@pytest.fixture
async def producer(platform: Platform) -> AsyncIterator[AIOKafkaProducer]:
    """A producer, as an agency has one."""
    made = new_producer(platform.kafka(SIMULATOR), "journeys")
    await made.start()
    try:
        yield made
    finally:
        await asyncio.wait_for(made.stop(), 20)


@pytest.fixture
def doors(calls: Calls, producer: AIOKafkaProducer) -> Doors:
    """What agencies and citizens do in these tests."""
    return Doors(calls, producer)


@pytest.fixture
def environment(platform: Platform) -> dict[str, str]:
    """The environment in which a command line finds this platform."""
    del platform
    return {**os.environ, "PYTHONWARNINGS": "default"}
