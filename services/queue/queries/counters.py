"""The counters of a mall, for everybody: open or not, pausing or not. No names of officers."""

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import select

from chassis.database import Database
from contracts.base import Code
from contracts.ids import CounterCode, CounterId, MallId, ServiceCode
from services.queue.tables import counters


class CounterView(BaseModel):
    """One counter. `asked` is what waits for a supervisor: `close` or `pause`."""

    counter_id: CounterId
    counter: CounterCode
    services: tuple[ServiceCode, ...]
    is_open: bool
    busy: bool
    paused_reason: Code | None
    paused_until: datetime | None
    asked: Code | None


async def counters_of(database: Database, mall: MallId) -> list[CounterView]:
    """Those of a mall by their codes."""
    statement = select(counters).where(counters.c.mall == mall).order_by(counters.c.code)
    return [
        CounterView(
            counter_id=row["id"],
            counter=row["code"],
            services=row["services"],
            is_open=row["is_open"],
            busy=row["ticket_id"] is not None,
            paused_reason=row["paused_reason"],
            paused_until=row["paused_until"],
            asked=row["asked"]["wants"] if row["asked"] else None,
        )
        for row in await database.fetch(statement)
    ]
