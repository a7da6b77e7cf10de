"""Keeps the part of the catalogue that queue needs: malls with their counters."""

from collections.abc import Sequence

from pydantic import ValidationError

from chassis.arrivals import Delivered, Rejected
from chassis.database import Tx
from contracts import entries
from contracts.catalogue import EntryPublished
from contracts.ids import MallId
from services.queue.domain.mall import Mall
from services.queue.store import malls


async def keep_catalogue(tx: Tx, batch: Sequence[Delivered]) -> Sequence[Rejected]:
    """Take over each mall, the newest revision last; other kinds of entries do not matter here."""
    newest: dict[MallId, Mall] = {}
    for delivered in batch:
        fact = delivered.fact
        if isinstance(fact, EntryPublished) and fact.kind == entries.Mall.kind:
            try:
                entry = entries.Mall.model_validate(fact.body)
            except ValidationError:
                detail = "the body is not a mall as contracts.entries has it"
                return [Rejected(delivered.arrival, "invalid_entry", detail)]
            counters = {counter.code: counter.services for counter in entry.counters}
            newest[entry.code] = Mall(entry.code, entry.zone, counters)
    await malls.save(tx, newest.values())
    return ()
