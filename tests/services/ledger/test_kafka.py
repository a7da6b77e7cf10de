"""From real Kafka into the ledger: every topic of facts, each fact once."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer

from chassis import testing
from chassis.testing import Probe
from contracts.catalog import AGENCY_TOPICS, TOPICS, Topic
from contracts.ids import ApplicationId
from local.testing import Database, Servers
from local.topics import create
from services.ledger.queries import verify
from services.ledger.wiring import FACTS_PATTERN, SERVICE, SUBSCRIPTIONS
from tests.services.ledger.told import story

STORIES = 50
WAIT_SECONDS = 30


def test_the_ledger_listens_to_every_topic_that_names_it_and_to_no_claims() -> None:
    named = {one.replace("*", "dinas-kesehatan-2") for one in topics_of_the_ledger()}
    heard = {
        topic
        for topic in named
        if re.match(FACTS_PATTERN, topic) or any(topic in one.topics for one in SUBSCRIPTIONS)
    }
    assert named - heard == {"ledger.checkpoints.v1"}, "which it reads in no group"
    others = ["agency.dinkes.reports.v1", "ledger.checkpoints.v1", "xbooking.a.v1", "queue.a.v1.b"]
    for other in others:
        assert re.match(FACTS_PATTERN, other) is None


def topics_of_the_ledger() -> list[str]:
    return [topic.name for topic in (*TOPICS, *AGENCY_TOPICS) if "ledger" in topic.readers]


@pytest.fixture
async def mark(stack: Servers) -> str:
    """Topics of this test alone begin with it."""
    mark = f"t{secrets.token_hex(4)}"
    names = [f"{mark}.{name}.v1" for name in ("first", "second")]
    await create(stack.bootstrap, [Topic(name, "test", ("ledger",), 3) for name in names])
    return mark


@pytest.fixture
async def live(stack: Servers, database: Database, mark: str) -> AsyncIterator[Probe]:
    subscription = replace(SUBSCRIPTIONS[0], consumer=mark, pattern=rf"^{mark}\.[a-z]+\.v1$")
    service = replace(SERVICE, subscriptions=(subscription,))
    async with testing.running(service, database, bootstrap=stack.bootstrap) as probe:
        yield probe


@pytest.mark.integration
async def test_what_is_sent_to_any_topic_of_the_pattern_is_written_down_once(
    live: Probe, stack: Servers, mark: str
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap)
    await producer.start()
    try:
        for number in range(STORIES):
            topic = f"{mark}.{('first', 'second')[number % 2]}.v1"
            for arrival in story(live, ApplicationId.new()):
                for _ in range(2):  # a relay in doubt sends again
                    await producer.send(
                        topic,
                        arrival.value,
                        key=arrival.key.encode(),
                        headers=list(arrival.headers),
                    )
        await producer.flush()
    finally:
        await producer.stop()
    async with asyncio.timeout(WAIT_SECONDS):
        while (await live.rows("SELECT size FROM running"))[0]["size"] < STORIES * 4:  # noqa: ASYNC110 - a bounded poll
            await asyncio.sleep(0.05)
    report = await verify(live.running.database)
    assert (report.is_good, report.size, report.chains) == (True, STORIES * 4, STORIES)
    rows = await live.rows("SELECT count(*) AS n FROM entries GROUP BY topic ORDER BY topic")
    assert [row["n"] for row in rows] == [100, 100]
