"""A producer that agencies share, and that is made anew after each failure."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from chassis.kafka import new_producer
from local.credentials import SIMULATOR
from tests.chaos.client import ATTEMPT_SECONDS, World
from tests.chaos.history import Phase

_STOP_SECONDS = 10.0
Sent = tuple[Phase, str | None, Any]
"""What became of it, the name of what failed, and what Kafka said."""


class Sender:
    """Sends for agencies. A failure leaves open whether the record arrived."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()
        """Producers that were given up: each ends by itself once Kafka answers again."""

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
                self._leave(producer)
            return "unknown", type(problem).__name__, None

    async def stop(self) -> None:
        """Close all producers; Kafka has to be there."""
        if self._producer is not None:
            self._leave(self._producer)
        if self._leaving:
            _, late = await asyncio.wait(self._leaving, timeout=_STOP_SECONDS)
            for one in late:
                one.cancel()

    def _leave(self, producer: AIOKafkaProducer) -> None:
        ending = asyncio.create_task(_stop(producer))
        self._leaving.add(ending)
        ending.add_done_callback(self._leaving.discard)

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._producer is None:
                made = new_producer(self._world.calls.platform.kafka(SIMULATOR), "chaos-agency")
                try:
                    await made.start()
                except BaseException:
                    self._leave(made)
                    raise
                self._producer = made
            return self._producer


async def _stop(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        await producer.stop()
