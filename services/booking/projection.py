"""Keeps the part of the catalogue that booking needs: malls and services. Newest revision wins."""

from collections.abc import Hashable, Sequence

from pydantic import ValidationError

from chassis.arrivals import Delivered, Rejected
from chassis.database import Tx
from contracts import entries
from contracts.catalogue import EntryPublished
from services.booking.domain.offer import Mall, Service
from services.booking.store import offers


async def keep_catalogue(tx: Tx, batch: Sequence[Delivered]) -> Sequence[Rejected]:
    """Take over each mall and service; other kinds of entries do not matter here."""
    newest: dict[Hashable, Mall | Service] = {}
    for delivered in batch:
        if isinstance(delivered.fact, EntryPublished):
            try:
                offer = _offer(delivered.fact)
            except ValidationError:
                detail = f"the body is not a {delivered.fact.kind} as contracts.entries has it"
                return [Rejected(delivered.arrival, "invalid_entry", detail)]
            if offer is not None:
                newest[offer.id] = offer
    await offers.save(tx, newest.values())
    return ()


def _offer(fact: EntryPublished) -> Mall | Service | None:
    match fact.kind:
        case "mall":
            mall = entries.Mall.model_validate(fact.body)
            return Mall(
                mall.code,
                mall.zone,
                mall.agencies,
                opens_at=mall.opens_at,
                closes_at=mall.closes_at,
                counters=tuple(one.model_dump(mode="json") for one in mall.counters),
            )
        case "service":
            service = entries.Service.model_validate(fact.body)
            return Service(service.code, service.agency)
        case _:
            return None
