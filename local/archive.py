"""Old blocks of the event logs leave for files, and come back from them.

A block leaves when nothing in it is still to be done or proved: every fact was acknowledged by
Kafka and is older than the months asked for, and the ledger holds it, word for word, below its
newest checkpoint. The ledger's own log stays: its checkpoints are what the rest is proved by.
"""

import asyncio
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from local import stack, state
from local.errors import StackError
from local.plan import SERVICES

ARCHIVED = tuple(service for service in SERVICES if service != "ledger")
Progress = Callable[[str], None]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_PAGE = 5_000
_FORMAT = "loket.event_log.v1"
_FULL = """
SELECT name, first, behind FROM event_log_blocks
WHERE archived_at IS NULL AND behind <= pg_sequence_last_value(
    pg_get_serial_sequence('event_log', 'seq')::regclass) ORDER BY first
"""
_SIZE = """
SELECT count(*) AS facts, max(recorded_at) AS newest,
       (SELECT count(*) FROM unsent WHERE seq >= $1 AND seq < $2) AS unsent,
       coalesce(max(recorded_at) < now() - make_interval(months => $3), true) AS is_old
FROM event_log WHERE seq >= $1 AND seq < $2
"""
_LINES = """
SELECT seq, event_id, payload, to_jsonb(log)::text AS line
FROM event_log AS log WHERE seq >= $1 AND seq < $2 ORDER BY seq LIMIT $3
"""
_CHECKPOINT = "SELECT payload FROM event_log WHERE type = $1 ORDER BY seq DESC LIMIT 1"
_PROVED = "SELECT event_id, value FROM entries WHERE event_id = ANY($1::uuid[]) AND seq <= $2"
_LET_GO = "SELECT let_go_of_event_log_block($1, $2, $3, $4)"
_ARCHIVED = "SELECT * FROM event_log_blocks WHERE name = $1 AND archived_at IS NOT NULL FOR UPDATE"
_MAKE = "SELECT make_event_log_block($1, $2, $3)"
_FILL = """
INSERT INTO event_log OVERRIDING SYSTEM VALUE
SELECT (jsonb_populate_record(null::event_log, line::jsonb)).*
FROM unnest($1::text[]) AS line
"""
_UNMARK = """
UPDATE event_log_blocks SET archived_at = NULL, facts = NULL, newest = NULL, sha256 = NULL
WHERE name = $1
"""
# Letting go and attaching are short; whoever writes meanwhile waits at most as long as this.
_PATIENCE = "SET LOCAL lock_timeout = '5s'"


@dataclass(frozen=True)
class Block:
    """One block and its file. `kept_because` is empty when it left, or is ready to leave."""

    service: str
    name: str
    facts: int
    file: str = ""
    sha256: str = ""
    kept_because: str = ""


