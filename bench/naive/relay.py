"""Its outbox worker: looks every 100 ms, and publishes one message after the other."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from sqlalchemy import func, select

from bench.naive.config import Config, Sessions, sessions_of
from bench.naive.consumer import Event
from bench.naive.models import OutboxMessage

_POLL_SECONDS = 0.1
_BATCH = 100


async def run(config: Config) -> None:
    """Publish until cancelled."""
    engine = config.engine()
    producer = new_producer(config)
    await producer.start()
    try:
        while True:
            if not await publish_some(sessions_of(engine), producer, config.topic):
                await asyncio.sleep(_POLL_SECONDS)
    finally:
        await producer.stop()
        await engine.dispose()


def new_producer(config: Config) -> AIOKafkaProducer:
    """A producer with careful settings; not yet started."""
    return AIOKafkaProducer(**_client(config), acks="all", enable_idempotence=True)


async def publish_some(sessions: Sessions, producer: AIOKafkaProducer, topic: str) -> int:
    """Publish what waits, the oldest first; how many messages that were."""
    async with sessions() as session:
        waiting = await session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.published_at.is_(None))
            .order_by(OutboxMessage.id)
            .limit(_BATCH)
            .with_for_update()
        )
        messages = waiting.all()
        for message in messages:
            event = Event.model_validate(message, from_attributes=True)
            key = str(message.application_id).encode()
            await producer.send_and_wait(topic, event.model_dump_json().encode(), key=key)
            message.published_at = func.now()
        await session.commit()
        return len(messages)


def _client(config: Config) -> dict[str, Any]:
    found: dict[str, Any] = {"bootstrap_servers": config.kafka}
    if login := config.credentials():
        found |= {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN"}
        found |= {"sasl_plain_username": login[0], "sasl_plain_password": login[1]}
    return found
