"""Raw records on agencies' topics, and the answers that come back."""

import json
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from chassis.kafka import Where, new_reader
from contracts.base import Fact
from contracts.catalog import agency_topics
from contracts.envelope import Envelope, to_headers
from contracts.ids import AgencyId, EventId, ReportId
from tests.journeys.doors import Doors, until

Place = tuple[str, int, int]


def good_headers(agency: AgencyId, report: Fact) -> list[tuple[str, bytes]]:
    """The envelope of an honest report."""
    return to_headers(
        Envelope(
            id=EventId(report.aggregate_id),
            source=f"/agencies/{agency}",
            type=report.wire_type(),
            subject=str(report.aggregate_id),
            time=datetime.now(UTC),
        )
    )


async def put(
    producer: AIOKafkaProducer,
    agency: AgencyId,
    value: Fact | bytes,
    headers: list[tuple[str, bytes]],
    key: bytes,
) -> Place:
    """Put any record on the agency's topic; returns topic, partition and offset."""
    content = value if isinstance(value, bytes) else value.model_dump_json().encode()
    topic, _ = agency_topics(agency)
    sent = await producer.send_and_wait(topic.name, content, key=key, headers=headers)
    return sent.topic, sent.partition, sent.offset


async def waiting_at(doors: Doors, place: Place) -> dict[str, Any]:
    """The parked row of the record at this place, once it is there."""

    async def look() -> list[dict[str, Any]]:
        rows = await doors.parked()
        return [row for row in rows if (row["topic"], row["partition"], row["offset"]) == place]

    (row,) = await until(look, bool)
    return row


async def answers_to(
    where: Where, agency: AgencyId, report_id: ReportId, seconds: float = 30
) -> list[dict[str, Any]]:
    """What the agency finds about a report on its topic of answers, as soon as there is any."""
    _, topic = agency_topics(agency)
    consumer = new_reader(where, "answers")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic.name, number) for number in range(topic.partitions)])
        found: list[dict[str, Any]] = []

        async def look() -> list[dict[str, Any]]:
            batches = await consumer.getmany(timeout_ms=200)
            values = [json.loads(one.value) for batch in batches.values() for one in batch]
            found.extend(value for value in values if value["report_id"] == str(report_id))
            return found

        return await until(look, bool, seconds)
    finally:
        await consumer.stop()
