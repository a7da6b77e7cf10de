"""What the day has in store besides visitors: who works where, who is absent, what breaks when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from catalogue import load as catalogue
from contracts.booking_entries import BookingPolicy
from contracts.entries import Mall, Service
from simulator.day.picture import Trouble
from simulator.day.visits import Opening

MALL = "mpp-sehari"
BY_LOT = "undian"
"""Under this policy places are drawn a week before; the day's visitors come without one."""
ABSENT = "kua"
"""This agency never opens; the platform says so five minutes after the hour."""
LATE, LATE_MINUTES = "imigrasi", 12
SYSTEM_DOWN, SYSTEM_DOWN_AT, SYSTEM_DOWN_MINUTES = "POL-SIM", time(11, 0), 45
"""The counters of this service pause, with a supervisor's approval: their own system is away."""
LINK_DOWN_AT, LINK_DOWN_MINUTES = time(10, 30), 20
"""The mall has no link, and queue is killed meanwhile: the kiosk goes on by itself."""
REST_FROM, REST_MINUTES = time(11, 45), 15
_REST_EVERY_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Shift:
    """One counter on this day. It never opens when `opens_at` is None."""

    counter: str
    agency: str
    services: tuple[str, ...]
    opens_at: datetime | None
    rests_at: datetime


@dataclass(frozen=True, slots=True)
class Script:
    """The whole day, before anybody has come."""

    mall: str
    name: str
    opening: Opening
    zone: ZoneInfo
    shifts: Sequence[Shift]
    agency_of: Mapping[str, str]
    kept_back: Mapping[str, Sequence[int]]
    """By service: percent of a session's places that are for other channels than online."""
    link_down: Trouble
    troubles: Sequence[Trouble]

    @property
    def eve(self) -> datetime:
        """When appointments are made: ten o'clock on the day before."""
        return self.opening.opens_at - timedelta(days=1) + timedelta(hours=2)

    @property
    def hours(self) -> int:
        """Length of the day, whole hours."""
        return -((self.opening.opens_at - self.opening.closes_at) // timedelta(hours=1))


def written_for(day: date) -> Script:
    """The script of this day in the mall of the catalogue that is there for it."""
    entries = [loaded.entry for loaded in catalogue.read(catalogue.DATA).loaded]
    mall = next(entry for entry in entries if isinstance(entry, Mall) and entry.code == MALL)
    agency_of = {
        str(entry.code): str(entry.agency) for entry in entries if isinstance(entry, Service)
    }
    zone = ZoneInfo(mall.zone)

    terms = {str(one.code): one for one in entries if isinstance(one, BookingPolicy)}
    named = {str(one.service): str(one.policy) for one in mall.bookings}

    def at(clock: time) -> datetime:
        return datetime.combine(day, clock, zone)

    services = sorted({str(service) for counter in mall.counters for service in counter.services})
    drawn = {service for service, policy in named.items() if policy == BY_LOT}
    kept_back = {
        service: _kept_back(terms.get(named.get(service, str(mall.booking_policy))))
        for service in services
    }
    opening = Opening(at(mall.opens_at), at(mall.closes_at), tuple(services), frozenset(drawn))
    shifts = [
        _shift(place, counter.code, tuple(map(str, counter.services)), opening, agency_of)
        for place, counter in enumerate(mall.counters)
    ]
    link_down = Trouble(
        "no link, and queue killed",
        at(LINK_DOWN_AT),
        at(LINK_DOWN_AT) + timedelta(minutes=LINK_DOWN_MINUTES),
    )
    down = at(SYSTEM_DOWN_AT)
    troubles = (
        Trouble("never opened", opening.opens_at, opening.closes_at, ABSENT),
        Trouble(
            f"opened {LATE_MINUTES} minutes late",
            opening.opens_at,
            opening.opens_at + timedelta(minutes=LATE_MINUTES),
            LATE,
        ),
        link_down,
        Trouble(
            "its own system was down",
            down,
            down + timedelta(minutes=SYSTEM_DOWN_MINUTES),
            agency_of[SYSTEM_DOWN],
        ),
    )
    return Script(MALL, mall.name, opening, zone, shifts, agency_of, kept_back, link_down, troubles)


def _kept_back(policy: BookingPolicy | None) -> Sequence[int]:
    if policy is None or policy.channels is None:
        return ()
    return policy.channels.counter, policy.channels.partner


def _shift(
    place: int,
    counter: str,
    services: tuple[str, ...],
    opening: Opening,
    agency_of: Mapping[str, str],
) -> Shift:
    agency = agency_of[services[0]]
    late = timedelta(minutes=LATE_MINUTES if agency == LATE else 0)
    first_rest = datetime.combine(opening.opens_at.date(), REST_FROM, opening.opens_at.tzinfo)
    return Shift(
        counter,
        agency,
        services,
        None if agency == ABSENT else opening.opens_at + late,
        # One after the other, so that no service stands still for long.
        first_rest + timedelta(minutes=_REST_EVERY_MINUTES * (place % 4)),
    )
