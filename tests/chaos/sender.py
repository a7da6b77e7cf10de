"""A producer that agencies share, and that is made anew after each failure."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from chassis.kafka import new_producer
from local.credentials import SIMULATOR
from tests.chaos.client import ATTEMPT_SECONDS, World
from tests.chaos.history import Phase

_STOP_SECONDS = 3.0
Sent = tuple[Phase, str | None, Any]
"""What became of it, the name of what failed, and what Kafka said."""


class Sender:
    """Sends for agencies. A failure leaves open whether the record arrived."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()

    async def attempt(self, send: Callable[[AIOKafkaProducer], Awaitable[Any]]) -> Sent:
        """Try once; `unknown` when Kafka did not say that it has it."""
        producer = None
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                producer = await self._connected()
                return "ok", None, await send(producer)
        except (KafkaError, OSError, TimeoutError) as problem:
            if producer is not None and self._producer is producer:
                # Its state after a failure is its own secret: the next one is made anew.
                self._producer = None
                await _quietly_stop(producer)
            return "unknown", type(problem).__name__, None

    async def stop(self) -> None:
        """Close the producer."""
        if self._producer is not None:
            await _quietly_stop(self._producer)

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._producer is None:
                made = new_producer(self._world.calls.platform.kafka(SIMULATOR), "chaos-agency")
                try:
                    await made.start()
                except BaseException:
                    await _quietly_stop(made)
                    raise
                self._producer = made
            return self._producer


async def _quietly_stop(producer: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await producer.stop()
    except (KafkaError, OSError, TimeoutError):
        return
