"""Brings restored data from the moment of their backup to the end of the archived log."""

import asyncio
import shutil
from datetime import datetime
from pathlib import Path

from local.errors import StackError
from local.postgres import Postgres
from local.postgres_settings import LAPTOP
from local.wal import Log, position

SECONDS = 3600.0
_SETTINGS = {
    **LAPTOP,
    # All segments lie in the data directory: `nobody` cannot read the archive itself.
    "restore_command": "false",
    "recovery_target_timeline": "latest",
    "hot_standby": "off",
}


def put_segments(data: Path, log: Log) -> None:
    """Lay the archived segments into a restored data directory, to be replayed at its next start.

    The base backup has the first of them, too; a partial one may hold less than that.
    """
    for one in log.segments:
        target = data / "pg_wal" / one.name
        if not (one.is_partial and target.exists() and _used(target) > _used(one.file)):
            shutil.copyfile(one.file, target)
            target.chmod(0o600)
    (data / "recovery.signal").touch(mode=0o600)


def replay(folder: Path, log: Log, timeline: int) -> datetime | None:
    """Start the server until it has replayed all, and stop it; when the last commit was.

    Raises StackError when it ended before the log did.
    """
    postgres = Postgres(folder, settings=_SETTINGS, start_seconds=SECONDS)
    last: datetime | None = asyncio.run(_replay(postgres))
    history = postgres.data / "pg_wal" / f"{timeline + 1:08X}.history"
    try:
        branched = history.read_text(encoding="utf-8").splitlines()[-1].split("\t")[1]
    except (OSError, IndexError) as problem:
        raise StackError(f"PostgreSQL did not finish the replay: {problem}.") from None
    if position(branched) < log.end and not log.problem:
        raise StackError(
            f"PostgreSQL replayed the log up to {branched} only; see {postgres.log}. Do not start "
            "the platform, restore again."
        )
    return last


async def _replay(postgres: Postgres) -> datetime | None:
    await postgres.start()
    try:
        connection = await postgres.server.connect()
        try:
            last: datetime | None = await connection.fetchval(
                "SELECT pg_last_xact_replay_timestamp()"
            )
        finally:
            await connection.close()
    finally:
        await postgres.stop()
    return last


def _used(segment: Path) -> int:
    """Bytes until only zeros follow."""
    return len(segment.read_bytes().rstrip(b"\0"))
