"""Keeps the part of the catalogue that booking needs. Newest revision wins.

Of opening hours every revision stays, with the time since when it was known.
"""

from collections.abc import Hashable, Mapping, Sequence

from pydantic import ValidationError

from chassis.arrivals import Delivered, Rejected
from chassis.database import Tx, Values
from contracts import entries
from contracts.catalogue import EntryPublished
from contracts.entry_base import Entry
from services.booking.domain.offer import Mall, Service
from services.booking.store import offers, offices

_SHOWN: Mapping[str, type[Entry]] = {
    "agency": entries.Agency,
    "calendar": entries.Calendar,
    "mall": entries.Mall,
    "service": entries.Service,
}


async def keep_catalogue(tx: Tx, batch: Sequence[Delivered]) -> Sequence[Rejected]:
    """Take over malls, services, weeks of agencies and calendars; the rest does not matter."""
    newest: dict[Hashable, Mall | Service] = {}
    kept: dict[tuple[str, str], Entry] = {}
    hours: list[Values] = []
    for delivered in batch:
        if isinstance(delivered.fact, EntryPublished):
            try:
                offer, entry = _offer(delivered.fact), _entry(delivered.fact)
            except ValidationError:
                detail = f"the body is not a {delivered.fact.kind} as contracts.entries has it"
                return [Rejected(delivered.arrival, "invalid_entry", detail)]
            if offer is not None:
                newest[offer.id] = offer
            if isinstance(offer, Mall):
                known_at = delivered.envelope.time
                revision = delivered.fact.revision
                hours.append((offer.id, revision, offer.opens_at, offer.closes_at, known_at))
            if entry is not None:
                kept[entry.kind, entry.entry_code] = entry
    await offers.save(tx, newest.values())
    await offices.keep_hours(tx, hours)
    await offices.save(tx, kept.values())
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


def _entry(fact: EntryPublished) -> Entry | None:
    """What is kept for those who read: opening hours, calendars, names."""
    model = _SHOWN.get(fact.kind)
    return None if model is None else model.model_validate(fact.body)
