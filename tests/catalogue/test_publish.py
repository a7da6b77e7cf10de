"""What goes on the topic of the catalogue, and that publishing twice does no harm."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import ConsumerRecord

from catalogue.finding import Rule
from catalogue.load import DATA
from catalogue.publish import (
    BrokenCatalogue,
    NotPublished,
    entries,
    publish,
    publish_entries,
)
from contracts.catalogue import EntryPublished
from contracts.entries import Agency, entry_of
from contracts.envelope import from_headers
from contracts.ids import EntryId, EventId

TOPIC = "catalogue.entries.v1"


def test_every_entry_is_published_once_under_its_own_id() -> None:
    facts = entries(DATA)
    assert len({fact.entry_id for fact in facts}) == len(facts) == len(list(DATA.rglob("*.yaml")))
    for fact in facts:
        assert fact.entry_id == EntryId.of(fact.kind, fact.code)
        assert fact.revision == entry_of(fact.kind, fact.body).revision


def test_entries_come_after_those_that_they_name() -> None:
    kinds = list(dict.fromkeys(fact.kind for fact in entries(DATA)))
    assert kinds == [
        "calendar",
        "agency",
        "journey",
        "service",
        "queue_policy",
        "booking_policy",
        "mall",
        "session_plan",
    ]


def test_a_broken_catalogue_is_not_published(tmp_path: Path) -> None:
    root = Path(shutil.copytree(DATA, tmp_path / "data"))
    (root / "agencies" / "dlh.yaml").write_text("revision: 1\n")
    with pytest.raises(BrokenCatalogue) as refused:
        entries(root)
    assert {finding.rule for finding in refused.value.findings} == {Rule.MISSING_FIELD}
    assert "dlh.yaml:1: missing-field: code is missing" in str(refused.value)


@pytest.mark.integration
async def test_publishing_twice_repeats_the_same_event_ids(kafka_bootstrap: str) -> None:
    await with_topic(kafka_bootstrap)
    start = await end_of_topic(kafka_bootstrap)
    facts = entries(DATA)
    assert await publish(kafka_bootstrap, DATA) == len(facts)
    assert await publish(kafka_bootstrap, DATA) == len(facts)
    records = await records_from(kafka_bootstrap, start, 2 * len(facts))
    first, second = records[: len(facts)], records[len(facts) :]
    assert [fact_of(record) for record in first] == facts
    assert [fact_of(record) for record in second] == facts
    assert [from_headers(r.headers).id for r in first] == [
        EventId.of("catalogue", fact.kind, fact.code, str(fact.revision)) for fact in facts
    ]
    assert [from_headers(r.headers).id for r in first] == [
        from_headers(r.headers).id for r in second
    ]


@pytest.mark.integration
async def test_an_agency_that_joins_at_run_time_is_published_like_any_other(
    kafka_bootstrap: str,
) -> None:
    await with_topic(kafka_bootstrap)
    start = await end_of_topic(kafka_bootstrap)
    joined = Agency.model_validate(
        {"revision": 3, "code": "group-1", "name": "Group 1", "short_name": "G1"}
    )
    assert await publish_entries(kafka_bootstrap, [joined]) == 1
    [record] = await records_from(kafka_bootstrap, start, 1)
    envelope = from_headers(record.headers)
    assert entry_of("agency", fact_of(record).body) == joined
    assert record.key == str(EntryId.of("agency", "group-1")).encode()
    assert (envelope.source, envelope.actor, envelope.type, envelope.version) == (
        "/catalogue",
        "system:catalogue",
        "catalogue.entry_published.v1",
        3,
    )


async def test_without_kafka_the_message_says_what_to_do(unused_tcp_port: int) -> None:
    with pytest.raises(NotPublished, match="check that it runs"):
        await publish(f"127.0.0.1:{unused_tcp_port}", DATA)


def fact_of(record: ConsumerRecord) -> EntryPublished:
    return EntryPublished.model_validate(json.loads(record.value))


async def with_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if TOPIC not in await admin.list_topics():
            await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    finally:
        await admin.close()


async def end_of_topic(bootstrap: str) -> int:
    partition = TopicPartition(TOPIC, 0)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        consumer.assign([partition])
        return int((await consumer.end_offsets([partition]))[partition])


async def records_from(bootstrap: str, offset: int, count: int) -> list[ConsumerRecord]:
    partition = TopicPartition(TOPIC, 0)
    async with asyncio.timeout(30), AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        consumer.assign([partition])
        consumer.seek(partition, offset)
        return [await consumer.getone() for _ in range(count)]