async def archive(home: Path, folder: Path, *, months: int, progress: Progress) -> list[Block]:
    """Move what may leave into files below `folder`; tells of every full block what became of it.

    Each block is written, read back and compared before it leaves the log. Raises StackError when
    nothing runs or a file is not what was written.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    found: list[Block] = []
    async with _connected(home, "ledger") as ledger:
        for service in ARCHIVED:
            async with _connected(home, service) as log:
                for row in await log.fetch(_FULL):
                    block = await _archive_one(log, ledger, service, row, folder, months)
                    progress(_told(block))
                    found.append(block)
    return found


async def _archive_one(  # noqa: PLR0913 - both databases, the block, and where it goes
    log: Connection, ledger: Connection, service: str, row: Any, folder: Path, months: int
) -> Block:
    name = row["name"]
    size = await log.fetchrow(_SIZE, row["first"], row["behind"], months)
    facts = size["facts"]
    if not size["is_old"]:
        return Block(service, name, facts, kept_because="too young")
    if size["unsent"]:
        because = f"{size['unsent']} facts are not on Kafka yet"
        return Block(service, name, facts, kept_because=because)
    file = folder / f"{service}-{row['first']}-{row['behind'] - 1}.jsonl.gz"
    part = file.with_suffix(".part")
    written, unproved = await _write(log, ledger, row, part)
    if unproved:
        part.unlink()
        because = f"the ledger has not proved {unproved} facts: make a checkpoint, or wait"
        return Block(service, name, facts, kept_because=because)
    _check_file(part, facts, written)
    manifest = {
        "format": _FORMAT,
        "service": service,
        "name": name,
        "facts": facts,
        "newest": size["newest"].isoformat() if facts else None,
        "sha256": written,
    }
    _keep(part, file, manifest)
    await _let_go(log, name, size, written)
    return Block(service, name, facts, str(file), written)


async def _write(log: Connection, ledger: Connection, row: Any, part: Path) -> tuple[str, int]:
    """Write a block as JSON lines; its digest, and how many of its facts are not proved."""
    size = await _proved_size(ledger)
    digest, unproved = hashlib.sha256(), 0
    with part.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed:
        async for rows in _pages(log, row["first"], row["behind"]):
            values = {
                entry["event_id"]: entry["value"]
                for entry in await ledger.fetch(_PROVED, [one["event_id"] for one in rows], size)
            }
            for fact in rows:
                unproved += values.get(fact["event_id"]) != fact["payload"].encode()
                line = fact["line"].encode() + b"\n"
                digest.update(line)
                packed.write(line)
    with part.open("rb") as written:
        os.fsync(written.fileno())
    return digest.hexdigest(), unproved


async def _pages(log: Connection, first: int, behind: int) -> AsyncIterator[list[Any]]:
    while rows := await log.fetch(_LINES, first, behind, _PAGE):
        yield rows
        first = rows[-1]["seq"] + 1


async def _proved_size(ledger: Connection) -> int:
    payload = await ledger.fetchval(_CHECKPOINT, "ledger.checkpoint_recorded.v1")
    return int(json.loads(payload)["size"]) if payload is not None else 0


def _check_file(file: Path, facts: int, sha256: str) -> None:
    """Raises StackError when the file does not hold what was written into it."""
    digest, lines = hashlib.sha256(), 0
    try:
        with gzip.open(file, "rb") as packed:
            for line in packed:
                digest.update(line)
                lines += 1
    except (OSError, EOFError, zlib.error) as problem:
        raise StackError(f"{file} cannot be read: {problem}.") from None
    if (lines, digest.hexdigest()) != (facts, sha256):
        raise StackError(f"{file} is not what was archived: use another copy.")


def _keep(part: Path, file: Path, manifest: dict[str, Any]) -> None:
    """The file under its name, and what belongs to it, safe on the disk."""
    told = json.dumps(manifest, indent=1) + "\n"
    file.with_suffix(".json").write_text(told, encoding="utf-8")
    part.rename(file)
    for place in (file.with_suffix(".json"), file.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


async def _let_go(log: Connection, name: str, size: Any, sha256: str) -> None:
    async with log.transaction():
        await log.execute(_PATIENCE)
        gone = await log.fetchval(_LET_GO, name, size["facts"], size["newest"], sha256)
        if not gone:  # somebody had facts sent again in the meantime
            raise StackError(f"{name} changed while it was archived; nothing was removed.")


async def bring_back(home: Path, file: Path) -> Block:
    """Put an archived block back into its log, where `loket reconcile` and readers find it again.

    Raises StackError when the file is not the one that was written when the block left.
    """
    try:
        manifest = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        service, name = manifest["service"], manifest["name"]
        if manifest["format"] != _FORMAT or service not in ARCHIVED:
            raise StackError(f"{file} was made by another version of this program.")
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise StackError(f"{file} is no archived block: {problem}.") from None
    async with _connected(home, service) as log, log.transaction():
        row = await log.fetchrow(_ARCHIVED, name)
        if row is None:
            raise StackError(f"The log of {service} does not miss {name}.")
        _check_file(file, row["facts"], row["sha256"])
        await log.execute(_PATIENCE)
        await log.fetchval(_MAKE, name, row["first"], row["behind"])
        await _fill(log, file)
        await log.execute(_UNMARK, name)
        return Block(service, name, row["facts"], str(file), row["sha256"])


async def _fill(log: Connection, file: Path) -> None:
    lines: list[str] = []
    with gzip.open(file, "rt", encoding="utf-8") as packed:
        for line in packed:
            lines.append(line)
            if len(lines) == _PAGE:
                await log.execute(_FILL, lines)
                lines.clear()
    if lines:
        await log.execute(_FILL, lines)


@asynccontextmanager
async def _connected(home: Path, service: str) -> AsyncIterator[Connection]:
    """The database of a service, as the role that owns its tables."""
    found = state.read(home)
    if found is None or not state.is_running(home) or not found.database:
        raise StackError("Nothing is running: start it with `loket up`.")
    connection = await stack.postgres_of(found).server.connect(service)
    try:
        await connection.fetchval("SELECT set_config('role', $1, false)", f"{service}_owner")
        yield connection
    finally:
        await connection.close()


def _told(block: Block) -> str:
    what = f"stays: {block.kept_because}" if block.kept_because else f"is in {block.file}"
    return f"{block.service}: {block.name} ({block.facts} facts) {what}"
