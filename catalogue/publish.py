"""Putting the catalogue on its Kafka topic, where the services take what they need.

Publishing the same revision again repeats the same event id, so that a reader drops it as known.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from aiokafka.errors import KafkaError

from catalogue.checker import check
from catalogue.finding import Finding
from catalogue.load import read
from chassis import clock
from chassis.kafka import Where, new_producer
from contracts.catalogue import EntryPublished
from contracts.entry_base import Entry
from contracts.envelope import Envelope, to_headers
from contracts.ids import Actor, EntryId, EventId

SOURCE = "/catalogue"
ACTOR = Actor("system:catalogue")
PUBLISH_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 5


class BrokenCatalogue(Exception):
    """The checker found mistakes, so nothing was published; `findings` has them."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)


class NotPublished(Exception):
    """Kafka did not confirm every entry. Publishing again is safe."""


def entries(root: Path) -> list[EntryPublished]:
    """Every entry below `root`, those that others refer to first. Raises BrokenCatalogue."""
    if findings := check(root):
        raise BrokenCatalogue(findings)
    return [_published(loaded.entry) for loaded in read(root).loaded]


async def publish(where: Where, root: Path) -> int:
    """Publish every entry and tell how many. Raises BrokenCatalogue or NotPublished."""
    return await _send(where, entries(root))


async def publish_entries(where: Where, entries: Sequence[Entry]) -> int:
    """Publish what joins at run time and tell how many. Raises NotPublished."""
    return await _send(where, [_published(entry) for entry in entries])


def _published(entry: Entry) -> EntryPublished:
    return EntryPublished(
        entry_id=EntryId.of(entry.kind, entry.entry_code),
        kind=entry.kind,
        code=entry.entry_code,
        revision=entry.revision,
        body=entry.model_dump(mode="json"),
    )


def _envelope(fact: EntryPublished, at: datetime) -> Envelope:
    return Envelope(
        id=EventId.of("catalogue", fact.kind, fact.code, str(fact.revision)),
        source=SOURCE,
        type=fact.wire_type(),
        subject=str(fact.aggregate_id),
        time=at,
        actor=ACTOR,
        version=fact.revision,
        recorded_at=at,
    )


async def _send(where: Where, facts: Sequence[EntryPublished]) -> int:
    producer = new_producer(where, "catalogue")
    now = clock.now()
    try:
        async with asyncio.timeout(PUBLISH_TIMEOUT_SECONDS):
            await producer.start()
            confirmations = [
                await producer.send(
                    fact.topic_name,
                    value=fact.model_dump_json().encode(),
                    key=fact.key.encode(),
                    headers=to_headers(_envelope(fact, now)),
                )
                for fact in facts
            ]
            await asyncio.gather(*confirmations)
    except (KafkaError, TimeoutError) as problem:
        raise NotPublished(
            f"Kafka did not confirm the catalogue ({type(problem).__name__}): "
            "check that it runs and that its topics were created, then publish again"
        ) from problem
    finally:
        # A producer that cannot deliver would flush for ever; publishing again mends what is left.
        with suppress(TimeoutError):
            await asyncio.wait_for(producer.stop(), STOP_TIMEOUT_SECONDS)
    return len(facts)
