"""Planning a visit: several services of one mall in an order that leaves time to walk. Pure.

A session is a span of time; who has a place in it may come at any moment of it. A stop therefore
begins when the person is there and the session has begun, and it must end before the session does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, permutations

from contracts.ids import ServiceCode, SessionId

FEWEST_STOPS, MOST_STOPS = 2, 5
_PLANS = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """One session in which a place is free."""

    session_id: SessionId
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Errand:
    """What somebody wants done: where it may be done, how long it takes, what must come before."""

    service: ServiceCode
    minutes: int
    zones: frozenset[str]
    after: frozenset[ServiceCode] = frozenset()
    choices: tuple[Choice, ...] = ()

    def stop(self, choice: Choice, arrives_at: datetime) -> "Stop | None":
        """The stop of somebody who arrives then, or None when the session is over too soon.

        A session shorter than the service usually takes is taken at its word.
        """
        starts_at = max(arrives_at, choice.starts_at)
        takes = min(timedelta(minutes=self.minutes), choice.ends_at - choice.starts_at)
        if starts_at + takes > choice.ends_at:
            return None
        return Stop(self.service, choice.session_id, starts_at, starts_at + takes)


@dataclass(frozen=True, slots=True)
class Stop:
    """One service of a visit with its place and its planned time."""

    service: ServiceCode
    session_id: SessionId
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """Stops in their order, and the minutes spent walking between them."""

    stops: tuple[Stop, ...]
    walking_minutes: int

    @property
    def ends_at(self) -> datetime:
        """When the last stop is over."""
        return self.stops[-1].ends_at


@dataclass(frozen=True, slots=True)
class Clash:
    """`second` cannot be reached in time from `first` (None: it is over before one can come)."""

    first: ServiceCode | None
    second: ServiceCode
    arrives_at: datetime


@dataclass(frozen=True, slots=True)
class Walking:
    """Minutes between the zones of a mall, in either direction; `default` where nothing is said."""

    minutes: Mapping[frozenset[str], int]
    default: int

    def between(self, origin: Errand, goal: Errand) -> int:
        """The minutes to allow. Nobody knows which counter will call, so the longest way counts."""
        ways = [self._way(one, other) for one in origin.zones for other in goal.zones]
        return max(ways, default=self.default)

    def _way(self, one: str, other: str) -> int:
        near = 0 if one == other else self.default
        return self.minutes.get(frozenset({one, other}), near)


def zone_of(counter: str) -> str:
    """The zone in a counter's code: `Z1` of `Z1-04`."""
    return counter.partition("-")[0]


def out_of_order(errands: Sequence[Errand]) -> tuple[ServiceCode, ServiceCode] | None:
    """The first service that stands before one that it must follow, and that one; or None."""
    for position, errand in enumerate(errands):
        for later in errands[position + 1 :]:
            if later.service in errand.after:
                return errand.service, later.service
    return None


def timed(
    stops: Sequence[tuple[Errand, Choice]], walking: Walking, not_before: datetime
) -> Plan | Clash:
    """These stops in this order, each as early as can be, or the first one that is impossible."""
    done: list[Stop] = []
    arrives_at, walked = not_before, 0
    for position, (errand, choice) in enumerate(stops):
        if position:
            way = walking.between(stops[position - 1][0], errand)
            arrives_at, walked = done[-1].ends_at + timedelta(minutes=way), walked + way
        stop = errand.stop(choice, arrives_at)
        if stop is None:
            return Clash(done[-1].service if done else None, errand.service, arrives_at)
        done.append(stop)
    return Plan(tuple(done), walked)


def without_place(errands: Iterable[Errand]) -> list[ServiceCode]:
    """The services of which no place is free at all."""
    return [errand.service for errand in errands if not errand.choices]


def plans(errands: Sequence[Errand], walking: Walking, not_before: datetime) -> list[Plan]:
    """At most three orders, best first: earliest end, then least walking, then by session ids."""
    orders = (order for order in permutations(errands) if out_of_order(order) is None)
    found = [plan for order in orders if (plan := _earliest(order, walking, not_before))]
    return sorted(found, key=_rank)[:_PLANS]


def _earliest(order: Sequence[Errand], walking: Walking, not_before: datetime) -> Plan | None:
    # Who is done with a stop sooner is never later at the next one, so the session that ends a
    # stop soonest is right whatever follows, and nothing must be tried twice.
    stops = [_soonest(order[0], not_before)]
    walked = 0
    for origin, goal in pairwise(order):
        if (last := stops[-1]) is None:
            return None
        way = walking.between(origin, goal)
        walked += way
        stops.append(_soonest(goal, last.ends_at + timedelta(minutes=way)))
    done = tuple(stop for stop in stops if stop is not None)
    return Plan(done, walked) if len(done) == len(order) else None


def _soonest(errand: Errand, arrives_at: datetime) -> Stop | None:
    possible = (errand.stop(choice, arrives_at) for choice in errand.choices)
    stops = (stop for stop in possible if stop is not None)
    return min(
        stops, key=lambda stop: (stop.ends_at, stop.starts_at, stop.session_id), default=None
    )


def _rank(plan: Plan) -> tuple[datetime, int, list[SessionId]]:
    return plan.ends_at, plan.walking_minutes, [stop.session_id for stop in plan.stops]
