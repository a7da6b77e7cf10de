"""Reading and writing the ledger within a transaction. Order of locks: the whole, then chains."""

from collections.abc import Hashable, Sequence
from typing import Any

from chassis.database import Tx, add_rows, save_rows
from services.ledger import tables
from services.ledger.domain.chain import Chain, ChainId, Entry, Running, RunningId

_LOCK_RUNNING = "SELECT size, digest FROM running FOR UPDATE"
_SAVE_RUNNING = "UPDATE running SET size = $1, digest = $2"
# No lock of their own: who changes a chain holds the lock of the whole.
_LOAD_CHAINS = "SELECT chain, length, head FROM chains WHERE chain = ANY($1::text[])"


async def load_many(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The running state, locked until the end of the transaction, and the chains of these keys."""
    running = await tx.fetchrow(_LOCK_RUNNING)
    states: dict[Hashable, Any] = {RunningId(): Running(running["size"], running["digest"])}
    wanted = [key.key for key in keys if isinstance(key, ChainId)]
    for row in await tx.fetch(_LOAD_CHAINS, wanted) if wanted else []:
        chain = Chain(ChainId(row["chain"]), row["length"], row["head"])
        states[chain.id] = chain
    return states


async def save_many(tx: Tx, states: Sequence[Any]) -> None:
    """Write down what is new. Checkpoints stand in the log already."""
    entries = [_row_of(state) for state in states if isinstance(state, Entry)]
    chains = [state for state in states if isinstance(state, Chain)]
    await add_rows(tx, tables.ENTRIES, entries)
    await save_rows(
        tx, tables.CHAINS, [(chain.id.key, chain.length, chain.head) for chain in chains]
    )
    for state in states:
        if isinstance(state, Running):  # there is one at most
            await tx.execute(_SAVE_RUNNING, state.size, state.digest)


def _row_of(entry: Entry) -> tuple[object, ...]:
    record = entry.record
    return (
        entry.seq,
        record.key,
        entry.position,
        record.event_id,
        record.type,
        record.topic,
        record.recorded_at,
        record.headers,
        record.value,
        entry.record_hash,
        entry.previous_hash,
        entry.hash,
        entry.digest,
    )
