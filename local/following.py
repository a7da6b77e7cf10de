"""Follows a running PostgreSQL: all it writes to its log is copied into the folder of a backup.

The server keeps a slot for the folder, so that it does not throw away what the folder lacks, up to
a bound (`max_slot_wal_keep_size`, `idle_replication_slot_timeout`).
"""

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from local import paths, postgres_binaries, processes, wal
from local.databases import Server
from local.errors import StackError

FOLDER, STATE = "wal", "following.json"
LOG = "following.log"
LOOK_SECONDS = 2.0
STOP_SECONDS = 10.0
FREE_MEGABYTES = 64
TRIES = 5
"""So often in a row may copying fail while the server answers; then a person must look."""
_PREFIX = "loket_"
_LOOK = r"""
SELECT s.slot_name, s.active, s.wal_status,
       coalesce(r.flush_lsn, s.restart_lsn)::text AS flushed,
       pg_wal_lsn_diff(pg_current_wal_flush_lsn(), coalesce(r.flush_lsn, s.restart_lsn))::bigint
           AS behind
  FROM pg_replication_slots s LEFT JOIN pg_stat_replication r ON r.pid = s.active_pid
 WHERE s.slot_name LIKE 'loket\_%' ORDER BY s.slot_name
"""
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Follower:
    """One archive as the server sees it; `behind_bytes` is None when its place is lost."""

    slot: str
    active: bool
    wal_status: str
    flushed: int
    behind_bytes: int | None

    @property
    def is_lost(self) -> bool:
        """Whether the server has thrown away what the archive lacks."""
        return self.wal_status == "lost" or self.behind_bytes is None


async def make_slot(server: Server) -> str:
    """A new place in the log that the server keeps from now on; forgets lost ones."""
    name = f"{_PREFIX}{secrets.token_hex(4)}"
    for one in await followers(server):
        if one.is_lost and not one.active:
            await drop_slot(server, one.slot)
    await _execute(server, "SELECT pg_create_physical_replication_slot($1, true)", name)
    return name


async def drop_slot(server: Server, name: str) -> None:
    """Let the server throw away what it kept for an archive."""
    await _execute(server, "SELECT pg_drop_replication_slot($1)", name)


async def followers(server: Server) -> list[Follower]:
    """All archives that the server knows of. Raises OSError or PostgresError like a connection."""
    connection = await server.connect()
    try:
        rows = await connection.fetch(_LOOK)
    finally:
        await connection.close()
    return [
        Follower(
            row["slot_name"],
            row["active"],
            row["wal_status"] or "lost",
            wal.position(row["flushed"]) if row["flushed"] else 0,
            row["behind"],
        )
        for row in rows
    ]


def flushed(folder: Path) -> int:
    """Up to which position the archive surely was on disk; 0 when nothing is known."""
    try:
        found: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
        return wal.position(found["flushed"])
    except FileNotFoundError:
        return 0
    except (ValueError, KeyError) as problem:
        raise StackError(f"{folder / STATE} cannot be read: {problem}.") from None


def follow(
    folder: Path, slot: str, server: Callable[[], Server], stop: threading.Event, tell: Tell
) -> None:
    """Copy until told to stop, over restarts of the server; `server` tells where it is now.

    Raises StackError when the folder is followed already or its archive cannot be continued.
    """
    with _alone(folder):
        waiting, failures = False, 0
        while not stop.is_set():
            found = _look(server, slot)
            if found is None:
                if not waiting:
                    tell("PostgreSQL does not answer: waiting for it")
                waiting = True
                stop.wait(LOOK_SECONDS)
                continue
            _check(folder, found)
            _note_end(folder, tell)  # a follower that was killed could not
            waiting = False
            tell(f"Following: {found.behind_bytes} bytes behind")
            failures = 0 if _copy(folder, slot, server, stop) else failures + 1
            _note_end(folder, tell)
            if failures >= TRIES:
                raise StackError(
                    f"The log cannot be copied. {folder / LOG} ends with:\n"
                    f"{processes.tail(folder / LOG)}"
                )


def _check(folder: Path, found: Follower) -> None:
    if found.is_lost:
        raise StackError(
            f"What {folder} lacks is gone: it was not followed for too long, or these are other "
            "databases than it was made of. Make a new backup with `--follow`."
        )
    (folder / FOLDER).mkdir(mode=0o700, exist_ok=True)
    wal.discard_unfilled(folder / FOLDER)
    there = wal.segments(folder / FOLDER)
    if flushed(folder) > (there[-1].number + 1 if there else 0) * wal.SEGMENT_BYTES:
        raise StackError(
            f"The newest segments are missing in {folder / FOLDER}: put them back, or make a new "
            "backup with `--follow`."
        )
    paths.need_free_space(folder, FREE_MEGABYTES)


def _copy(folder: Path, slot: str, server: Callable[[], Server], stop: threading.Event) -> bool:
    """Run pg_receivewal until it ends or we are told to stop; whether it copied anything."""
    at = server()
    child = processes.spawn(
        processes.Recipe(
            argv=[
                str(postgres_binaries.directory() / "pg_receivewal"),
                f"--directory={folder / FOLDER}",
                f"--host={at.host}",
                f"--port={at.port}",
                f"--username={at.superuser}",
                f"--slot={slot}",
                "--synchronous",  # on disk at once, not only when a segment is full
                "--no-loop",
                "--no-password",
            ],
            log=folder / LOG,
            folder=folder,
            environment={**os.environ, "PGPASSWORD": at.password, "PGAPPNAME": slot},
            on_parent_death=signal.SIGINT,
        )
    )
    copied = False
    try:
        while child.poll() is None and not stop.wait(LOOK_SECONDS):
            found = _look(server, slot)
            if found is not None and found.active:
                copied = True
                _remember(folder, found.flushed)
    finally:
        _end(child)
    return copied


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            processes.end(psutil.Process(child.pid), STOP_SECONDS, signal.SIGINT)
    child.wait(STOP_SECONDS)


def _note_end(folder: Path, tell: Tell) -> None:
    """Remember what came after the last look at the server: what has ended has synced it all."""
    try:
        _remember(folder, wal.on_disk(folder / FOLDER, flushed(folder)))
    except StackError as problem:  # no reason to stop following; a restore reads it all again
        tell(str(problem))


def _remember(folder: Path, position: int) -> None:
    """After a restart a segment is copied again from its beginning: what was known stays true."""
    newest = max(position, flushed(folder))
    text = f"{newest >> 32:X}/{newest & 0xFFFFFFFF:X}"
    paths.write_private(folder / STATE, json.dumps({"flushed": text}) + "\n")


def _look(server: Callable[[], Server], slot: str) -> Follower | None:
    """The archive as the server sees it now; None when it does not answer."""
    try:
        found = asyncio.run(followers(server()))
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return None
    unknown = Follower(slot, active=False, wal_status="lost", flushed=0, behind_bytes=None)
    return next((one for one in found if one.slot == slot), unknown)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "following.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"{folder} is followed already.") from None
        yield


async def _execute(server: Server, statement: str, name: str) -> None:
    connection = await server.connect()
    try:
        await connection.execute("SET synchronous_commit = 'local'")
        await connection.fetchval(statement, name)
    except asyncpg.PostgresError as problem:
        raise StackError(f"PostgreSQL keeps no place for an archive: {problem}.") from None
    finally:
        await connection.close()
