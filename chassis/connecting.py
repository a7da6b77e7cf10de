"""Connects the consumers of a service to Kafka, as often as it takes."""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog
from aiokafka.errors import KafkaError

from chassis import kafka
from chassis.consume import Runner

_CONNECT_SECONDS = 1.0
_log = structlog.get_logger("chassis.service")


async def keep_connected(
    where: kafka.Where, service: str, runners: Sequence[Runner], stopping: asyncio.Event
) -> None:
    """Until told to stop; once connected the client heals itself."""
    while not stopping.is_set():
        broker = kafka.new_broker(where, service)
        for runner in runners:
            runner.subscribe(broker)
        try:
            await broker.start()
            await stopping.wait()
        except (KafkaError, OSError) as problem:
            _log.warning("service.kafka_away", reason=await kafka.reason(where, problem))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await stopping.wait()
        finally:
            await broker.stop()
