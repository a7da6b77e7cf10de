"""Malls and policies in their tables, as the catalogue has them."""

import json
from collections.abc import Iterable
from datetime import time
from functools import lru_cache

from pydantic import TypeAdapter

from chassis.database import Tx, save_rows
from contracts.ids import AgencyId, CounterCode, MallId, PolicyCode
from contracts.queue_entries import Device, MallLine, QueuePolicy
from services.queue import tables
from services.queue.domain.mall import Mall
from services.queue.domain.policy import Policy
from services.queue.store.kinds import services

_MALLS_REMEMBERED = 2_000
# As text: what the driver makes of jsonb depends on who configured the connection.
_MALLS = """
SELECT code, zone, counters::text AS counters, opens_at, closes_at, more::text AS more, (
    SELECT jsonb_agg(newest.body)::text
    FROM jsonb_array_elements_text(malls.more -> 'policies') AS named (code)
    CROSS JOIN LATERAL (
        SELECT body FROM policies WHERE policies.code = named.code ORDER BY revision DESC LIMIT 1
    ) AS newest
) AS policies
FROM malls WHERE code = ANY($1::text[])
"""
_POLICIES = TypeAdapter(tuple[QueuePolicy, ...])
_LINES = TypeAdapter(tuple[MallLine, ...])
_DEVICES = TypeAdapter(tuple[Device, ...])


async def find(tx: Tx, codes: Iterable[MallId]) -> dict[MallId, Mall]:
    """The malls with these codes, each with the newest of its policies."""
    wanted = list(codes)
    rows = await tx.fetch(_MALLS, wanted) if wanted else []
    return {mall.id: mall for mall in (_mall(*row) for row in rows)}


async def save(tx: Tx, malls: Iterable[Mall]) -> None:
    """Keep malls, each named once, as the catalogue has them now. Their policies are kept apart."""
    rows = [
        (
            mall.id,
            mall.zone,
            json.dumps(dict(mall.counters)),
            mall.opens_at,
            mall.closes_at,
            json.dumps(_more(mall)),
        )
        for mall in malls
    ]
    await save_rows(tx, tables.malls, rows)


async def save_policies(tx: Tx, policies: Iterable[QueuePolicy]) -> None:
    """Keep revisions of policies, each named once, beside those from before."""
    rows = [(one.code, one.revision, one.model_dump_json()) for one in policies]
    await save_rows(tx, tables.policies, rows)


def _more(mall: Mall) -> dict[str, object]:
    named = {mall.policy, *(line.policy for line in mall.lines.values())} - {None}
    return {
        "agencies": list(mall.agencies),
        "policy": mall.policy,
        "policies": sorted(str(code) for code in named),
        "lines": [line.model_dump(mode="json") for line in mall.lines.values()],
        "devices": [device.model_dump(mode="json") for device in mall.devices],
    }


# What the catalogue says changes seldom, and every group of commands reads it.
@lru_cache(maxsize=_MALLS_REMEMBERED)
def _mall(  # noqa: PLR0913 - the columns of a row
    code: str,
    zone: str,
    counters: str,
    opens_at: time | None,
    closes_at: time | None,
    more: str,
    policies: str | None,
) -> Mall:
    said = json.loads(more)
    lines = _LINES.validate_python(said.get("lines", ()))
    terms = _POLICIES.validate_json(policies) if policies else ()
    return Mall(
        MallId(code),
        zone,
        {CounterCode(one): services(offered) for one, offered in json.loads(counters).items()},
        opens_at,
        closes_at,
        tuple(map(AgencyId, said.get("agencies", ()))),
        PolicyCode(said["policy"]) if said.get("policy") else None,
        {line.service: line for line in lines},
        _DEVICES.validate_python(said.get("devices", ())),
        {one.code: Policy.of(one) for one in terms},
    )
