"""Claims: "at most n live ones of X" as numbered seats.

Who is counted is a digest, which stands in no fact; so a claim is made from what the command asked
with, and stays with its appointment until that ends.
"""

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import count
from typing import Any

from contracts.ids import AppointmentId, PersonId, ServiceCode, SessionId
from services.booking.domain.appointment import Appointment
from services.booking.domain.session import Session

_DIGEST_BYTES = 16


class Kind(StrEnum):
    """What is counted."""

    SERVICE_DAY = "service_day"
    """A person, or an identity, with one service on one day."""


@dataclass(frozen=True, slots=True)
class ClaimsOf:
    """Names the claims of an appointment."""

    appointment_id: AppointmentId


@dataclass(frozen=True, slots=True)
class SeatsOf:
    """Names the seats of one counted thing."""

    kind: Kind
    digest: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """Asks for the seats that a new appointment in a session would have to find free."""

    appointment_id: AppointmentId
    session_id: SessionId
    person_id: PersonId
    also: tuple[ServiceCode, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """The seat `nth` of at most `most`, taken by an appointment while it is live."""

    appointment_id: AppointmentId
    kind: Kind
    digest: bytes
    nth: int
    most: int
    live: bool
    at: datetime

    @property
    def seats(self) -> SeatsOf:
        """Among which seats it is one."""
        return SeatsOf(self.kind, self.digest)


@dataclass(frozen=True, slots=True)
class Claims:
    """All claims of an appointment."""

    id: ClaimsOf
    all: tuple[Claim, ...] = ()

    @property
    def live(self) -> Iterator[Claim]:
        """Those that count."""
        return (claim for claim in self.all if claim.live)


@dataclass(frozen=True, slots=True)
class Seats:
    """Which seats of a counted thing are taken. A look-up: claims are what is saved."""

    id: SeatsOf
    taken: frozenset[int] = frozenset()

    @property
    def lowest_free(self) -> int:
        """The first seat that nobody has."""
        return next(nth for nth in count(1) if nth not in self.taken)


def service_day(who: str, service: ServiceCode, service_date: date) -> SeatsOf:
    """The one seat of somebody with a service on a day."""
    text = f"{who}|{service}|{service_date.isoformat()}"
    return SeatsOf(Kind.SERVICE_DAY, hashlib.sha256(text.encode()).digest()[:_DIGEST_BYTES])


def wanted(appointment: Appointment) -> Mapping[SeatsOf, int]:
    """The seats that an appointment takes, each with the highest number that it may have."""
    if not appointment.status.is_live:
        return {}
    return {
        service_day(str(appointment.person_id), service, appointment.service_date): 1
        for service in appointment.services
    }


def asked_for(asked: Asked, session: Session) -> Iterable[SeatsOf]:
    """The seats that a new appointment in this session would need."""
    who = str(asked.person_id)
    return [
        service_day(who, service, session.service_date)
        for service in (session.service, *asked.also)
    ]


def followed(
    states: Mapping[Hashable, Any], appointment: Appointment, at: datetime
) -> Iterable[Claims | Seats]:
    """The claims of an appointment after it has changed, and the seats that changed with them."""
    known = states.get(ClaimsOf(appointment.id)) or Claims(ClaimsOf(appointment.id))
    wants = wanted(appointment)
    claims: dict[SeatsOf, Claim] = {}
    for claim in known.all:
        if claim.live and claim.seats not in wants:
            claims[claim.seats] = replace(claim, live=False, at=at)
            seats = states.get(claim.seats)
            if seats is not None:
                yield Seats(seats.id, seats.taken - {claim.nth})
        else:
            claims[claim.seats] = claim
    for key, most in wants.items():
        if key not in claims or not claims[key].live:
            seats = seats_of(states, key)
            nth = seats.lowest_free
            claims[key] = Claim(appointment.id, key.kind, key.digest, nth, most, live=True, at=at)
            yield Seats(key, seats.taken | {nth})
    yield Claims(known.id, tuple(claims.values()))


def seats_of(states: Mapping[Hashable, Any], key: SeatsOf) -> Seats:
    """The seats of a counted thing; perhaps none is taken."""
    found = states.get(key)
    return found if isinstance(found, Seats) else Seats(key)
