"""Kiosks and boards in their table, and the series that lines have given them."""

from collections.abc import Iterable, Sequence
from typing import Any

from chassis.database import Row, Tx, save_rows
from contracts.ids import DeviceCode, DeviceId, MallId
from services.queue import tables
from services.queue.domain.device import Device
from services.queue.domain.series import Letters, SeriesOn
from services.queue.store.kinds import of_kind

_DEVICES = """
SELECT id, version, mall, code, kind, epoch, locked_reason FROM devices
WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
# Many issue at once through one kiosk; only a session and a lock have to wait for them.
_WORKING = """
SELECT id, version, mall, code, kind, epoch, locked_reason FROM devices
WHERE id = ANY($1::uuid[]) ORDER BY id FOR SHARE
"""
# Whoever grants one holds the lock of the line that this is about.
_LETTERS = """
SELECT asked.place, lines.series FROM unnest($1::text[], $2::text[], $3::date[])
    WITH ORDINALITY AS asked (mall, service, service_date, place)
JOIN lines USING (mall, service, service_date)
WHERE lines.series <> ''
"""


async def lock(
    tx: Tx, ids: Iterable[DeviceId], working: Iterable[DeviceId]
) -> dict[DeviceId, Device]:
    """Those that change, and those that only must not change meanwhile."""
    wanted = set(ids)
    at_work = set(working) - wanted
    rows = [*(await tx.fetch(_DEVICES, sorted(wanted)) if wanted else [])]
    rows += await tx.fetch(_WORKING, sorted(at_work)) if at_work else []
    return {device.id: device for device in map(_device, rows)}


async def letters(tx: Tx, asked: Iterable[SeriesOn]) -> list[Letters]:
    """The series that were given in each of these lines."""
    wanted = list(asked)
    if not wanted:
        return []
    rows = await tx.fetch(
        _LETTERS,
        [one.mall for one in wanted],
        [one.service for one in wanted],
        [one.service_date for one in wanted],
    )
    taken: list[set[str]] = [set() for _ in wanted]
    for row in rows:
        taken[row["place"] - 1].add(row["series"])
    return [Letters(one, frozenset(given)) for one, given in zip(wanted, taken, strict=True)]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the devices among these states."""
    await save_rows(tx, tables.devices, [_row(one) for one in of_kind(states, Device)])


def _row(device: Device) -> tuple[Any, ...]:
    return (
        device.id,
        device.version,
        device.mall,
        device.code,
        device.kind,
        device.epoch,
        device.locked_reason,
    )


def _device(row: Row) -> Device:
    return Device(
        DeviceId(row["id"]),
        row["version"],
        MallId(row["mall"]),
        DeviceCode(row["code"]),
        row["kind"],
        row["epoch"],
        row["locked_reason"],
    )
