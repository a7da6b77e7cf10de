"""The same over real Kafka: reports in, answers out, and the read model fed by the relay."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from chassis.testing import running
from contracts.catalog import TOPICS, Topic, agency_topics
from contracts.ids import AgencyId
from contracts.tracking import ApplicationSubmitted
from local.testing import Database, Servers
from local.topics import create
from services.tracking.wiring import CATALOGUE, READ_MODEL, REPORTS, SERVICE
from tests.services.tracking.desk import Desk, entry


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - another process tells no event
            await asyncio.sleep(0.05)


async def answers_on(bootstrap: str, topic: str, count: int) -> list[str]:
    """The first answers that an agency reads, by a client of its own."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    found: list[str] = []
    try:
        async with asyncio.timeout(20):
            while len(found) < count:
                record = await consumer.getone()
                found.append(json.loads(record.value).get("code", "accepted"))
    finally:
        await consumer.stop()
    return found


@pytest.mark.integration
async def test_reports_over_kafka_and_http_meet_in_one_timeline(
    stack: Servers,
    fresh_database: Callable[[str], Awaitable[Database]],
    code_key_file: Path,
) -> None:
    agency = AgencyId(f"dinas-{secrets.token_hex(4)}")
    reports, answers = (topic.name for topic in agency_topics(agency))
    # Other tests of this run may use the same Kafka: groups and topics of our own where possible.
    seen = [topic for topic in TOPICS if topic.name == ApplicationSubmitted.topic]
    entries = Topic(f"{agency}.entries.v1", "catalogue", readers=(), compacted=True)
    await create(stack.bootstrap, [entries, *seen, *agency_topics(agency)])
    service = replace(
        SERVICE,
        subscriptions=(
            replace(REPORTS, pattern=f"^{reports}$", consumer=f"{agency}.reports"),
            replace(CATALOGUE, topics=(entries.name,), consumer=f"{agency}.catalogue"),
            replace(
                READ_MODEL,
                topics=(ApplicationSubmitted.topic,),
                consumer=f"{agency}.read_model",
            ),
        ),
    )
    database = await fresh_database("tracking")
    async with running(
        service, database, bootstrap=stack.bootstrap, code_key_file=code_key_file
    ) as probe:
        desk = Desk(probe)
        known = entry("agency", {"revision": 1, "code": agency, "name": "Dinas", "short_name": "D"})
        await probe.deliver(f"{agency}.catalogue", probe.arrival(known))
        application_id, _ = await desk.submit()
        path = f"/v1/applications/{application_id}"
        officer = probe.bearer("siti", "officer")
        async with AIOKafkaProducer(
            bootstrap_servers=stack.bootstrap, enable_idempotence=True
        ) as producer:
            for number in range(10):
                report = desk.activity(application_id, f"Kegiatan {number}")
                if number % 2:
                    assert (await desk.post(agency, report)).status_code == 201
                    continue
                record = desk.record(agency, report)
                await producer.send_and_wait(
                    reports, record.value, key=record.key.encode(), headers=list(record.headers)
                )

                async def is_recorded(version: int = number + 2) -> bool:
                    rows = await probe.rows("SELECT version FROM applications")
                    return bool(rows[0]["version"] >= version)

                await eventually(is_recorded)

        async def is_seen() -> bool:
            answer = await probe.client.get(path, headers=officer)
            return answer.status_code == 200 and bool(answer.json()["version"] == 11)

        await eventually(is_seen)
        timeline = await probe.client.get(f"{path}/timeline", headers=officer)
        told = [one["id"] for one in timeline.json()["entries"][1:]]
        assert told == [f"Dinas mencatat kegiatan: Kegiatan {number}" for number in range(10)]
        assert await answers_on(stack.bootstrap, answers, 10) == ["accepted"] * 10
