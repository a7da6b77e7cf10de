"""Service-days in their table."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from chassis.database import Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import MallId, ServiceCode, ServiceDayId
from services.booking import tables
from services.booking.domain.day import DayKey, DayOf, ServiceDay
from services.booking.store.kinds import of_kind

_row = row_of(ServiceDay)

_NAMED = """
SELECT id, mall, service, service_date FROM days
JOIN unnest($1::text[], $2::text[], $3::date[]) AS asked (mall, service, service_date)
     USING (mall, service, service_date)
"""


async def named(tx: Tx, names: Collection[DayKey]) -> list[DayOf]:
    """Under which ids days of these names stand; nothing is locked."""
    if not names:
        return []
    rows = await tx.fetch(
        _NAMED,
        [name.mall for name in names],
        [name.service for name in names],
        [name.service_date for name in names],
    )
    return [
        DayOf(
            DayKey(MallId(row["mall"]), ServiceCode(row["service"]), row["service_date"]),
            ServiceDayId(row["id"]),
        )
        for row in rows
    ]


async def lock(tx: Tx, ids: Iterable[ServiceDayId]) -> list[ServiceDay]:
    """The days with these ids, locked in the order of ids."""
    return [_day(row) for row in await lock_rows(tx, tables.days, ids)]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the days among these states."""
    await save_rows(tx, tables.days, [_row(one) for one in of_kind(states, ServiceDay)])


def _day(row: Row) -> ServiceDay:
    return ServiceDay(
        ServiceDayId(row["id"]),
        row["version"],
        MallId(row["mall"]),
        ServiceCode(row["service"]),
        row["service_date"],
        row["taken"],
        row["waiting"],
        row["free_online"],
        row["most"],
        row["policy"],
        row["policy_version"],
        row["mode"],
        row["opens_at"],
        row["closes_at"],
        row["spread_s"],
        row["seed_digest"],
        row["step"],
        row["due_at"],
        row["parts"],
    )
