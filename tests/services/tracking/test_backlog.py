"""An agency with a backlog on its topic delays another agency's reports by a bounded share."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from chassis.testing import Probe, running
from contracts.catalog import TOPICS, agency_topics
from contracts.ids import AgencyId, ApplicationId
from contracts.tracking import ApplicationSubmitted
from local.testing import Database, Servers
from local.topics import create
from services.tracking.wiring import REPORTS, SERVICE
from tests.services.tracking.desk import Desk, entry

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
BACKLOG = 12_000
FEW = 20
# What the client fetches of one topic at once (1 MiB, less than 2000 reports), twice, and what is
# in work while the others arrive.
SHARE = 5_000


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - another process tells no event
            await asyncio.sleep(0.02)


async def send(
    producer: AIOKafkaProducer, desk: Desk, agency: AgencyId, about: ApplicationId, count: int
) -> None:
    """So many reports on the agency's topic; returns when Kafka has them."""
    topic = agency_topics(agency)[0].name
    sent = []
    for number in range(count):
        record = desk.record(agency, desk.activity(about, f"Kegiatan {number}"))
        sent.append(
            await producer.send(
                topic, record.value, key=record.key.encode(), headers=list(record.headers)
            )
        )
    await asyncio.gather(*sent)


async def done(probe: Probe, consumer: str, agency: AgencyId) -> int:
    """How many records of the agency's topic have taken effect."""
    rows = await probe.rows(
        "SELECT next_offset FROM positions WHERE consumer = $1 AND topic = $2",
        consumer,
        agency_topics(agency)[0].name,
    )
    return int(rows[0]["next_offset"]) if rows else 0


async def test_one_agencys_backlog_delays_another_by_a_bounded_share(
    stack: Servers,
    fresh_database: Callable[[str], Awaitable[Database]],
    code_key_file: Path,
) -> None:
    name = f"dinas-{secrets.token_hex(4)}"
    loud, quiet = AgencyId(f"{name}-a"), AgencyId(f"{name}-z")
    seen = [topic for topic in TOPICS if topic.name == ApplicationSubmitted.topic]
    await create(stack.bootstrap, [*seen, *agency_topics(loud), *agency_topics(quiet)])
    reports = replace(
        REPORTS, pattern=rf"^agency\.{name}-[az]\.reports\.v1$", consumer=f"{name}.reports"
    )
    service = replace(SERVICE, subscriptions=(reports,), tasks=())
    database = await fresh_database("tracking")
    # The backlog is there before anybody reads; the quiet one reports while it is worked off.
    unread = replace(SERVICE, tasks=())
    async with (
        AIOKafkaProducer(bootstrap_servers=stack.bootstrap, enable_idempotence=True) as producer,
        running(unread, database, code_key_file=code_key_file) as first,
    ):
        desk = Desk(first)
        known = [
            entry("agency", {"revision": 1, "code": one, "name": one, "short_name": one})
            for one in (loud, quiet)
        ]
        await first.deliver("tracking.catalogue", *(first.arrival(one) for one in known))
        theirs, ours = (await desk.submit())[0], (await desk.submit())[0]
        await send(producer, desk, loud, theirs, BACKLOG)
        async with running(
            service, database, bootstrap=stack.bootstrap, code_key_file=code_key_file
        ) as probe:

            async def begun() -> bool:
                return await done(probe, reports.consumer, loud) > 0

            await eventually(begun)
            await send(producer, desk, quiet, ours, FEW)
            before = await done(probe, reports.consumer, loud)

            async def is_heard() -> bool:
                return await done(probe, reports.consumer, quiet) == FEW

            await eventually(is_heard)
            after = await done(probe, reports.consumer, loud)
            assert after - before <= SHARE
            assert after < BACKLOG, "the backlog was worked off before it could delay anybody"
            told = [fact for fact in await probe.facts() if fact["aggregate_id"] == ours]
            assert len(told) == FEW + 1
