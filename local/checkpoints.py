"""Checkpoints that the ledger has published on Kafka, held against what its database says now.

A database that was restored to an earlier moment agrees with itself; only what was kept outside it
tells that it went back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from chassis import kafka
from contracts.ledger import CheckpointRecorded

_NAME = "ledger-checkpoints"
_DIGESTS = "SELECT seq, digest FROM entries WHERE seq = ANY($1::bigint[])"


@dataclass(frozen=True, order=True)
class Kept:
    """The ledger has said that its first `size` entries sum up to `digest` (SHA-256, hex)."""

    size: int
    digest: str


async def published(where: kafka.Where) -> list[Kept]:
    """What Kafka holds. Raises TimeoutError when it stops answering."""
    found: set[Kept] = set()
    reader = kafka.new_reader(where, _NAME)
    await reader.start()
    try:
        places = await kafka.partitions(where, _NAME, [CheckpointRecorded.topic])
        async for records in kafka.all_records(reader, places):
            for record in records:
                fact = CheckpointRecorded.model_validate_json(record.value)
                found.add(Kept(fact.size, fact.digest))
    finally:
        await reader.stop()
    return sorted(found)


async def differences(
    ledger: "asyncpg.Connection[asyncpg.Record]", kept: Sequence[Kept]
) -> list[str]:
    """One sentence for each checkpoint that the database of the ledger contradicts."""
    size = await ledger.fetchval("SELECT size FROM running") or 0
    rows = await ledger.fetch(_DIGESTS, [one.size for one in kept])
    digests = {row["seq"]: row["digest"].hex() for row in rows}
    found = []
    for one in kept:
        if one.size > size:
            found.append(
                f"a checkpoint tells of {one.size} entries, the ledger holds {size}: "
                "it was rolled back"
            )
        elif one.size > 0 and digests.get(one.size) != one.digest:
            found.append(
                f"a checkpoint sums up {one.size} entries to another digest than the ledger: "
                "its past was changed, or it was rolled back and went on"
            )
    return found
