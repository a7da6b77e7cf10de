"""What booking keeps of the catalogue: malls and services."""

import json
from collections.abc import Iterable, Sequence

from chassis.database import Row, Tx, row_of, save_rows
from contracts.ids import AgencyId, MallId, ServiceCode
from services.booking import tables
from services.booking.domain.offer import Mall, Service
from services.booking.store.kinds import of_kind

_service_row = row_of(Service)

# As text: what the driver makes of jsonb depends on who configured the connection.
_MALLS = "SELECT code, zone, agencies::text AS agencies FROM malls WHERE code = ANY($1::text[])"
_SERVICES = "SELECT * FROM services WHERE code = ANY($1::text[])"


async def find(
    tx: Tx, malls: Iterable[MallId], services: Sequence[ServiceCode]
) -> list[Mall | Service]:
    """The malls and services with these codes."""
    wanted = list(malls)
    mall_rows = await tx.fetch(_MALLS, wanted) if wanted else []
    service_rows = await tx.fetch(_SERVICES, services) if services else []
    return [
        *map(_mall, mall_rows),
        *(Service(ServiceCode(row["code"]), AgencyId(row["agency"])) for row in service_rows),
    ]


async def save(tx: Tx, offers: Iterable[Mall | Service]) -> None:
    """Keep malls and services, each named once, as the catalogue has them now."""
    malls = of_kind(offers, Mall)
    rows = [(mall.id, mall.zone, json.dumps(mall.agencies)) for mall in malls]
    await save_rows(tx, tables.malls, rows)
    await save_rows(tx, tables.services, [_service_row(one) for one in of_kind(offers, Service)])


def _mall(row: Row) -> Mall:
    agencies = tuple(AgencyId(code) for code in json.loads(row["agencies"]))
    return Mall(MallId(row["code"]), row["zone"], agencies)
