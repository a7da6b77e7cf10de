"""A visit: places at several agencies of one mall on one day, taken together or not at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from contracts.booking import VisitBooked, VisitStop
from contracts.ids import AppointmentId, MallId, PersonId, ServiceCode, SessionId, VisitId
from services.booking.domain.offer import Mall, Service
from services.booking.domain.planner import (
    FEWEST_STOPS,
    MOST_STOPS,
    Choice,
    Clash,
    Errand,
    Plan,
    Walking,
    out_of_order,
    timed,
    zone_of,
)
from services.booking.domain.session import Session
from services.booking.domain.states import States
from services.booking.domain.visit_refusals import (
    StopsOverlap,
    TooManyStops,
    TwoDays,
    TwoMalls,
    VisitCancelledAlready,
    VisitUnknown,
    WrongOrder,
)

MINUTES = 20
"""How long a service takes at the counter where the catalogue does not say (our guess)."""
WALKING_MINUTES = 5
"""How long one walks between two zones where the catalogue does not say (our guess)."""


@dataclass(frozen=True, slots=True)
class StopsOf:
    """Asks for the appointments of a visit, with their sessions."""

    visit_id: VisitId


@dataclass(frozen=True, slots=True)
class ServicesIn:
    """Asks for the services of sessions, as the catalogue has them."""

    sessions: tuple[SessionId, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as it was booked. What becomes of each stop is told by its appointment."""

    id: VisitId
    version: int
    mall: MallId
    service_date: date
    person_id: PersonId
    status: Literal["booked", "cancelled"]
    stops: tuple[VisitStop, ...]

    @classmethod
    def booked(cls, fact: VisitBooked) -> "Visit":
        """The visit that this fact begins."""
        return cls(
            fact.visit_id, 1, fact.mall, fact.service_date, fact.person_id, "booked", fact.stops
        )

    def cancelled(self) -> "Visit":
        """One fact later it is given up."""
        return replace(self, version=self.version + 1, status="cancelled")

    def must_stand(self) -> None:
        """Raises VisitCancelledAlready."""
        if self.status == "cancelled":
            raise VisitCancelledAlready

    @property
    def appointments(self) -> Iterable[AppointmentId]:
        """Its stops, in their order."""
        return (stop.appointment_id for stop in self.stops)


def get_visit(states: States, visit_id: VisitId) -> Visit:
    """Raises VisitUnknown."""
    found = states.get(visit_id)
    if not isinstance(found, Visit):
        raise VisitUnknown(visit_id=str(visit_id))
    return found


def errand_of(service: Service, mall: Mall, choices: Iterable[Choice] = ()) -> Errand:
    """What a service means for somebody who walks from one to the next."""
    zones = {zone_of(one["code"]) for one in mall.counters if service.id in one["services"]}
    after = frozenset(map(ServiceCode, service.after.split()))
    minutes = service.minutes or MINUTES
    return Errand(service.id, minutes, frozenset(zones), after, tuple(choices))


def walking_in(mall: Mall) -> Walking:
    """How long one walks in this mall."""
    minutes = {frozenset(one["zones"]): int(one["minutes"]) for one in mall.walking}
    return Walking(minutes, WALKING_MINUTES)


def must_be_one_visit(sessions: Sequence[Session]) -> None:
    """Raises TooManyStops, TwoMalls or TwoDays."""
    different = len({one.service for one in sessions})
    if not FEWEST_STOPS <= different == len(sessions) <= MOST_STOPS:
        raise TooManyStops(fewest=FEWEST_STOPS, most=MOST_STOPS)
    if len({one.mall for one in sessions}) > 1:
        raise TwoMalls
    if len({one.service_date for one in sessions}) > 1:
        raise TwoDays


def planned(
    sessions: Sequence[Session], mall: Mall, services: Mapping[ServiceCode, Service], at: datetime
) -> Plan:
    """The times of these stops in this order. Raises WrongOrder or StopsOverlap."""
    errands = [errand_of(services[one.service], mall) for one in sessions]
    wrong = out_of_order(errands)
    if wrong is not None:
        raise WrongOrder(service=wrong[0], after=wrong[1])
    choices = [Choice(one.id, one.starts_at, one.ends_at) for one in sessions]
    plan = timed(list(zip(errands, choices, strict=True)), walking_in(mall), at)
    if isinstance(plan, Clash):
        details: dict[str, Any] = {} if plan.first is None else {"first": plan.first}
        raise StopsOverlap(**details, second=plan.second, arrives_at=plan.arrives_at.isoformat())
    return plan
