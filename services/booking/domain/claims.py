"""Claims: "at most n live ones of X" as numbered seats.

Who is counted is a digest, which stands in no fact; so a claim is made from what the command asked
with, and stays with its appointment for as long as that counts.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import count

from contracts.booking_entries import BookingPolicy
from contracts.ids import AppointmentId, PersonId, ServiceCode, SessionId
from services.booking.domain.appointment import Appointment, Status
from services.booking.domain.policy import rules_of
from services.booking.domain.session import Session
from services.booking.domain.states import States, get_day, get_mall, get_session

_DIGEST_BYTES = 16
NOTED = 0
"""Instead of a highest number: nothing bounds it, so the claim is noted and takes no seat."""


class Kind(StrEnum):
    """What is counted."""

    SERVICE_DAY = "service_day"
    """A person, and an identity, with one service on one day."""
    PERSON_HOLD = "person_hold"
    PERSON_LIVE = "person_live"
    IDENTITY_LIVE = "identity_live"
    DEVICE_LIVE = "device_live"
    NETWORK_DAY = "network_day"


# What still counts at each point of an appointment's life. Who has come uses up nothing any more,
# except the one service of the day.
_LASTING: Mapping[Status, frozenset[Kind]] = {
    Status.HELD: frozenset(Kind),
    Status.REQUESTED: frozenset(Kind) - {Kind.PERSON_HOLD},
    Status.BOOKED: frozenset(Kind) - {Kind.PERSON_HOLD},
    Status.CHECKED_IN: frozenset({Kind.SERVICE_DAY}),
}


@dataclass(frozen=True, slots=True)
class Proofs:
    """Who asks, as digests with a key (in hexadecimal), as far as it is known."""

    identity: str | None = None
    device: str | None = None
    network: str | None = None


@dataclass(frozen=True, slots=True)
class ProofsOf:
    """Names what an appointment was asked for with."""

    appointment_id: AppointmentId


@dataclass(frozen=True, slots=True)
class Asked:
    """Asks for the seats that a new appointment in a session would have to find free.

    It is found again under `ProofsOf`; a look-up, never saved.
    """

    appointment_id: AppointmentId
    session_id: SessionId
    person_id: PersonId
    at: datetime
    also: tuple[ServiceCode, ...] = ()
    proofs: Proofs = field(default_factory=Proofs)

    @property
    def id(self) -> ProofsOf:
        """The key under which a decision finds it."""
        return ProofsOf(self.appointment_id)


@dataclass(frozen=True, slots=True)
class AskedToMove:
    """Asks for the seats that an appointment would have to find free in another session."""

    appointment_id: AppointmentId
    session_id: SessionId


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

    @property
    def identity(self) -> str | None:
        """The digest of the identity that the appointment was asked for with."""
        kind = Kind.IDENTITY_LIVE
        return next((claim.digest.hex() for claim in self.all if claim.kind is kind), None)


@dataclass(frozen=True, slots=True)
class Seats:
    """Which seats of a counted thing are taken. A look-up: claims are what is saved."""

    id: SeatsOf
    taken: frozenset[int] = frozenset()

    @property
    def lowest_free(self) -> int:
        """The first seat that nobody has."""
        return next(nth for nth in count(1) if nth not in self.taken)


def wanted(states: States, appointment: Appointment, at: datetime) -> Mapping[SeatsOf, int]:
    """What an appointment has to claim, each with the highest number of a seat, or NOTED."""
    if not appointment.status.is_live:
        return {}
    known = states.get(ClaimsOf(appointment.id))
    if isinstance(known, Claims):
        lasting = _LASTING[appointment.status]
        wants = {one.seats: one.most for one in known.live if one.kind in lasting}
        wants = {key: most for key, most in wants.items() if key.kind is not Kind.SERVICE_DAY}
        return wants | dict.fromkeys(on_its_day(appointment, known.identity), 1)
    asked = states.get(ProofsOf(appointment.id))
    proofs = asked.proofs if isinstance(asked, Asked) else Proofs()
    session = get_session(states, appointment.session_id)
    rules = rules_of(states, get_day(states, session.day_id))
    today = get_mall(states, session.mall).date_of(at)
    return first_wanted(appointment, proofs, rules, today)


def on_its_day(appointment: Appointment, identity: str | None) -> Iterable[SeatsOf]:
    """The seats for each of its services on its day."""
    whose = [str(appointment.person_id), *([identity] if identity else [])]
    return [
        service_day(who, service, appointment.service_date)
        for who in whose
        for service in appointment.services
    ]


def first_wanted(
    appointment: Appointment, proofs: Proofs, rules: BookingPolicy, today: date
) -> dict[SeatsOf, int]:
    """The seats of a new appointment. `today` is the day on the wall of the mall."""
    wants = dict.fromkeys(on_its_day(appointment, proofs.identity), 1)
    limits, person = rules.limits, appointment.person_id.bytes
    if appointment.status is Status.HELD and appointment.wait_id is None:
        wants[SeatsOf(Kind.PERSON_HOLD, person)] = rules.hold.most_live
    if limits.person_live is not None:
        wants[SeatsOf(Kind.PERSON_LIVE, person)] = limits.person_live
    if proofs.identity is not None:
        identity = bytes.fromhex(proofs.identity)
        wants[SeatsOf(Kind.IDENTITY_LIVE, identity)] = limits.identity_live or NOTED
    if appointment.channel == "online":
        if proofs.device is not None:
            device = bytes.fromhex(proofs.device)
            wants[SeatsOf(Kind.DEVICE_LIVE, device)] = limits.device_live or NOTED
        if proofs.network is not None:
            network = network_digest(proofs.network, today)
            wants[SeatsOf(Kind.NETWORK_DAY, network)] = limits.network_day or NOTED
    lasting = _LASTING[appointment.status]
    return {key: most for key, most in wants.items() if key.kind in lasting}


def asked_for(
    asked: Asked, session: Session, rules: BookingPolicy, today: date
) -> Iterable[SeatsOf]:
    """All seats that this wish may need, whatever becomes of it."""
    would_be = Appointment(
        asked.appointment_id,
        1,
        session.id,
        asked.person_id,
        session.service,
        session.service_date,
        Status.HELD,
        also=" ".join(asked.also),
    )
    wants = first_wanted(would_be, asked.proofs, rules, today)
    return [key for key, most in wants.items() if most != NOTED]


def followed(states: States, appointment: Appointment, at: datetime) -> Iterable[Claims | Seats]:
    """The claims of an appointment after it has changed, and the seats that changed with them."""
    known = states.get(ClaimsOf(appointment.id)) or Claims(ClaimsOf(appointment.id))
    wants = wanted(states, appointment, at)
    claims: dict[SeatsOf, Claim] = {}
    for claim in known.all:
        if claim.live and claim.seats not in wants:
            claims[claim.seats] = replace(claim, live=False, at=at)
            seats = states.get(claim.seats)
            if isinstance(seats, Seats):
                yield Seats(seats.id, seats.taken - {claim.nth})
        else:
            claims[claim.seats] = claim
    for key, most in wants.items():
        if most == NOTED:
            claims[key] = Claim(appointment.id, key.kind, key.digest, 1, 1, live=False, at=at)
        elif key not in claims or not claims[key].live:
            seats = seats_of(states, key)
            nth = seats.lowest_free
            claims[key] = Claim(appointment.id, key.kind, key.digest, nth, most, live=True, at=at)
            yield Seats(key, seats.taken | {nth})
    yield Claims(known.id, tuple(claims.values()))


def seats_of(states: States, key: SeatsOf) -> Seats:
    """The seats of a counted thing; perhaps none is taken."""
    found = states.get(key)
    return found if isinstance(found, Seats) else Seats(key)


def service_day(who: str, service: ServiceCode, service_date: date) -> SeatsOf:
    """The one seat of somebody with a service on a day."""
    return SeatsOf(Kind.SERVICE_DAY, _digest(f"{who}|{service}|{service_date.isoformat()}"))


def network_digest(network: str, today: date) -> bytes:
    """Of an address on a day: nobody is followed from day to day."""
    return _digest(f"{network}|{today.isoformat()}")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:_DIGEST_BYTES]
