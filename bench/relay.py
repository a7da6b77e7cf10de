"""P4, P5: how fast a full log drains to Kafka, beside the client library's own two ways of sending.

All three send the same facts with the same settings; then the topic is read back and judged.
"""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer, TopicPartition

from bench.ground import Servers
from bench.method import Leg, Pairs, Stopwatch, alternate
from bench.results import Row, judged, median_figure, ratio_at_least
from bench.verdicts import out_of_order
from chassis import clock, kafka
from chassis.relay import Relay
from contracts.envelope import Envelope, from_headers, to_headers
from contracts.ids import Actor, ApplicationId, EventId, ReportId
from contracts.tracking import ActivityRecorded

IDS = ("P4", "P5")
APPLICATIONS = 1_000
PARTITIONS = 6
BATCH = 100
_LOOK_SECONDS = 0.01
_PAYLOAD = "x" * 120
# As the owner of the database: the program itself could not choose the topic.
_FILL = """
WITH logged AS (
    INSERT INTO event_log (event_id, type, aggregate, aggregate_id, version, topic, key, time,
                           actor, correlation_id, payload)
    SELECT event_id, $3, 'application', aggregate_id, version, $4, aggregate_id::text,
           clock_timestamp(), 'agency:bench', event_id::text, $5
    FROM unnest($1::uuid[], $2::uuid[], $6::integer[]) WITH ORDINALITY
         AS fact (event_id, aggregate_id, version, place) ORDER BY place
    RETURNING seq, topic
)
INSERT INTO unsent (seq, topic) SELECT seq, topic FROM logged
"""
_IS_EMPTY = "SELECT NOT EXISTS (SELECT FROM unsent)"
Record = tuple[bytes, bytes, Sequence[tuple[str, bytes]]]


async def run(servers: Servers, wanted: AbstractSet[str]) -> list[Row]:
    """One row for each wanted rival."""
    settings = servers.settings
    where = await servers.fresh_database("tracking")
    checks = await servers.postgres.server.connect(where["name"])
    records = envelopes(settings.facts)
    producer = kafka.new_producer(servers.kafka.bootstrap, "bench-rival")
    await producer.start()

    async def ours() -> Leg:
        return await drained(servers, where["relay"], checks, records)

    async def batches() -> Leg:
        return await _sent(servers, producer, records, _send_batches)

    async def loop() -> Leg:
        return await _sent(servers, producer, records, _send_loop)

    rows: list[Row] = []
    try:
        for figure, rival, name, goal in (
            ("P4", batches, "send_batch", 0.2),
            ("P5", loop, "a send loop", 1.0),
        ):
            if figure not in wanted:
                continue
            settings.tell(f"{figure}: {settings.facts:,} facts from the log, against {name}")
            pairs = await alternate(ours, rival, settings.repetitions, settings.tell)
            settings.tell(f"  {pairs.told()}; faults: {'; '.join(pairs.faults) or 'none'}")
            rows.append(_row(figure, f"relay drains a full log, against {name}", pairs, goal))
    finally:
        await producer.stop()
        await checks.close()
    return rows


def _row(id: str, what: str, pairs: Pairs, goal: float) -> Row:
    figure = median_figure(pairs)
    told = what + pairs.suffix
    return judged(id, told, figure, ratio_at_least(goal), checked=not pairs.faults)


def envelopes(count: int) -> list[tuple[Envelope, ApplicationId]]:
    """Facts of applications in turn, as the log would number them."""
    applications = [ApplicationId.new() for _ in range(APPLICATIONS)]
    return [
        (
            Envelope(
                id=EventId.new(),
                source="/services/tracking",
                type=ActivityRecorded.wire_type(),
                subject=str(applications[number % APPLICATIONS]),
                time=clock.now(),
                actor=Actor("agency:bench"),
                version=number // APPLICATIONS + 1,
                recorded_at=clock.now(),
                correlation_id=str(number),
            ),
            applications[number % APPLICATIONS],
        )
        for number in range(count)
    ]


def payload_of(application: ApplicationId) -> str:
    """What a fact says, of the size that facts have."""
    report = {"application_id": str(application), "report_id": str(ReportId.new())}
    fact = {**report, "agency": "bench", "activity": _PAYLOAD, "lifecycle": "complete"}
    return ActivityRecorded.model_validate(fact).model_dump_json()


