"""Reads for people: chains, pages of entries, the newest checkpoint, the check of everything."""

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Column, Text, column, select, table
from sqlalchemy.engine import RowMapping

from chassis.database import Database, Tx
from contracts.ids import CheckpointId
from contracts.ledger import CheckpointRecorded
from services.ledger.domain.audit import Checkpoint, Link, Links, Report, Whole, report
from services.ledger.domain.chain import Entry, Record, Running
from services.ledger.tables import ENTRIES

_PAGE = 500
_LOG = table("event_log", column("seq"), Column("type", Text), column("payload"), column("time"))


class EntryView(BaseModel):
    """An entry with all that is needed to compute its hashes again; hashes are SHA-256 in hex."""

    seq: int
    chain: str
    position: int
    event_id: UUID
    type: str
    topic: str
    recorded_at: datetime | None
    headers: str = Field(description="The attributes of the fact, as the exact text that is hashed")
    value: str = Field(description="The exact bytes of the fact, in base64")
    record_hash: str
    previous_hash: str
    hash: str
    digest: str = Field(description="Sums up all entries up to this one")


class CheckpointView(BaseModel):
    """The ledger held `size` entries, and `digest` sums them up."""

    checkpoint_id: CheckpointId
    size: int
    digest: str
    at: datetime


async def chain(database: Database, key: str, after: int, limit: int) -> list[EntryView]:
    """The entries of one chain behind a position, in order."""
    statement = (
        select(ENTRIES)
        .where(ENTRIES.c.chain == key, ENTRIES.c.position > after)
        .order_by(ENTRIES.c.position)
        .limit(limit)
    )
    return [_view(row) for row in await database.fetch(statement)]


async def entries(database: Database, after: int, limit: int) -> list[EntryView]:
    """The entries behind a number, in order."""
    statement = select(ENTRIES).where(ENTRIES.c.seq > after).order_by(ENTRIES.c.seq).limit(limit)
    return [_view(row) for row in await database.fetch(statement)]


async def find_checkpoint(database: Database) -> CheckpointView | None:
    """The newest checkpoint, if there is any."""
    statement = (
        select(_LOG.c.payload, _LOG.c.time)
        .where(_LOG.c.type == CheckpointRecorded.wire_type())
        .order_by(_LOG.c.seq.desc())
        .limit(1)
    )
    for row in await database.fetch(statement):
        fact = CheckpointRecorded.model_validate_json(row["payload"])
        return CheckpointView(
            checkpoint_id=fact.checkpoint_id, size=fact.size, digest=fact.digest, at=row["time"]
        )
    return None


async def contradicted(
    database: Database, kept: Sequence[CheckpointRecorded]
) -> list[CheckpointRecorded]:
    """Those checkpoints that are not of this ledger as it is now: it is shorter, or was changed."""
    async with database.transaction() as tx:
        size = await tx.fetchval("SELECT size FROM running") or 0
        rows = await tx.fetch(_DIGESTS, [one.size for one in kept])
    digests = {0: Running().digest, **{row["seq"]: row["digest"] for row in rows}}
    return [
        one for one in kept if one.size > size or digests.get(one.size) != bytes.fromhex(one.digest)
    ]


_DIGESTS = "SELECT seq, digest FROM entries WHERE seq = ANY($1::bigint[])"


async def verify(database: Database, published: Sequence[Checkpoint] = ()) -> Report:
    """Compute everything again from the rows of one moment, and compare.

    `published` are checkpoints that were kept elsewhere; those in the ledger's log count anyway.
    Needs memory for one page of rows and the checkpoints, however long the ledger is.
    """
    async with database.transaction() as tx:
        await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        whole = Whole.against([*published, *await _checkpoints(tx)])
        async for row in _pages(tx, _ENTRY_PAGE, [0], ["seq"]):
            whole.take(_entry(row))
            if whole.flaw is not None:
                break
        running = await tx.fetchrow("SELECT size, digest FROM running")
        # Without its row the ledger claims to hold nothing.
        whole.end(Running(running["size"], running["digest"]) if running else Running())
        links = Links()
        async for row in _pages(tx, _LINK_PAGE, ["", 0], ["chain", "position"]):
            links.take(Link(**row))
        links.end([row["chain"] for row in await tx.fetch(_EMPTY_CHAINS)])
    return report(whole, links)


_CHECKPOINTS = "SELECT payload FROM event_log WHERE type = $1 ORDER BY seq"
_ENTRY_PAGE = "SELECT * FROM entries WHERE seq > $1 ORDER BY seq LIMIT $2"
_LINK_PAGE = """
SELECT seq, chain, position, previous_hash, hash, length, head
FROM entries LEFT JOIN chains USING (chain)
WHERE (chain, position) > ($1, $2) ORDER BY chain, position LIMIT $3
"""
_EMPTY_CHAINS = """
SELECT chain FROM chains
WHERE NOT EXISTS (SELECT FROM entries WHERE entries.chain = chains.chain) ORDER BY chain LIMIT 2
"""


async def _checkpoints(tx: Tx) -> list[Checkpoint]:
    rows = await tx.fetch(_CHECKPOINTS, CheckpointRecorded.wire_type())
    found = [json.loads(row["payload"]) for row in rows]
    return [Checkpoint(one["size"], bytes.fromhex(one["digest"])) for one in found]


async def _pages(
    tx: Tx, statement: str, start: list[Any], place: Sequence[str]
) -> AsyncIterator[Mapping[str, Any]]:
    """All rows, a page at a time, each page behind the last row of the one before."""
    behind = start
    while rows := await tx.fetch(statement, *behind, _PAGE):
        for row in rows:
            yield row
        behind = [rows[-1][name] for name in place]


def _entry(row: Mapping[str, Any]) -> Entry:
    record = Record(
        row["chain"],
        row["topic"],
        row["event_id"],
        row["type"],
        row["recorded_at"],
        row["headers"],
        row["value"],
    )
    return Entry(
        row["seq"],
        row["position"],
        record,
        row["record_hash"],
        row["previous_hash"],
        row["hash"],
        row["digest"],
    )


def _view(row: RowMapping) -> EntryView:
    hashes = {name: row[name].hex() for name in ("record_hash", "previous_hash", "hash", "digest")}
    plain = {name: row[name] for name in EntryView.model_fields if name not in {*hashes, "value"}}
    return EntryView(**plain, value=base64.b64encode(row["value"]).decode(), **hashes)
