"""The script that PostgreSQL's image runs makes the databases and roles of the embedded stack."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from local import plan, postgres_binaries
from local.databases import roles
from local.postgres import Postgres
from local.testing import WITHOUT_DURABILITY
from tests.deploy.compose import ROOT

pytestmark = pytest.mark.integration
SCRIPT = ROOT / "deploy" / "postgres" / "init" / "10-create-services.sh"


def _passwords() -> dict[str, str]:
    names = [role.upper() for service in plan.SERVICES for role in roles(service)]
    return {f"{name}_PASSWORD": f"{name.lower()}-word" for name in names}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL on which the script has run, as it does in the container."""
    folder = Path(tempfile.mkdtemp(prefix="loket-deploy-"))
    folder.chmod(0o711)
    postgres = Postgres(folder / "postgres", settings=WITHOUT_DURABILITY)
    asyncio.run(postgres.start())
    try:
        subprocess.run(["bash", SCRIPT], env=_environment(postgres), timeout=50, check=True)
        yield postgres
    finally:
        postgres.kill()
        asyncio.run(postgres.wipe())
        shutil.rmtree(folder, ignore_errors=True)


def _environment(postgres: Postgres) -> dict[str, str]:
    return {
        **_passwords(),
        "PATH": f"{postgres_binaries.directory()}:{os.environ['PATH']}",
        "PGHOST": postgres.server.host,
        "PGPORT": str(postgres.port),
        "PGPASSWORD": postgres.server.password,
        "POSTGRES_USER": postgres.server.superuser,
    }


async def _login(postgres: Postgres, role: str, database: str) -> "asyncpg.Connection":
    return await asyncpg.connect(
        host=postgres.server.host,
        port=postgres.port,
        user=role,
        password=f"{role}-word",
        database=database,
        timeout=5,
    )


@pytest.mark.parametrize("service", plan.SERVICES)
async def test_the_three_roles_reach_their_database_and_no_other(
    service: str, server: Postgres
) -> None:
    other = next(name for name in plan.SERVICES if name != service)
    for role in roles(service):
        connection = await _login(server, role, service)
        assert await connection.fetchval("SELECT NOT rolsuper FROM pg_roles WHERE rolname = user")
        await connection.close()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _login(server, role, other)


async def test_only_the_owner_may_make_tables(server: Postgres) -> None:
    owner, program, relay = roles("queue")
    connection = await _login(server, owner, "queue")
    await connection.execute("CREATE TABLE attempt (id int)")
    await connection.close()
    for role in (program, relay):
        connection = await _login(server, role, "queue")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE another (id int)")
        await connection.close()
