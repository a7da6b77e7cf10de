"""What must hold inside a booking policy and a plan, and between them and a mall."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from catalogue.finding import Finding, Rule
from catalogue.load import Source
from contracts.booking_entries import (
    BookingPolicy,
    OpenRelease,
    PlannedDays,
    SessionPlan,
    StaggeredRelease,
)
from contracts.entries import Mall, Service
from contracts.ids import ServiceCode

_ALL = 100


def of_policy(source: Source, policy: BookingPolicy) -> Iterator[Finding]:
    """Shares make up all places; who comes to a rush says who he is."""
    channels = policy.channels
    if channels is not None and channels.online + channels.counter + channels.partner != _ALL:
        hint = "online, counter and partner make up 100 percent together: mend one of them"
        yield source.finding(("channels",), Rule.PERCENT_NOT_WHOLE, hint)
    release = policy.release
    if isinstance(release, StaggeredRelease) and sum(p.percent for p in release.parts) != _ALL:
        hint = "the parts make up 100 percent together: mend one of them"
        yield source.finding(("release", "parts"), Rule.PERCENT_NOT_WHOLE, hint)
    if not isinstance(release, OpenRelease) and policy.identity != "required":
        hint = f"a release by {release.mode} needs `identity: required`: ask for the NIK"
        yield source.finding(("identity",), Rule.RUSH_WITHOUT_IDENTITY, hint)


def of_mall(source: Source, mall: Mall) -> Iterator[Finding]:
    """Only what can be had here can be booked here by a rule of its own."""
    for index, one in enumerate(mall.bookings):
        if one.service not in _offered(mall):
            hint = f"no counter of this mall serves {one.service}: add it there, or take this out"
            at = ("bookings", index, "service")
            yield source.finding(at, Rule.BOOKING_WITHOUT_COUNTER, hint)


def order(services: Sequence[tuple[Source, Service]]) -> Iterator[Finding]:
    """No service has to come before itself."""
    after = {service.code: service.after for _, service in services}
    for source, service in services:
        if service.code in _before(service.code, after):
            hint = f"{service.code} would have to come before itself: take one `after` out"
            yield source.finding(("after",), Rule.ORDER_IN_A_CIRCLE, hint)


def of_plan(source: Source, plan: SessionPlan, mall: Mall | None) -> Iterator[Finding]:
    """Sessions lie in the mall's hours and beside each other; a counter serves the service."""
    if mall is not None and plan.service not in _offered(mall):
        hint = f"no counter of {mall.code} serves {plan.service}: add it there, or drop the plan"
        yield source.finding(("service",), Rule.PLAN_WITHOUT_COUNTER, hint)
    seen: set[str] = set()
    for index, planned in enumerate(plan.week):
        if twice := seen.intersection(planned.days):
            hint = f"{', '.join(sorted(twice))} is planned already: keep it in one place"
            yield source.finding(("week", index, "days"), Rule.PLAN_OVERLAPS, hint)
        seen.update(planned.days)
        yield from _of_days(source, index, planned, mall)


def _of_days(
    source: Source, index: int, planned: PlannedDays, mall: Mall | None
) -> Iterator[Finding]:
    for place, one in enumerate(planned.sessions):
        inside = mall is None or (mall.opens_at <= one.starts_at and one.ends_at <= mall.closes_at)
        if one.starts_at >= one.ends_at or not inside:
            hint = "a session begins before it ends, within the mall's hours: mend one of the times"
            at = ("week", index, "sessions", place)
            yield source.finding(at, Rule.PLAN_OUTSIDE_HOURS, hint)
    places = sorted(enumerate(planned.sessions), key=lambda item: item[1].starts_at)
    for (_, before), (place, after) in pairwise(places):
        if after.starts_at < before.ends_at:
            hint = "it begins before the session ahead of it ends: mend one of the times"
            yield source.finding(("week", index, "sessions", place), Rule.PLAN_OVERLAPS, hint)


def _offered(mall: Mall) -> set[ServiceCode]:
    return {service for counter in mall.counters for service in counter.services}


def _before(
    code: ServiceCode, after: Mapping[ServiceCode, Sequence[ServiceCode]]
) -> set[ServiceCode]:
    """Everything that has to come before a service."""
    found: set[ServiceCode] = set()
    ahead = list(after.get(code, ()))
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead.extend(after.get(one, ()))
    return found
