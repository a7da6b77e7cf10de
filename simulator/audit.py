"""An independent look at the trail: every fact in Kafka, ledger and read model, once and in order.

It reads public APIs and Kafka like anybody could, and imports nothing of the services.
"""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.kafka import Where, new_reader, partitions
from contracts.access import OPERATOR
from contracts.envelope import from_headers
from local.plan import SERVICES
from simulator.platform import Calls

# What the read model shows and what the ledger writes down, by the beginning of a fact's topic.
_SHOWN = ("booking.", "queue.", "tracking.", "notify.")
_WRITTEN = (*_SHOWN, "agency.")
_READ_SECONDS = 30.0
_EXAMPLES = 5
# A log that begins behind this number has given its first block to the archive.
_FIRST_BLOCK = 1_000_000
_CLIENT = "audit"
FAULTS = ("lost", "doubled", "misordered", "altered")


@dataclass
class Place:
    """What one place holds of the facts that it should hold."""

    name: str
    lost: int = 0
    doubled: int = 0
    misordered: int = 0
    altered: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Nothing missing, doubled, out of order or changed."""
        return not any(getattr(self, what) for what in FAULTS)

    def blame(self, what: str, fact: str) -> None:
        """Count a fault, and keep a few to look at."""
        setattr(self, what, getattr(self, what) + 1)
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{what}: {fact}")


@dataclass
class Audit:
    """The outcome. `resent` counts records that came to Kafka again: readers know a repeat."""

    facts: int
    resent: int
    kafka: Place
    ledger: Place
    read_model: Place

    @property
    def places(self) -> tuple[Place, ...]:
        """Everywhere that was looked at."""
        return self.kafka, self.ledger, self.read_model

    @property
    def is_good(self) -> bool:
        """Trail, Kafka and read model agree."""
        return all(place.is_good for place in self.places)

    def total(self, what: str) -> int:
        """A kind of fault, over all places."""
        return sum(getattr(place, what) for place in self.places)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "good": self.is_good}


@dataclass(frozen=True, slots=True)
class Held:
    """A fact as an event log holds it; `from_archived_log` when the log's first block is gone."""

    id: str
    aggregate: str
    version: int
    topic: str
    payload: bytes
    from_archived_log: bool = False


async def audit(calls: Calls, *, patience_seconds: float = 30.0) -> Audit:
    """Compare until everything agrees or patience ends: what is on its way is not lost yet."""
    deadline = time.monotonic() + patience_seconds
    while True:
        found = await _look(calls)
        if found.is_good or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.5)


async def _look(calls: Calls) -> Audit:
    logs = await asyncio.gather(*(_facts_of(calls, service) for service in SERVICES))
    facts = {fact.id: fact for log in logs for fact in log}
    topics = sorted({fact.topic for fact in facts.values()})
    kafka, resent = compare(
        "Kafka",
        facts.values(),
        await _in_kafka(calls.platform.kafka(OPERATOR), topics),
        repeats_allowed=True,
    )
    ledger, _ = compare("ledger", _of(facts, _WRITTEN), await _in_ledger(calls))
    shown, _ = compare("read model", _of(facts, _SHOWN), await _in_read_model(calls))
    return Audit(len(facts), resent, kafka, ledger, shown)


def _of(facts: Mapping[str, Held], prefixes: tuple[str, ...]) -> list[Held]:
    # The ledger's own checkpoints and the answers to agencies are nobody's timeline.
    return [fact for fact in facts.values() if fact.topic.startswith(prefixes)]


def compare(
    name: str,
    wanted: Iterable[Held],
    held: Iterable[tuple[str, bytes | None]],
    *,
    repeats_allowed: bool = False,
) -> tuple[Place, int]:
    """Hold a place's records, in its order, against the facts; also how many came again.

    A fact may come too early when Kafka was emptied: it is in order once it comes again after those
    before it, as readers take it.
    """
    place = Place(name)
    expected = {fact.id: fact for fact in wanted}
    seen: set[str] = set()
    early: set[str] = set()
    last = _before_the_log(expected.values())
    repeats = 0
    for fact_id, payload in held:
        fact = expected.get(fact_id)
        if fact is None:
            continue
        if fact_id in seen:
            repeats += 1
            if not repeats_allowed:
                place.blame("doubled", fact_id)
            if fact.version == last.get(fact.aggregate, 0) + 1:
                last[fact.aggregate] = fact.version
                early.discard(fact_id)
            continue
        seen.add(fact_id)
        if fact.version == last.get(fact.aggregate, 0) + 1:
            last[fact.aggregate] = fact.version
        else:
            early.add(fact_id)
        if payload is not None and payload != fact.payload:
            place.blame("altered", fact_id)
    for fact_id in sorted(early):
        place.blame("misordered", fact_id)
    for fact_id in expected.keys() - seen:
        place.blame("lost", fact_id)
    return place, repeats


def _before_the_log(facts: Iterable[Held]) -> dict[str, int]:
    """The last version of each aggregate that its log has given to the archive, if any."""
    first: dict[str, int] = {}
    for fact in facts:
        if fact.from_archived_log:
            first[fact.aggregate] = min(fact.version, first.get(fact.aggregate, fact.version))
    return {aggregate: version - 1 for aggregate, version in first.items()}


async def _facts_of(calls: Calls, service: str) -> list[Held]:
    rows = [row async for row in _pages(calls, service, "/v1/facts", lambda row: row["seq"])]
    is_cut = bool(rows) and rows[0]["seq"] > _FIRST_BLOCK
    return [
        Held(
            row["id"],
            row["aggregate_id"],
            row["version"],
            row["topic"],
            row["payload"].encode(),
            is_cut,
        )
        for row in rows
    ]


async def _in_ledger(calls: Calls) -> list[tuple[str, bytes | None]]:
    return [
        (row["event_id"], base64.b64decode(row["value"]))
        async for row in _pages(calls, "ledger", "/v1/entries", lambda row: row["seq"])
    ]


async def _in_read_model(calls: Calls) -> list[tuple[str, bytes | None]]:
    return [
        (row["event_id"], None)
        async for row in _pages(calls, "tracking", "/v1/timeline", lambda row: row["position"])
    ]


async def _pages(
    calls: Calls, service: str, path: str, place_of: Callable[[Any], int]
) -> AsyncIterator[dict[str, Any]]:
    headers = await calls.bearer("operator")
    after = 0
    while True:
        answer = await calls.get(service, path, headers=headers, after=after, limit=500)
        rows = answer["entries"] if isinstance(answer, dict) else answer
        if not rows:
            return
        for row in rows:
            yield row
        after = place_of(rows[-1])


async def _in_kafka(where: Where, topics: list[str]) -> list[tuple[str, bytes | None]]:
    """Every record of these topics, each partition in its order."""
    places = await partitions(where, _CLIENT, topics)
    if not places:
        return []
    consumer = new_reader(where, _CLIENT)
    await consumer.start()
    try:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        return [record async for record in _until(consumer, ends)]
    finally:
        await consumer.stop()


async def _until(
    consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
) -> AsyncIterator[tuple[str, bytes | None]]:
    left = {place for place, end in ends.items() if end > 0}
    deadline = time.monotonic() + _READ_SECONDS
    while left and time.monotonic() < deadline:
        for place, records in (await consumer.getmany(timeout_ms=500)).items():
            deadline = time.monotonic() + _READ_SECONDS
            for record in records:
                yield str(from_headers(record.headers).id), record.value
            if records and records[-1].offset + 1 >= ends[place]:
                left.discard(place)
