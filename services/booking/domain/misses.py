"""Who missed appointments too often cannot book online for a time; the office may pardon a miss."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from contracts.booking_entries import BookingPolicy
from contracts.ids import PersonId
from services.booking.domain.people_refusals import BlockedAfterMisses


@dataclass(frozen=True, slots=True)
class MissesOf:
    """Names what a person missed."""

    person_id: PersonId


@dataclass(frozen=True, slots=True)
class Misses:
    """The days of appointments that a person missed and that count. A look-up, never saved."""

    id: MissesOf
    days: tuple[date, ...] = ()


def blocked_until(days: Collection[date], rules: BookingPolicy, today: date) -> date | None:
    """The first day on which a person with these misses may book again; None when not blocked."""
    if rules.misses is None:
        return None
    within = timedelta(days=rules.misses.within_days)
    counted = sorted(day for day in days if day > today - within)
    if len(counted) < rules.misses.block_after:
        return None
    return counted[-rules.misses.block_after] + within


def must_not_be_blocked(
    states: Mapping[Hashable, Any], person_id: PersonId, rules: BookingPolicy, today: date
) -> None:
    """Raises BlockedAfterMisses."""
    found = states.get(MissesOf(person_id))
    days = found.days if isinstance(found, Misses) else ()
    until = blocked_until(days, rules, today)
    if until is not None:
        raise BlockedAfterMisses(until=until.isoformat())
