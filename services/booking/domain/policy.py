"""The rules of a mall's office about booking, and those that hold where it names none."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.booking_entries import (
    BookingPolicy,
    KeepRule,
    LimitRule,
    MoveRule,
    OpenRelease,
    OverbookRule,
    SessionPlan,
    WindowRule,
)
from contracts.ids import MallId, PolicyCode, ServiceCode
from services.booking.domain.day import ServiceDay
from services.booking.domain.offer import Mall
from services.booking.domain.refusals import PolicyUnknown

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

BUILT_IN = BookingPolicy(
    revision=1,
    code=PolicyCode("umum"),
    name_id="Bawaan",
    name_en="Built in",
    window=WindowRule(),
    hold=KeepRule(minutes=10, most_live=1),
    identity="optional",
    limits=LimitRule(),
    release=OpenRelease(mode="open"),
    weight=1,
    moves=MoveRule(until_minutes=0),
    reminders_hours=(),
    overbook=OverbookRule(most_percent=0, risk_percent=5),
)
"""`umum` in version 0: what is not forbidden by a policy is allowed."""


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """Names a policy as it was in one revision."""

    code: str
    version: int


@dataclass(frozen=True, slots=True)
class PolicyOf:
    """Names the policy by which a service of a mall goes now."""

    mall: MallId
    service: ServiceCode


@dataclass(frozen=True, slots=True)
class Policy:
    """One revision of a policy. A look-up: it is never saved by a decision."""

    id: PolicyKey | PolicyOf
    version: int
    rules: BookingPolicy


@dataclass(frozen=True, slots=True)
class PlanOf:
    """Names the plan of sessions of a service in a mall."""

    mall: MallId
    service: ServiceCode


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan of sessions as it is now. A look-up: it is never saved by a decision."""

    id: PlanOf
    rules: SessionPlan


def quota_of(
    states: Mapping[Hashable, Any], mall: MallId, service: ServiceCode, day: date
) -> int | None:
    """The most places of the service on a day, by the plan and the weekday."""
    found = states.get(PlanOf(mall, service))
    if not isinstance(found, Plan) or day < found.rules.valid_from:
        return None
    name = _WEEKDAYS[day.weekday()]
    return next((one.most for one in found.rules.week if name in one.days), None)


def rules_of(states: Mapping[Hashable, Any], day: ServiceDay) -> BookingPolicy:
    """The rules that were stamped on a day when it was announced."""
    if day.policy_version == 0:
        return BUILT_IN
    found: Policy = states[PolicyKey(day.policy, day.policy_version)]
    return found.rules


def policy_of(states: Mapping[Hashable, Any], mall: Mall, service: ServiceCode) -> Policy:
    """The policy for a day that is announced now. Raises PolicyUnknown."""
    code = mall.policy_for(service)
    key = PolicyOf(mall.id, service)
    if code is None:
        return Policy(key, 0, BUILT_IN)
    found = states.get(key)
    if not isinstance(found, Policy):
        raise PolicyUnknown(policy=code)
    return found
