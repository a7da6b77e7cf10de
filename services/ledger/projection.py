"""What a fact of any service becomes here: one entry. The value is taken as it is, unread."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.arrivals import Delivered, Rejected
from chassis.database import Tx
from chassis.subscription import project
from services.ledger import store
from services.ledger.domain.chain import (
    Chain,
    ChainId,
    Entry,
    Record,
    Running,
    RunningId,
    append,
    canonical_headers,
)


async def record(tx: Tx, batch: Sequence[Delivered]) -> Sequence[Rejected]:
    """Append the facts of a batch, in their order.

    A record without a number is no fact: repeats of it could not be told from news.
    """
    unnumbered = [delivered for delivered in batch if delivered.envelope.version is None]
    if unnumbered:
        detail = "ce_aggregateversion is missing"
        return [Rejected(one.arrival, "unnumbered_fact", detail) for one in unnumbered]
    return await _append_all(tx, batch)


def _keys(delivered: Delivered) -> Iterable[Hashable]:
    return [RunningId(), ChainId(delivered.arrival.key)]


def _fold(rows: Mapping[Hashable, Any], delivered: Delivered) -> tuple[Entry, Chain, Running]:
    chain_id = ChainId(delivered.arrival.key)
    return append(rows[RunningId()], rows.get(chain_id) or Chain(chain_id), _record_of(delivered))


def _record_of(delivered: Delivered) -> Record:
    arrival, envelope = delivered.arrival, delivered.envelope
    return Record(
        arrival.key,
        arrival.topic,
        UUID(int=envelope.id.int),
        envelope.type,
        envelope.recorded_at,
        canonical_headers(arrival.headers),
        arrival.value,
    )


_append_all = project(_keys, store.load_many, _fold, store.save_many)
