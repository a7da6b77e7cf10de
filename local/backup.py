"""A copy of all databases of one moment with the keys that belong to it, and the way back.

The copy is PostgreSQL's own base backup: all databases of one server, made while it works, so that
positions, inboxes and logs of all services fit together. Kafka is not copied: it is filled again
from the event logs.
"""

import asyncio
import hashlib
import json
import os
import shutil
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from chassis import clock
from local import credentials, following, paths, postgres_binaries, replay, stack, state, wal
from local.databases import Server
from local.errors import StackError
from local.plan import SERVICES
from local.postgres import Postgres

_KEPT = ("identity", "postgres/passwords.json", "postgres/superuser-password")
_MANIFEST, _DATA, _KEYS = "loket-backup.json", "data", "keys"
_FORMAT = 1


@dataclass(frozen=True)
class Backup:
    """What a backup holds; `facts` counts those that were there when it began."""

    made_at: str
    postgres: str
    facts: dict[str, int]
    sha256: dict[str, str]
    slot: str = ""
    """Where PostgreSQL remembers how far the folder has followed; empty when it does not."""


@dataclass(frozen=True)
class Restored:
    """A backup that is back, the folders set aside, and the last commit that was replayed."""

    backup: Backup
    aside: list[Path]
    last_commit: datetime | None


def back_up(home: Path, target: Path, *, to_follow: bool = False) -> Backup:
    """Copy the running platform's databases and keys into a new folder. It holds secrets.

    With `to_follow` PostgreSQL keeps all that comes after it, until `follow` copies that, too.
    Raises StackError when nothing runs, the folder exists already, or the copy fails.
    """
    found = state.read(home)
    if found is None or not state.is_running(home) or not found.database:
        raise StackError("Nothing is running: a backup is made of a running platform.")
    if target.exists():
        raise StackError(f"{target} exists already: name a new folder.")
    postgres = stack.postgres_of(found)
    # First, so that nothing between copy and following is thrown away.
    slot = asyncio.run(following.make_slot(postgres.server)) if to_follow else ""
    try:
        return _back_up(home, postgres, target, slot)
    except BaseException:
        if slot:
            asyncio.run(following.drop_slot(postgres.server, slot))
        raise


def follow(home: Path, source: Path, stop: threading.Event, tell: following.Tell) -> None:
    """Copy PostgreSQL's log into the folder of a backup until told to stop.

    Raises StackError when the backup was not made for it, or following cannot be continued.
    """
    slot = _manifest(source).slot
    if not slot:
        raise StackError(f"{source} was made without `--follow`: name a new folder.")

    def server() -> Server:
        found = state.read(home)
        if found is None or not found.database:
            raise FileNotFoundError(state.file_of(home))
        return stack.postgres_of(found).server

    following.follow(source, slot, server, stop, tell)


def _back_up(home: Path, postgres: Postgres, target: Path, slot: str) -> Backup:
    facts, version = asyncio.run(_count(postgres))
    part = target.with_name(f"{target.name}.part")
    paths.remove(part)
    part.mkdir(mode=0o700, parents=True)
    server = postgres.server
    postgres_binaries.run(
        "pg_basebackup",
        f"--host={server.host}",
        f"--port={server.port}",
        f"--username={server.superuser}",
        f"--pgdata={part / _DATA}",
        "--checkpoint=fast",
        "--wal-method=stream",
        "--manifest-checksums=SHA256",
        "--no-password",
        password=server.password,
    )
    for name in _KEPT:
        _copy(home / name, part / _KEYS / name)
    made = Backup(clock.now().isoformat(), version, facts, _digests(part), slot)
    content = {"format": _FORMAT, **vars(made)}
    paths.write_private(part / _MANIFEST, json.dumps(content, indent=1, sort_keys=True) + "\n")
    part.rename(target)
    return made


