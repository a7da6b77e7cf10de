"""A platform of one's own, which may lose its data: nobody else's tests use it."""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from local import paths, plan, stack
from local.plan import Options
from simulator import demo
from simulator.morning import Morning
from simulator.platform import Calls, Platform, find
from tests.journeys.cli import Ended, loket
from tests.journeys.conftest import own_ports

LEVEL_SECONDS, STOP_SECONDS = 60.0, 30.0
_NEVER = "1000000"


@contextlib.contextmanager
def own_home(prefix: str) -> Iterator[Path]:
    """A home that is stopped and deleted at the end.

    Time causes nothing in it: who counts facts would find more whenever a plan opens sessions.
    """
    home = Path(tempfile.mkdtemp(prefix=prefix))
    home.chmod(0o711)  # root starts PostgreSQL as a user who must be able to enter
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOKET_DUE_SECONDS", _NEVER)
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


@contextlib.asynccontextmanager
async def followed(home: Path, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A backup in this folder, or the one that is there, and all that comes after it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loket", "backup", str(folder), "--follow"),
        cwd=paths.REPOSITORY,
        env={**os.environ, "LOKET_HOME": str(home)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await level(home, process)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            raise


async def level(home: Path, follower: asyncio.subprocess.Process) -> None:
    """Wait until an archive follows and has all that is committed."""
    deadline = time.monotonic() + LEVEL_SECONDS
    while True:
        assert follower.returncode is None, "the follower ended"
        assert time.monotonic() < deadline, "no archive follows"
        (found,) = await commands(home, "following")
        if found.code == 0 and all(one["behind_bytes"] == 0 for one in found.json()):
            return


async def audited_morning(platform: Platform) -> None:
    """The demo, whose trail agrees and whose audit finds everything everywhere."""
    trail, found = await demo.demo(platform, Console(file=StringIO()))
    assert trail.agrees
    assert found.is_good, found.as_json()
