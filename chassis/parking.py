"""Where records wait that could not be applied, each with its reason, until they are re-driven.

A parked record holds back its own key and nothing else.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from chassis import metrics
from chassis.arrivals import Arrival, Rejected, headers_from
from chassis.database import Tx
from chassis.errors import MALFORMED, KeyReused

# Records with these reasons are not at fault: they wait for one that is missing or parked.
GAP = "gap"
BEHIND = "behind"
# All that the chassis itself puts records aside for; a subscription may have more of its own.
REASONS = (
    GAP,
    BEHIND,
    "conflict",
    "handler_failed",
    "malformed_envelope",
    "unknown_event",
    "wrong_topic",
    KeyReused.code,
    *MALFORMED,
)

_PARK = """
INSERT INTO parked (consumer, topic, partition, "offset", key, headers, value, reason, detail,
                    blocking)
SELECT $1, * FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::text[], $6::text[],
                         $7::bytea[], $8::text[], $9::text[], $10::boolean[])
ON CONFLICT (consumer, topic, partition, "offset") DO NOTHING
"""
# The first blocking row of a key says why the key is held back.
_BLOCKED = """
SELECT DISTINCT ON (key) key, reason FROM parked
WHERE consumer = $1 AND key = ANY($2::text[]) AND blocking AND settled_at IS NULL ORDER BY key, id
"""
_OF_KEYS = """
SELECT id, topic, partition, "offset", key, headers, value FROM parked
WHERE consumer = $1 AND key = ANY($2::text[]) AND settled_at IS NULL ORDER BY id FOR UPDATE
"""
_SETTLE = """
UPDATE parked SET settled_at = clock_timestamp(), settled_by = $2 WHERE id = ANY($1::bigint[])
"""
_TO_DISMISS = """
SELECT blocking, reason FROM parked WHERE id = $1 AND settled_at IS NULL FOR UPDATE
"""
_LIST = """
SELECT id, consumer, topic, partition, "offset", key, reason, detail, blocking, parked_at
FROM parked WHERE settled_at IS NULL AND id > $1 ORDER BY id LIMIT $2
"""


async def park(tx: Tx, consumer: str, rejected: Sequence[Rejected], *, blocking: bool) -> None:
    """Put records aside in the transaction of their batch; what was parked before stays so."""
    news = [item for item in rejected if item.arrival.parked_id is None]
    if not news:
        return
    rows = [
        (
            item.arrival.topic,
            item.arrival.partition,
            item.arrival.offset,
            item.arrival.key,
            item.arrival.headers_text(),
            item.arrival.value,
            item.reason,
            item.detail,
            blocking and item.arrival.key != "",
        )
        for item in news
    ]
    await tx.execute(_PARK, consumer, *map(list, zip(*rows, strict=True)))
    for item in news:
        metrics.CONSUMER_PARKED(consumer, item.reason).inc()


async def blocked_keys(tx: Tx, consumer: str, keys: Iterable[str]) -> dict[str, str]:
    """The keys that are held back, each with the reason of the record that holds it back."""
    rows = await tx.fetch(_BLOCKED, consumer, list(set(keys)))
    return {row["key"]: row["reason"] for row in rows}


async def parked_under(tx: Tx, consumer: str, keys: Iterable[str]) -> list[Arrival]:
    """Everything that waits under these keys, in the order in which it came, locked."""
    wanted = list(keys)
    rows = await tx.fetch(_OF_KEYS, consumer, wanted) if wanted else []
    return [
        Arrival(
            row["topic"],
            row["partition"],
            row["offset"],
            row["key"],
            headers_from(row["headers"]),
            row["value"],
            row["id"],
        )
        for row in rows
    ]


async def settle(tx: Tx, arrivals: Iterable[Arrival], actor: str) -> int:
    """Mark what came out of the lot as dealt with; returns how many."""
    ids = [arrival.parked_id for arrival in arrivals if arrival.parked_id is not None]
    if ids:
        await tx.execute(_SETTLE, ids, actor)
    return len(ids)


async def dismiss(tx: Tx, parked_id: int, actor: str) -> bool | None:
    """Settle a record without applying it; None when it is not parked, True when it may not be."""
    row = await tx.fetchrow(_TO_DISMISS, parked_id)
    if row is None:
        return None
    if row["blocking"] or row["reason"] == BEHIND:
        return True
    await tx.execute(_SETTLE, [parked_id], actor)
    return False


async def waiting(tx: Tx, *, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """What is parked now, a page at a time, without the records' contents."""
    return [dict(row) for row in await tx.fetch(_LIST, after, limit)]


async def place_of(tx: Tx, parked_id: int) -> tuple[str, str] | None:
    """The consumer and key of a parked record that is not settled yet."""
    row = await tx.fetchrow(
        "SELECT consumer, key FROM parked WHERE id = $1 AND settled_at IS NULL", parked_id
    )
    return (row["consumer"], row["key"]) if row is not None else None
