"""What booking keeps of the catalogue: malls and services."""

import json
from collections.abc import Collection, Iterable
from typing import Any

from chassis.database import Row, Tx, Values, row_of, save_rows
from contracts.ids import AgencyId, MallId, ServiceCode
from services.booking import tables
from services.booking.domain.offer import Mall, Service
from services.booking.store.kinds import of_kind

_service_row = row_of(Service)

# As text: what the driver makes of jsonb depends on who configured the connection.
_MALLS = """
SELECT code, zone, agencies::text AS agencies, policy, bookings::text AS bookings,
       opens_at, closes_at, counters::text AS counters, walking::text AS walking
FROM malls WHERE code = ANY($1::text[])
"""
_SERVICES = "SELECT * FROM services WHERE code = ANY($1::text[])"


async def find(
    tx: Tx, malls: Collection[MallId], services: Collection[ServiceCode]
) -> list[Mall | Service]:
    """The malls and services with these codes."""
    mall_rows = await tx.fetch(_MALLS, malls) if malls else []
    service_rows = await tx.fetch(_SERVICES, services) if services else []
    return [*map(_mall, mall_rows), *map(_service, service_rows)]


async def save(tx: Tx, kept: Iterable[Any]) -> None:
    """Keep malls and services, each named once, as the catalogue has them now."""
    await save_rows(tx, tables.malls, [_mall_row(one) for one in of_kind(kept, Mall)])
    await save_rows(tx, tables.services, [_service_row(one) for one in of_kind(kept, Service)])


def _mall_row(mall: Mall) -> Values:
    return (
        mall.id,
        mall.zone,
        json.dumps(mall.agencies),
        mall.policy,
        json.dumps(mall.bookings),
        mall.opens_at,
        mall.closes_at,
        json.dumps(mall.counters),
        json.dumps(mall.walking),
    )


def _mall(row: Row) -> Mall:
    return Mall(
        MallId(row["code"]),
        row["zone"],
        tuple(AgencyId(code) for code in json.loads(row["agencies"])),
        row["policy"],
        tuple(json.loads(row["bookings"])),
        row["opens_at"],
        row["closes_at"],
        tuple(json.loads(row["counters"])),
        tuple(json.loads(row["walking"])),
    )


def _service(row: Row) -> Service:
    return Service(
        ServiceCode(row["code"]),
        AgencyId(row["agency"]),
        row["minutes"],
        row["after"],
    )