def restore(home: Path, source: Path, *, incomplete: bool = False) -> Restored:
    """Put a backup in the place of databases and keys, and replay what was archived after it.

    Kafka's data are set aside, too: they may hold facts that came after what is restored, and no
    event log knows these any more. `incomplete` accepts a log with gaps or damage and replays it up
    to there. Raises StackError while the platform runs, or when the backup was changed or belongs
    to another version of PostgreSQL; then nothing has been touched.
    """
    with state.only_daemon(home) as alone:
        if not alone:
            raise StackError("The platform is running: stop it first with `loket down`.")
        made = verify(source)
        log = _archived(source, incomplete=incomplete) if made.slot else None
        paths.need_free_space(home, 2 * _megabytes(source))
        revoked = credentials.revoked(home)
        aside = _set_aside(home)
        (home / "postgres").mkdir()  # another user enters it to reach the data
        for name in _KEPT:
            _copy(source / _KEYS / name, home / name)
        for principal in revoked:  # after the backup, too
            credentials.revoke(home, principal)
        _put_data(Postgres(home / "postgres"), source / _DATA, log)
        timeline = wal.span_of(source / _DATA).timeline
        last = replay.replay(home / "postgres", log, timeline) if log else None
        return Restored(made, aside, last)


def verify(source: Path) -> Backup:
    """What a backup holds, after every file was compared with its hash. Raises StackError."""
    made = _manifest(source)
    if _digests(source) != made.sha256:
        raise StackError(f"{source} was changed after it was made: use another backup.")
    postgres_binaries.run("pg_verifybackup", "--quiet", str(source / _DATA))
    return made


def _manifest(source: Path) -> Backup:
    try:
        content: dict[str, Any] = json.loads((source / _MANIFEST).read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT:
            raise StackError(f"{source} was made by another version of this program.")
        return Backup(**content)
    except (OSError, ValueError, TypeError, KeyError) as problem:
        raise StackError(f"{source} is no complete backup: {problem}.") from None


def _archived(source: Path, *, incomplete: bool) -> wal.Log:
    """What came after a backup, every record of it read."""
    needed = wal.span_of(source / _DATA)
    log = wal.read(source / following.FOLDER, needed, following.flushed(source))
    if log.problem and not incomplete:
        raise StackError(
            f"The log in {source / following.FOLDER} is not whole: {log.problem}. Put back what is "
            "missing, or restore what comes before it with `--incomplete`."
        )
    return log


async def _count(postgres: Postgres) -> tuple[dict[str, int], str]:
    facts, version = {}, ""
    for service in SERVICES:
        connection = await postgres.server.connect(service)
        try:
            facts[service] = await connection.fetchval("SELECT count(*) FROM event_log")
            version = await connection.fetchval("SHOW server_version")
        except asyncpg.PostgresError as problem:
            raise StackError(f"The database of {service} cannot be read: {problem}.") from None
        finally:
            await connection.close()
    return facts, version


def _set_aside(home: Path) -> list[Path]:
    """Nothing is deleted: what was there before may be needed to find out what happened."""
    stamp = clock.now().strftime("%Y%m%dT%H%M%S")
    data = Postgres(home / "postgres").data
    aside = []
    for folder in (data, home / "postgres", home / "identity", home / "kafka"):
        if folder.exists():
            place = folder.with_name(f"{folder.name}.before-{stamp}")
            folder.rename(place)
            aside.append(place)
    return aside


def _put_data(postgres: Postgres, source: Path, log: wal.Log | None) -> None:
    if postgres.data_moved:
        paths.claim(postgres.data.parent)
        paths.write_private(postgres.folder / "data-moved-to", str(postgres.data))
    shutil.copytree(source, postgres.data, symlinks=True)
    postgres.data.chmod(0o700)
    if log is not None:
        replay.put_segments(postgres.data, log)
    who = postgres_binaries.identity()
    if who.uid is not None and who.gid is not None:
        for file in [postgres.data, *postgres.data.rglob("*")]:
            os.chown(file, who.uid, who.gid, follow_symlinks=False)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("lock"))
        target.chmod(0o700)
    else:
        shutil.copy2(source, target)


def _digests(folder: Path) -> dict[str, str]:
    """Of the keys and of PostgreSQL's own manifest, which has those of all data files."""
    files = [
        folder / _DATA / "backup_manifest",
        *(file for file in sorted((folder / _KEYS).rglob("*")) if file.is_file()),
    ]
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.exists()
    }


def _megabytes(folder: Path) -> int:
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return size // 1_000_000 + 1
