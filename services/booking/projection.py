"""Keeps the part of the catalogue that booking needs. Newest revision wins.

Of opening hours every revision stays, with the time since when it was known; of policies, too.
"""

from collections.abc import Hashable, Mapping, Sequence

from pydantic import ValidationError

from chassis.arrivals import Delivered, Rejected
from chassis.database import Tx, Values
from contracts import entries
from contracts.booking_entries import BookingPolicy, SessionPlan
from contracts.catalogue import EntryPublished
from contracts.entry_base import Entry
from services.booking.domain.offer import Mall, Service
from services.booking.domain.policy import Policy, PolicyKey
from services.booking.store import offers, offices, policies

_SHOWN: Mapping[str, type[Entry]] = {
    "agency": entries.Agency,
    "calendar": entries.Calendar,
    "mall": entries.Mall,
    "service": entries.Service,
}
_Ruling = Mall | Service | Policy | SessionPlan


async def keep_catalogue(tx: Tx, batch: Sequence[Delivered]) -> Sequence[Rejected]:
    """Take over what booking decides by, and what it shows of offices; the rest does not matter."""
    newest: dict[Hashable, _Ruling] = {}
    kept: dict[tuple[str, str], Entry] = {}
    hours: list[Values] = []
    for delivered in batch:
        if isinstance(delivered.fact, EntryPublished):
            try:
                ruling, entry = _ruling(delivered.fact), _entry(delivered.fact)
            except ValidationError:
                detail = f"the body is not a {delivered.fact.kind} as contracts.entries has it"
                return [Rejected(delivered.arrival, "invalid_entry", detail)]
            if ruling is not None:
                newest[_key(ruling)] = ruling
            if isinstance(ruling, Mall):
                known_at = delivered.envelope.time
                revision = delivered.fact.revision
                hours.append((ruling.id, revision, ruling.opens_at, ruling.closes_at, known_at))
            if entry is not None:
                kept[entry.kind, entry.entry_code] = entry
    await offers.save(tx, newest.values())
    await policies.save(tx, newest.values())
    await offices.keep_hours(tx, hours)
    await offices.save(tx, kept.values())
    return ()


def _key(ruling: _Ruling) -> Hashable:
    if isinstance(ruling, SessionPlan):
        return ruling.mall, ruling.service
    return ruling.id


def _ruling(fact: EntryPublished) -> _Ruling | None:
    match fact.kind:
        case "mall":
            return _mall(entries.Mall.model_validate(fact.body))
        case "service":
            service = entries.Service.model_validate(fact.body)
            return Service(service.code, service.agency, service.minutes, " ".join(service.after))
        case "booking_policy":
            rules = BookingPolicy.model_validate(fact.body)
            return Policy(PolicyKey(rules.code, rules.revision), rules.revision, rules)
        case "session_plan":
            return SessionPlan.model_validate(fact.body)
        case _:
            return None


def _mall(mall: entries.Mall) -> Mall:
    return Mall(
        mall.code,
        mall.zone,
        mall.agencies,
        mall.booking_policy,
        tuple(one.model_dump(mode="json") for one in mall.bookings),
        mall.opens_at,
        mall.closes_at,
        tuple(one.model_dump(mode="json") for one in mall.counters),
        tuple(one.model_dump(mode="json") for one in mall.walking),
    )


def _entry(fact: EntryPublished) -> Entry | None:
    """What is kept for those who read: opening hours, calendars, names."""
    model = _SHOWN.get(fact.kind)
    return None if model is None else model.model_validate(fact.body)
