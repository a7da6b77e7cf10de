"""A platform of one's own, which may lose its data: nobody else's tests use it."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from rich.console import Console

from local import plan, stack
from local.plan import Options
from simulator import demo
from simulator.morning import Morning
from simulator.platform import Calls, Platform, find
from tests.journeys.cli import Ended, loket
from tests.journeys.conftest import own_ports


@contextlib.contextmanager
def own_home(prefix: str) -> Iterator[Path]:
    """A home that is stopped and deleted at the end."""
    home = Path(tempfile.mkdtemp(prefix=prefix))
    home.chmod(0o711)  # root starts PostgreSQL as a user who must be able to enter
    try:
        yield home
    finally:
        stack.down(home)
        shutil.rmtree(home)


async def start(home: Path) -> Platform:
    """The platform, on ports that nobody else uses."""
    ports = plan.asked_ports(own_ports())
    await asyncio.to_thread(stack.up, Options(home, ports=ports), console=Console(file=StringIO()))
    return find(home)


async def morning(platform: Platform) -> None:
    """Visitors, counters and agencies of a morning; without the audit, which looks into Kafka."""
    async with Calls(platform) as calls, demo.producer_of(platform) as producer:
        await Morning(calls, producer, step=lambda: None).play()


async def commands(home: Path, *verbs: str) -> list[Ended]:
    """`loket` with these verbs, one after the other, on that platform."""
    environment = {**os.environ, "LOKET_HOME": str(home), "PYTHONWARNINGS": "default"}
    return [await loket(environment, *verb.split(), "--json") for verb in verbs]
