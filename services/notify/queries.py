"""Reads for people: what became of the notifications of an application. Never an address."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import func, select

from chassis.database import Database
from contracts.ids import ApplicationId, NotificationId
from services.notify.tables import DELIVERIES, NOTIFICATIONS

_MOST = 200


class NotificationView(BaseModel):
    """One message. `attempts` counts those that were begun, also one that is under way."""

    notification_id: NotificationId
    template: str
    channel: str
    state: Literal["queued", "sent", "failed"]
    attempts: int
    queued_at: datetime
    settled_at: datetime | None


async def notifications_of(
    database: Database, application_id: ApplicationId
) -> list[NotificationView]:
    """In the order in which they were queued; the first 200."""
    begun = func.greatest(NOTIFICATIONS.c.attempts, DELIVERIES.c.attempts)
    statement = (
        select(NOTIFICATIONS, begun.label("begun"))
        .join(DELIVERIES, DELIVERIES.c.notification_id == NOTIFICATIONS.c.notification_id)
        .where(NOTIFICATIONS.c.application_id == application_id)
        .order_by(NOTIFICATIONS.c.queued_at, NOTIFICATIONS.c.notification_id)
        .limit(_MOST)
    )
    return [
        NotificationView(
            notification_id=NotificationId(row["notification_id"]),
            template=row["template"],
            channel=row["channel"],
            state=row["state"],
            attempts=row["begun"],
            queued_at=row["queued_at"],
            settled_at=row["settled_at"],
        )
        for row in await database.fetch(statement)
    ]
