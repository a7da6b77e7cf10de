"""PostgreSQL stops answering without a word: callers hear in time, and all goes on when it does."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
from pydantic import BaseModel
from sqlalchemy.engine import make_url

from chassis import testing
from chassis.auth import Caller, requires
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from chassis.testing import Probe
from local.postgres import Postgres
from local.testing import WITHOUT_DURABILITY, Servers
from tests.chassis import toy

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
# Generous: what hangs, hangs for ever or for minutes.
HANGS_SECONDS = 30.0
# More than the pool has connections, so that those behind wait for one.
WAVE = 30


class Coin(BaseModel):
    pot_id: toy.PotId


def router(running: Running) -> Router:
    """A door to the toy: one for commands, one for looks."""
    found = Router()

    @found.command("/v1/coins", allow=requires("operator"))
    async def add(form: Json[Coin], caller: Caller, key: IdempotencyKey) -> dict[str, Any]:
        command = toy.AddCoin(actor=caller.actor, at=datetime.now(UTC), key=key, pot_id=form.pot_id)
        outcome = await running.dispatch(command)
        return {"coins": outcome.read(toy.Added).coins}

    @found.query("/v1/coins", allow=requires("operator"))
    async def count() -> dict[str, int]:
        async with running.database.transaction() as tx:
            return {"coins": await tx.fetchval("SELECT coalesce(sum(coins), 0)::int FROM pots")}

    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="loket-frozen-") as made:
        Path(made).chmod(0o711)  # root starts PostgreSQL as a user who must be able to enter
        yield Path(made)


@pytest.fixture
async def postgres(folder: Path) -> AsyncIterator[Postgres]:
    """A PostgreSQL of one's own: nobody else's tests may freeze."""
    server = Postgres(folder / "postgres", settings=WITHOUT_DURABILITY)
    try:
        await server.start()
        yield server
    finally:
        server.kill()
        await server.wipe()


@pytest.fixture
async def probe(postgres: Postgres) -> AsyncIterator[Probe]:
    servers = Servers("127.0.0.1:1", postgres.server, postgres.folder)
    database = await servers.fresh_database("toy")
    url = make_url(database.owner_url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    await connection.execute(toy.SCHEMA.replace("{app}", f'"{database.name}"'))
    await connection.close()
    service = replace(toy.service(), router=router)
    limits: dict[str, Any] = {
        "command_deadline_seconds": 1.0,
        "request_deadline_seconds": 2.0,
        "shutdown_seconds": 1.0,
    }
    async with testing.running(service, database, **limits) as made:
        yield made


@contextmanager
def frozen(postgres: Postgres) -> Iterator[None]:
    """The server and all its children stand still, as where a disk hangs."""
    assert postgres.pid is not None
    parent = psutil.Process(postgres.pid)
    parent.suspend()
    children = parent.children(recursive=True)
    for one in children:
        one.suspend()
    try:
        yield
    finally:
        for one in (*children, parent):
            one.resume()


async def ask(probe: Probe, kind: str, key: str, pot: toy.PotId) -> httpx.Response:
    headers = probe.bearer("rani", "operator")
    if kind == "look":
        return await probe.client.get("/v1/coins", headers=headers)
    headers["Idempotency-Key"] = key
    return await probe.client.post("/v1/coins", json={"pot_id": str(pot)}, headers=headers)


async def wave(probe: Probe, kind: str, name: str) -> list[httpx.Response]:
    """Many at once, each on a pot of its own; fails when somebody is not answered at all."""
    asked = [
        ask(probe, kind, f"{name}-{number:04}", toy.PotId.of(f"{name}-{number}"))
        for number in range(WAVE)
    ]
    async with asyncio.timeout(HANGS_SECONDS):
        return await asyncio.gather(*asked)


async def back(probe: Probe) -> None:
    """Wait until a command is accepted again; nobody helps."""
    pot = toy.PotId.new()
    async with asyncio.timeout(HANGS_SECONDS):
        number = 0
        while (await ask(probe, "command", f"back-{number:06}", pot)).status_code != 200:
            number += 1


@pytest.mark.parametrize("kind", ["command", "look"])
async def test_nobody_hangs_while_the_database_is_frozen_and_it_goes_on_by_itself(
    probe: Probe, postgres: Postgres, kind: str
) -> None:
    assert {one.status_code for one in await wave(probe, kind, "before")} == {200}
    with frozen(postgres):
        for number in range(3):  # the first may hold connections, the next find them doubtful
            answers = await wave(probe, kind, f"frozen-{number}")
            assert {one.status_code for one in answers} == {503}
            assert all(int(one.headers["retry-after"]) >= 1 for one in answers)
        async with asyncio.timeout(HANGS_SECONDS):
            assert (await probe.client.get("/livez")).status_code == 200
            assert (await probe.client.get("/readyz")).status_code == 503
    await back(probe)
    assert {one.status_code for one in await wave(probe, kind, "after")} == {200}


async def test_who_repeats_with_the_same_key_after_the_thaw_has_one_effect(
    probe: Probe, postgres: Postgres
) -> None:
    with frozen(postgres):
        assert {one.status_code for one in await wave(probe, "command", "same")} == {503}
    await back(probe)
    answers = await wave(probe, "command", "same")
    assert [(one.status_code, one.json()) for one in answers] == [(200, {"coins": 1})] * WAVE


async def test_the_service_ends_while_the_database_is_frozen(
    probe: Probe, postgres: Postgres
) -> None:
    with frozen(postgres):
        await wave(probe, "command", "last")
        async with asyncio.timeout(HANGS_SECONDS):
            await probe.running.stop()
