"""Its read model: a FastStream handler that gets one message and has one transaction for it."""

from typing import Any
from uuid import UUID

from faststream.kafka import KafkaBroker
from faststream.security import SASLPlaintext
from pydantic import BaseModel

from bench.naive.config import Config, Sessions
from bench.naive.models import ApplicationView, InboxMessage, TimelineEntry

GROUP = "naive.read_model"


class Event(BaseModel):
    """A message on Kafka."""

    event_id: UUID
    application_id: UUID
    version: int
    type: str
    data: dict[str, Any]


def new_broker(config: Config, sessions: Sessions) -> KafkaBroker:
    """The broker with the handler on it; not yet started."""
    login = config.credentials()
    broker = KafkaBroker(config.kafka, security=SASLPlaintext(*login) if login else None)

    @broker.subscriber(config.topic, group_id=GROUP, auto_offset_reset="earliest")
    async def on_event(event: Event) -> None:
        await apply(sessions, event)

    return broker


async def apply(sessions: Sessions, event: Event) -> None:
    """Make the message's effects true, once."""
    async with sessions() as session:
        if await session.get(InboxMessage, event.event_id) is not None:
            return
        session.add(InboxMessage(event_id=event.event_id))
        view = await session.get(ApplicationView, event.application_id)
        if view is None:
            view = ApplicationView(id=event.application_id)
            session.add(view)
        view.version = event.version
        view.last_activity = event.data.get("activity")
        session.add(
            TimelineEntry(
                event_id=event.event_id,
                application_id=event.application_id,
                version=event.version,
                type=event.type,
                data=event.data,
            )
        )
        await session.commit()
