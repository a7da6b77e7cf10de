"""The kiosks and boards of a mall, for those who look after them."""

from pydantic import BaseModel
from sqlalchemy import select

from chassis.database import Database
from contracts.base import Code
from contracts.ids import DeviceCode, DeviceId, MallId
from services.queue.tables import devices


class DeviceView(BaseModel):
    """One device: in which session it is, and whether it is locked."""

    device_id: DeviceId
    device: DeviceCode
    kind: Code
    epoch: int
    locked_reason: Code | None


async def devices_of(database: Database, mall: MallId) -> list[DeviceView]:
    """Those of a mall by their codes."""
    statement = select(devices).where(devices.c.mall == mall).order_by(devices.c.code)
    return [
        DeviceView(
            device_id=row["id"],
            device=row["code"],
            kind=row["kind"],
            epoch=row["epoch"],
            locked_reason=row["locked_reason"],
        )
        for row in await database.fetch(statement)
    ]
