"""The ledger looks at its own checkpoints on Kafka and says when its database is another one."""

import asyncio
import contextlib
import secrets
from dataclasses import replace

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from chassis import testing
from chassis.database import Database as Pool
from chassis.kafka import new_producer
from chassis.metric import REGISTRY
from chassis.tail import Tail
from chassis.testing import Probe
from contracts.catalog import Topic
from contracts.ids import CheckpointId
from contracts.ledger import CheckpointRecorded
from local.testing import Database, Servers
from local.topics import create
from services.ledger.consumers import Watch
from services.ledger.wiring import SERVICE
from tests.services.ledger.told import three_stories

pytestmark = pytest.mark.integration
WAIT_SECONDS = 30


@pytest.fixture
async def topic(stack: Servers, monkeypatch: pytest.MonkeyPatch) -> str:
    """The topic of checkpoints, for this test alone."""
    name = f"ledger.t{secrets.token_hex(4)}.v1"
    await create(stack.bootstrap, [Topic(name, "ledger", ("ledger",), 1)])
    monkeypatch.setattr(CheckpointRecorded, "topic", name)
    return name


@pytest.fixture
async def twelve(ledger: Probe) -> Probe:
    """A ledger with twelve entries."""
    await three_stories(ledger)
    return ledger


@pytest.fixture
def watch(stack: Servers, twelve: Probe, topic: str) -> Watch:
    return Watch(twelve.running.database, Tail(stack.bootstrap, "watch", topic))


async def contradictions(watch: Watch) -> float:
    """What the metric says after a look."""
    before = looks()
    assert await watch.look()
    assert looks() == before + 1
    return value("loket_ledger_contradicted_checkpoints")


def looks() -> float:
    return value("loket_ledger_looks_total")


def value(name: str) -> float:
    found = REGISTRY.get_sample_value(name)
    assert found is not None
    return found


async def publish(stack: Servers, topic: str, *values: bytes) -> None:
    """Records on the topic, as the relay or a forger sends them."""
    producer = new_producer(stack.bootstrap, "test")
    await producer.start()
    try:
        for one in values:
            await producer.send_and_wait(topic, one)
    finally:
        await producer.stop()


async def checkpoint(ledger: Probe, size: int) -> bytes:
    """What the ledger would publish, or would have published, at this length."""
    rows = await ledger.rows("SELECT digest FROM entries WHERE seq = $1", size)
    digest = rows[0]["digest"].hex() if rows else "ab" * 32
    fact = CheckpointRecorded(checkpoint_id=CheckpointId.new(), size=size, digest=digest)
    return fact.model_dump_json().encode()


async def test_an_empty_topic_and_true_checkpoints_are_no_news(
    watch: Watch, twelve: Probe, stack: Servers, topic: str
) -> None:
    assert await contradictions(watch) == 0
    empty = CheckpointRecorded(checkpoint_id=CheckpointId.new(), size=0, digest="00" * 32)
    sizes = [await checkpoint(twelve, size) for size in (3, 7, 12)]
    await publish(stack, topic, empty.model_dump_json().encode(), *sizes)
    assert await contradictions(watch) == 0
    assert await contradictions(watch) == 0


async def test_a_checkpoint_of_a_longer_ledger_says_that_it_was_rolled_back(
    watch: Watch, twelve: Probe, stack: Servers, topic: str
) -> None:
    await publish(stack, topic, await checkpoint(twelve, 13))
    assert await contradictions(watch) == 1
    # A ledger that went on after that, and published again, still has the gap in its past.
    await publish(stack, topic, await checkpoint(twelve, 12))
    assert await contradictions(watch) == 1


