"""One real server is used by all tests of this file in turn."""

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from local import processes
from local.errors import PortTaken
from local.postgres import Postgres

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def postgres(open_folder: Path) -> Iterator[Postgres]:
    server = Postgres(open_folder / "postgres")
    asyncio.run(_prepare(server))
    yield server
    server.kill()


async def _prepare(server: Postgres) -> None:
    await server.start()
    await server.create_service("booking")
    await server.create_service("queue")
    async with connected(server, "booking", "booking_owner") as owner:
        await owner.execute("CREATE TABLE facts (id int)")


@asynccontextmanager
async def connected(
    server: Postgres, name: str, role: str
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(server.url(name, role).replace("+asyncpg", ""), timeout=10)
    try:
        yield connection
    finally:
        await connection.close()


async def refused(address: str, reason: type[asyncpg.PostgresError]) -> bool:
    """Whether the server refuses the connection for this reason."""
    try:
        connection = await asyncpg.connect(address.replace("+asyncpg", ""), timeout=10)
    except reason:
        await asyncio.sleep(0)  # the driver closes its socket in the next turn of the loop
        return True
    await connection.close()
    return False


async def remember(server: Postgres, number: int) -> None:
    async with connected(server, "booking", "booking_owner") as owner:
        await owner.execute("INSERT INTO facts VALUES ($1)", number)


async def remembered(server: Postgres, number: int) -> bool:
    async with connected(server, "booking", "booking_owner") as owner:
        found = await owner.fetchval("SELECT count(*) FROM facts WHERE id = $1", number)
        return bool(found == 1)


async def test_a_stopped_server_comes_back_with_its_address_and_its_data(
    postgres: Postgres,
) -> None:
    await remember(postgres, 1)
    port = postgres.port
    await postgres.stop()
    assert postgres.pid is None
    await postgres.start()
    assert postgres.port == port
    assert await remembered(postgres, 1)


async def test_a_killed_server_comes_back_with_what_was_committed(postgres: Postgres) -> None:
    await remember(postgres, 2)
    postgres.kill()
    assert (postgres.data / "postmaster.pid").exists()
    await postgres.restart()
    assert await remembered(postgres, 2)


async def test_a_server_whose_parent_process_alone_is_killed_comes_back(
    postgres: Postgres,
) -> None:
    await remember(postgres, 3)
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    await postgres.restart()
    assert await remembered(postgres, 3)


async def test_a_server_left_by_a_killed_run_is_ended_before_the_next_starts(
    postgres: Postgres,
) -> None:
    assert postgres.pid is not None
    left = psutil.Process(postgres.pid)
    successor = Postgres(postgres.folder)
    await successor.start()
    try:
        assert processes.wait_gone([left], 0)
        assert successor.port == postgres.port
    finally:
        await successor.stop()
    await postgres.restart()


async def test_a_stale_lock_with_the_pid_of_somebody_else_is_removed(postgres: Postgres) -> None:
    await postgres.stop()
    innocent = await asyncio.create_subprocess_exec("sleep", "60")
    (postgres.data / "postmaster.pid").write_text(f"{innocent.pid}\n{postgres.data}\n")
    await postgres.start()
    assert innocent.returncode is None
    innocent.kill()
    assert await innocent.wait() == -signal.SIGKILL


async def test_making_a_service_again_changes_nothing(postgres: Postgres) -> None:
    await remember(postgres, 4)
    before = postgres.url("booking", "booking")
    await postgres.create_service("booking")
    assert postgres.url("booking", "booking") == before
    assert await remembered(postgres, 4)


@pytest.mark.parametrize("role", ["booking", "booking_owner", "booking_relay"])
async def test_no_role_may_enter_the_database_of_another_service(
    postgres: Postgres, role: str
) -> None:
    async with connected(postgres, "booking", role) as own:
        assert await own.fetchval("SELECT current_user") == role
    for other in ("queue", "postgres", "template1"):
        address = postgres.url("booking", role).removesuffix("booking") + other
        assert await refused(address, asyncpg.InsufficientPrivilegeError), other


async def test_the_program_may_not_make_tables(postgres: Postgres) -> None:
    async with connected(postgres, "booking", "booking") as program:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await program.execute("CREATE TABLE sneaky (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await program.execute("CREATE TEMP TABLE sneaky (id int)")


async def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    address = f"postgresql://booking:wrong@127.0.0.1:{postgres.port}/booking"
    assert await refused(address, asyncpg.InvalidPasswordError)


async def test_passwords_are_in_private_files_and_in_no_log(postgres: Postgres) -> None:
    for name in ("passwords.json", "superuser-password"):
        assert stat.S_IMODE((postgres.folder / name).stat().st_mode) == 0o600
    log = postgres.log.read_text(encoding="utf-8")
    for role in ("booking", "booking_owner", "booking_relay"):
        password = postgres.url("booking", role).partition("@")[0].rpartition(":")[2]
        assert password not in log
        assert "SCRAM-SHA-256$" not in log


async def test_what_was_committed_is_on_disk(postgres: Postgres) -> None:
    async with connected(postgres, "booking", "booking") as program:
        assert await program.fetchval("SHOW fsync") == "on"
        assert await program.fetchval("SHOW synchronous_commit") == "on"
        assert await program.fetchval("SHOW full_page_writes") == "on"
        assert await program.fetchval("SHOW listen_addresses") == "127.0.0.1"


async def test_a_fixed_port_that_is_used_is_named(postgres: Postgres, open_folder: Path) -> None:
    second = Postgres(open_folder / "second", port=postgres.port)
    with pytest.raises(PortTaken, match=f"Port {postgres.port} for PostgreSQL is used by"):
        await second.start()


@pytest.mark.parametrize("name", ["Booking", "a-b", "x; DROP ROLE postgres", "", "1a", "a" * 60])
async def test_a_name_that_is_no_plain_identifier_is_refused(postgres: Postgres, name: str) -> None:
    with pytest.raises(ValueError, match="is no database name"):
        await postgres.create_service(name)


def private(folder: Path) -> bool:
    return stat.S_IMODE(folder.stat().st_mode) == 0o700


def found_when_opened_later(folder: Path) -> Path:
    """Where the data are for somebody who lets others enter the directory meanwhile."""
    folder.chmod(0o711)
    try:
        return Postgres(folder / "postgres").data
    finally:
        folder.chmod(0o700)


async def test_data_are_moved_where_the_unprivileged_user_can_reach_them(tmp_path: Path) -> None:
    assert private(tmp_path)
    hidden = Postgres(tmp_path / "postgres")
    assert hidden.data_moved == (os.geteuid() == 0)
    try:
        await hidden.start()
        await hidden.create_service("booking")
        async with connected(hidden, "booking", "booking") as program:
            assert await program.fetchval("SELECT 1") == 1
        if hidden.data_moved:
            assert Path("/var/tmp") in hidden.data.parents  # noqa: S108 - the place it must be
        assert found_when_opened_later(tmp_path) == hidden.data
        assert private(hidden.data)
        assert private(tmp_path)
    finally:
        await hidden.wipe()
    assert not await asyncio.to_thread(hidden.data.parent.exists)
