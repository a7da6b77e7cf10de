"""Booking policies and plans of sessions, as the catalogue has published them."""

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from chassis.database import Tx, save_rows
from contracts.base import as_json
from contracts.booking_entries import BookingPolicy, SessionPlan
from contracts.ids import MallId, ServiceCode
from services.booking import tables
from services.booking.domain.day import ServiceDay
from services.booking.domain.offer import Mall
from services.booking.domain.policy import Plan, PlanOf, Policy, PolicyKey, PolicyOf
from services.booking.store.kinds import of_kind

# As text: what the driver makes of jsonb depends on who configured the connection.
_STAMPED = """
SELECT code, revision, body::text AS body FROM policies
JOIN unnest($1::text[], $2::integer[]) AS asked (code, revision) USING (code, revision)
"""
_NEWEST = """
SELECT DISTINCT ON (code) code, revision, body::text AS body FROM policies
WHERE code = ANY($1::text[]) ORDER BY code, revision DESC
"""
_PLANS = """
SELECT mall, service, body::text AS body FROM plans
JOIN unnest($1::text[], $2::text[]) AS asked (mall, service) USING (mall, service)
"""


async def stamped(tx: Tx, days: Iterable[ServiceDay]) -> list[Policy]:
    """The policies by which these days go."""
    keys = {PolicyKey(day.policy, day.policy_version) for day in days if day.policy_version}
    if not keys:
        return []
    codes, revisions = [key.code for key in keys], [key.version for key in keys]
    return [
        Policy(PolicyKey(row["code"], row["revision"]), row["revision"], _rules(row["body"]))
        for row in await tx.fetch(_STAMPED, codes, revisions)
    ]


async def newest(tx: Tx, wanted: Iterable[PolicyOf], malls: Iterable[Mall]) -> list[Policy]:
    """The policies by which days of these services would go if they were announced now."""
    known = {mall.id: mall for mall in malls}
    codes = {
        key: code
        for key in wanted
        if key.mall in known and (code := known[key.mall].policy_for(key.service)) is not None
    }
    if not codes:
        return []
    found = {
        row["code"]: Policy(
            PolicyKey(row["code"], row["revision"]), row["revision"], _rules(row["body"])
        )
        for row in await tx.fetch(_NEWEST, list(set(codes.values())))
    }
    # Under both names: a day that is announced now goes by it from the next command on.
    named = [replace(found[code], id=key) for key, code in codes.items() if code in found]
    return [*found.values(), *named]


async def plans(tx: Tx, wanted: Iterable[PolicyOf]) -> list[Plan]:
    """The plans of sessions of these services, as far as there are any."""
    keys = list(wanted)
    if not keys:
        return []
    rows = await tx.fetch(_PLANS, [key.mall for key in keys], [key.service for key in keys])
    return [
        Plan(
            PlanOf(MallId(row["mall"]), ServiceCode(row["service"])),
            SessionPlan.model_validate_json(row["body"]),
        )
        for row in rows
    ]


async def save(tx: Tx, kept: Iterable[Any]) -> None:
    """Keep policies, each revision, and plans of sessions as they are now."""
    found = list(kept)
    rows = [(one.rules.code, one.version, as_json(one.rules)) for one in of_kind(found, Policy)]
    await save_rows(tx, tables.policies, rows)
    plans = [
        (one.mall, one.service, one.revision, as_json(one), None)
        for one in of_kind(found, SessionPlan)
    ]
    await save_rows(tx, tables.plans, plans)


@lru_cache(maxsize=100)
def _rules(body: str) -> BookingPolicy:
    return BookingPolicy.model_validate(json.loads(body))