async def test_a_past_that_is_changed_between_two_looks_is_seen_at_the_next(
    watch: Watch,
    twelve: Probe,
    stack: Servers,
    topic: str,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await publish(stack, topic, await checkpoint(twelve, 5), await checkpoint(twelve, 12))
    assert await contradictions(watch) == 0
    was = await owner.fetchval("SELECT digest FROM entries WHERE seq = 12")
    # Whoever rewrites one entry must rewrite all digests behind it, else the ledger itself tells.
    await owner.execute("UPDATE entries SET digest = sha256(digest) WHERE seq >= 6")
    assert await contradictions(watch) == 1
    await owner.execute("UPDATE entries SET digest = $1 WHERE seq = 12", was)
    assert await contradictions(watch) == 0


async def test_a_length_that_was_turned_back_is_seen_though_the_entries_are_there(
    watch: Watch,
    twelve: Probe,
    stack: Servers,
    topic: str,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await publish(stack, topic, await checkpoint(twelve, 12))
    await owner.execute("UPDATE running SET size = 11")
    assert await contradictions(watch) == 1


async def test_what_is_no_checkpoint_has_no_business_there(
    watch: Watch, twelve: Probe, stack: Servers, topic: str
) -> None:
    await publish(stack, topic, b"rusak", await checkpoint(twelve, 12))
    assert await contradictions(watch) == 1


async def test_a_contradiction_that_was_explained_is_left_behind(
    stack: Servers, twelve: Probe, topic: str
) -> None:
    values = [await checkpoint(twelve, size) for size in (20, 4)]
    await publish(stack, topic, *values)
    tail = Tail(stack.bootstrap, "watch", topic)
    assert await contradictions(Watch(twelve.running.database, tail, first_offset=1)) == 0


async def test_each_checkpoint_comes_once_and_a_broken_look_is_made_up_for(
    stack: Servers, twelve: Probe, topic: str
) -> None:
    tail = Tail(stack.bootstrap, "watch", topic)
    await publish(stack, topic, b"one", b"two")

    async def taken() -> list[bytes]:
        return [record.value async for page in tail.pages() for record in page]

    async with contextlib.aclosing(tail.pages()) as broken_off:
        assert [record.value for record in await anext(broken_off)] == [b"one", b"two"]
    assert await taken() == [b"one", b"two"]
    await publish(stack, topic, b"three")
    assert await taken() == [b"three"]
    assert await taken() == []


async def test_a_look_that_cannot_be_made_is_not_counted_and_forgets_nothing(
    twelve: Probe, stack: Servers, topic: str
) -> None:
    nobody = Watch(twelve.running.database, Tail("127.0.0.1:1", "watch", topic))
    before = looks()
    assert not await nobody.look()
    assert looks() == before


async def test_a_database_that_is_away_is_no_end_of_the_watch(
    stack: Servers, topic: str, twelve: Probe
) -> None:
    await publish(stack, topic, await checkpoint(twelve, 12), await checkpoint(twelve, 99))
    url = make_url(str(twelve.running.settings.database_url.get_secret_value())).set(port=1)
    nowhere = Pool(url.render_as_string(hide_password=False), name="watch", pool_size=1)
    tail = Tail(stack.bootstrap, "watch", topic)
    before = looks()
    assert not await Watch(nowhere, tail).look()
    assert looks() == before
    # What was not held against anything comes again.
    assert await contradictions(Watch(twelve.running.database, tail)) == 1


async def test_the_service_looks_by_itself_at_the_start_and_again(
    stack: Servers, database: Database, topic: str, twelve: Probe
) -> None:
    service_alone = replace(SERVICE, subscriptions=())
    forged = await checkpoint(twelve, 99)
    async with testing.running(
        service_alone, database, bootstrap=stack.bootstrap, checkpoints_seconds=0.2
    ) as live:
        headers = live.bearer("op", "operator") | {"Idempotency-Key": "noon-of-today"}
        answer = await live.client.post("/v1/checkpoints", headers=headers)
        assert answer.status_code == 201
        await _until_looks(3)
        assert value("loket_ledger_contradicted_checkpoints") == 0
        await publish(stack, topic, forged)
        async with asyncio.timeout(WAIT_SECONDS):
            while value("loket_ledger_contradicted_checkpoints") != 1:  # noqa: ASYNC110 - a bounded poll
                await asyncio.sleep(0.05)


async def _until_looks(more: int) -> None:
    wanted = looks() + more
    async with asyncio.timeout(WAIT_SECONDS):
        while looks() < wanted:  # noqa: ASYNC110 - a bounded poll
            await asyncio.sleep(0.05)
