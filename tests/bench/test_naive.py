"""The rival is right, and its check would tell if it were not."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from bench.ground import make_topic
from bench.naive import check, consumer, relay, web
from bench.naive.config import Config, Sessions, sessions_of
from contracts.ids import ApplicationId, ReportId
from local.testing import Database

SECONDS = 60.0


@pytest.fixture
async def config(
    fresh_database: Callable[[str], Awaitable[Database]], kafka_bootstrap: str
) -> Config:
    database = await fresh_database("naive")
    topic = f"naive.{secrets.token_hex(4)}"
    await make_topic(kafka_bootstrap, topic, 2)
    return Config(database.owner_url, kafka_bootstrap, topic=topic)


@pytest.fixture
async def sessions(config: Config) -> AsyncIterator[Sessions]:
    engine = config.engine()
    await web.create_tables(engine)
    yield sessions_of(engine)
    await engine.dispose()


async def commands(config: Config) -> list[str]:
    """Three applications with two reports each, everything said twice."""
    said: list[str] = []
    app = web.new_app(config)
    door = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=door, base_url="http://naive") as http,
    ):

        async def post(path: str, body: dict[str, str]) -> None:
            for _ in range(2):
                assert (await http.post(path, json=body)).status_code == 201

        for _ in range(3):
            application = str(ApplicationId.new())
            await post("/applications", {"application_id": application})
            said.append(application)
            for _ in range(2):
                report = str(ReportId.new())
                body = {"report_id": report, "activity": "step"}
                await post(f"/applications/{application}/reports", body)
                said.append(report)
    return said


async def published(config: Config, sessions: Sessions) -> None:
    producer = relay.new_producer(config)
    await producer.start()
    try:
        while await relay.publish_some(sessions, producer, config.topic):
            pass
    finally:
        await producer.stop()


async def test_everything_arrives_once_in_order_and_a_loss_is_told(
    config: Config, sessions: Sessions
) -> None:
    connection = await asyncpg.connect(config.database_url.replace("+asyncpg", ""))
    try:
        since = await check.marks(connection)
        said = await commands(config)
        await published(config, sessions)
        assert "naive timeline: 9 lost" in await check.faults(connection, since, said)
        broker = consumer.new_broker(config, sessions)
        await broker.start()
        async with asyncio.timeout(SECONDS):
            while await check.shown(connection, since) < len(said):  # noqa: ASYNC110 - the handler tells nobody
                await asyncio.sleep(0.05)
        await broker.stop()
        assert await check.faults(connection, since, said) == []
        await connection.execute("DELETE FROM timeline WHERE version = 2")
        await connection.execute("UPDATE application_view SET version = 2")
        assert await check.faults(connection, since, said) == [
            "naive timeline: 3 lost",
            "naive timeline: 3 out of order",
            "naive: 3 rows of the read model are not level with their application",
        ]
    finally:
        await connection.close()


async def test_a_message_that_comes_again_changes_nothing(
    config: Config, sessions: Sessions
) -> None:
    said = await commands(config)
    await published(config, sessions)
    reader = AIOKafkaConsumer(
        config.topic, bootstrap_servers=config.kafka, auto_offset_reset="earliest"
    )
    await reader.start()
    events: list[consumer.Event] = []
    async with asyncio.timeout(SECONDS):
        async for record in reader:
            events.append(consumer.Event(**json.loads(record.value)))
            if len(events) == len(said):
                break
    await reader.stop()
    for event in [*events, *events]:
        await consumer.apply(sessions, event)
    connection = await asyncpg.connect(config.database_url.replace("+asyncpg", ""))
    try:
        assert await check.faults(connection, (0, 0), said) == []
    finally:
        await connection.close()