async def drained(
    servers: Servers,
    relay_url: str,
    checks: Any,
    records: Sequence[tuple[Envelope, ApplicationId]],
    partitions: int = PARTITIONS,
) -> Leg:
    """A log filled with these facts, emptied into a new topic of so many partitions."""
    topic = await servers.fresh_topic(partitions)
    await checks.execute("TRUNCATE event_log, unsent")
    await checks.execute(
        _FILL,
        [UUID(int=envelope.id.int) for envelope, _ in records],
        [UUID(int=application.int) for _, application in records],
        ActivityRecorded.wire_type(),
        topic,
        payload_of(records[0][1]),
        [envelope.version for envelope, _ in records],
    )
    relay = Relay(relay_url, servers.kafka.bootstrap, service="tracking")
    watch = Stopwatch(servers.postmaster, servers.broker)
    relay.start()
    try:
        async with asyncio.timeout(120):
            while not relay.active:  # noqa: ASYNC110 - a relay tells nobody but by this flag
                await asyncio.sleep(0)
            watch = Stopwatch(servers.postmaster, servers.broker)
            await until_all_is_sent(checks)
        leg = watch.leg(len(records))
    finally:
        await relay.stop()
    return leg.with_faults(await _faults(servers, topic, records, partitions))


async def until_all_is_sent(checks: Any) -> None:
    """Wait for the relay; whoever calls this bounds it."""
    while not await checks.fetchval(_IS_EMPTY):  # noqa: ASYNC110 - the log is the witness
        await asyncio.sleep(_LOOK_SECONDS)


async def _sent(
    servers: Servers,
    producer: AIOKafkaProducer,
    records: Sequence[tuple[Envelope, ApplicationId]],
    send: Any,
) -> Leg:
    topic = await servers.fresh_topic(PARTITIONS)
    await producer.client.force_metadata_update()
    value = payload_of(records[0][1]).encode()
    ready = [(str(key).encode(), value, to_headers(envelope)) for envelope, key in records]
    watch = Stopwatch(servers.postmaster, servers.broker)
    await send(producer, topic, ready)
    leg = watch.leg(len(records))
    return leg.with_faults(await _faults(servers, topic, records))


async def _send_loop(producer: AIOKafkaProducer, topic: str, records: Sequence[Record]) -> None:
    futures = [
        await producer.send(topic, value, key=key, headers=headers)
        for key, value, headers in records
    ]
    await asyncio.gather(*futures)


async def _send_batches(producer: AIOKafkaProducer, topic: str, records: Sequence[Record]) -> None:
    """Batches filled by hand, one lane per partition: no lock, future or look-up per record."""
    futures = []
    lanes = [producer.create_batch() for _ in range(PARTITIONS)]
    for key, value, headers in records:
        place = hash(key) % PARTITIONS
        if lanes[place].record_count() == BATCH:
            futures.append(await _close(producer, lanes[place], topic, place))
            lanes[place] = producer.create_batch()
        if not lanes[place].append(key=key, value=value, timestamp=None, headers=headers):
            raise RuntimeError(f"{BATCH} records do not fit into one batch")
    for place, lane in enumerate(lanes):
        if lane.record_count():
            futures.append(await _close(producer, lane, topic, place))
    await asyncio.gather(*futures)


async def _close(producer: AIOKafkaProducer, lane: Any, topic: str, partition: int) -> Any:
    lane.close()
    return await producer.send_batch(lane, topic, partition=partition)


async def _faults(
    servers: Servers,
    topic: str,
    records: Sequence[tuple[Envelope, ApplicationId]],
    partitions: int = PARTITIONS,
) -> list[str]:
    """Read the topic back: everything there, nothing twice, each key in order."""
    got = await read_back(servers.kafka.bootstrap, topic, partitions)
    wanted = {envelope.id for envelope, _ in records}
    found = out_of_order(topic, [(UUID(one.subject), one.version or 0) for one in got])
    ids = [one.id for one in got]
    for wrong, what in ((len(wanted - set(ids)), "lost"), (len(ids) - len(set(ids)), "doubled")):
        if wrong:
            found.append(f"{topic}: {wrong} {what}")
    return found


async def read_back(bootstrap: str, topic: str, partitions: int = PARTITIONS) -> list[Envelope]:
    """The envelopes of a topic, in the order of each partition."""
    consumer = kafka.new_reader(bootstrap, "bench-read-back")
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(places)
        left = sum((await consumer.end_offsets(places)).values())
        found: list[Envelope] = []
        async with asyncio.timeout(60):
            while len(found) < left:
                for batch in (await consumer.getmany(timeout_ms=500, max_records=5000)).values():
                    found.extend(from_headers(record.headers) for record in batch)
        return found
    finally:
        await consumer.stop()
