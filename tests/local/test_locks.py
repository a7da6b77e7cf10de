"""The broker itself refuses what is not granted: every principal at every topic, group and door.

No service runs here, so nothing but the broker can have said no.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    KafkaError,
    TopicAuthorizationFailedError,
    for_code,
)
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka import KafkaError as Code
from confluent_kafka.admin import (
    AclOperation,
    AdminClient,
    ScramMechanism,
    UserScramCredentialDeletion,
)

from chassis.kafka import Access, client, new_producer
from contracts.access import OPERATOR, SERVICES, principal_of
from contracts.catalog import AGENCY_TOPICS, TOPICS, agency_topics
from contracts.ids import AgencyId
from local import credentials, jars, locks, topics
from local.errors import StackError
from local.kafka import Kafka
from local.kafka_settings import ADMIN

pytestmark = pytest.mark.integration

AGENCIES = (AgencyId("dukcapil"), AgencyId("dukcapil-kota"), AgencyId("dlh"))
# Written down once more, by hand: a topic without a row fails, and so does a right that changes.
RIGHTS = {
    "catalogue.entries.v1": ("catalogue", {"booking", "ledger", "queue", "tracking"}),
    "booking.sessions.v1": ("booking", {"ledger", "tracking"}),
    "booking.appointments.v1": ("booking", {"ledger", "notify", "queue", "tracking"}),
    "booking.days.v1": ("booking", {"ledger", "tracking"}),
    "booking.visits.v1": ("booking", {"ledger", "tracking"}),
    "booking.waits.v1": ("booking", {"ledger", "tracking"}),
    "booking.closures.v1": ("booking", {"ledger", "tracking"}),
    "queue.counters.v1": ("queue", {"ledger", "tracking"}),
    "queue.tickets.v1": ("queue", {"ledger", "notify", "tracking"}),
    "queue.lines.v1": ("queue", {"ledger", "tracking"}),
    "queue.devices.v1": ("queue", {"ledger", "tracking"}),
    "queue.presence.v1": ("queue", {"ledger", "tracking"}),
    "queue.surveys.v1": ("queue", {"ledger", "tracking"}),
    "tracking.applications.v1": ("tracking", {"ledger", "notify", "tracking"}),
    "notify.notifications.v1": ("notify", {"ledger", "tracking"}),
    "ledger.checkpoints.v1": ("ledger", {"ledger"}),
}
PRINCIPALS = (*credentials.OURS, *map(principal_of, AGENCIES))
NAMES = [
    *(topic.name for topic in TOPICS),
    *(topic.name for code in AGENCIES for topic in agency_topics(code)),
]
WAIT = 30.0


def writers(topic: str) -> set[str]:
    """Who may write to a topic, by the table."""
    for code in AGENCIES:
        reports, answers = agency_topics(code)
        if topic == reports.name:
            return {f"agency-{code}", credentials.SIMULATOR}
        if topic == answers.name:
            return {"tracking"}
    return {RIGHTS[topic][0]}


def readers(topic: str) -> set[str]:
    """Who may read a topic, by the table."""
    for code in AGENCIES:
        reports, answers = agency_topics(code)
        if topic == reports.name:
            return {"tracking", OPERATOR}
        if topic == answers.name:
            return {f"agency-{code}", "ledger", credentials.SIMULATOR, OPERATOR}
    return {*RIGHTS[topic][1], OPERATOR}


@pytest.fixture(scope="module")
def home(open_folder: Path) -> Path:
    return open_folder / "locked"


@pytest.fixture(scope="module")
def kafka(home: Path) -> Iterator[Kafka]:
    """A locked broker with all topics, and one record of the administrator in each."""
    asyncio.run(jars.fetch(jars.directory(), jars.locked()))
    cluster = Kafka(home / "kafka")
    cluster.lock(credentials.password(home, ADMIN))
    asyncio.run(cluster.start())
    try:
        asyncio.run(_furnish(home, cluster.bootstrap))
        yield cluster
    finally:
        cluster.kill_all()


async def _furnish(home: Path, bootstrap: str) -> None:
    admin = credentials.access(home, bootstrap, ADMIN)
    wanted = [*TOPICS, *(topic for code in AGENCIES for topic in agency_topics(code))]
    await topics.create(admin, wanted)
    await locks.set_all(home, admin, AGENCIES)
    async with producer(admin) as made:
        for name in NAMES:
            await made.send_and_wait(name, b"{}", key=b"k", partition=0)
    async with administering(admin) as asking, asyncio.timeout(WAIT):
        while not await _has_groups(asking):  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.1)


async def _has_groups(admin: AIOKafkaAdminClient) -> bool:
    """Whether the topic of groups, which Kafka makes at the first question, is there."""
    try:
        await admin.list_consumer_group_offsets("any")
    except GroupCoordinatorNotAvailableError:
        return False
    return True


@pytest.fixture
def who(kafka: Kafka, home: Path) -> Callable[[str], Access]:
    """The way in as a principal."""
    return lambda principal: credentials.access(home, kafka.bootstrap, principal)


@asynccontextmanager
async def producer(access: Access) -> AsyncIterator[AIOKafkaProducer]:
    made = new_producer(access, "locks")
    async with asyncio.timeout(WAIT):
        await made.start()
    try:
        yield made
    finally:
        await asyncio.wait_for(made.stop(), WAIT)


@asynccontextmanager
async def administering(access: Access) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**client(access))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


def test_every_topic_has_a_row() -> None:
    assert {topic.name for topic in TOPICS} == RIGHTS.keys()
    assert [topic.name for topic in AGENCY_TOPICS] == ["agency.*.reports.v1", "agency.*.answers.v1"]


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_the_broker_lets_nobody_but_its_owner_write_to_a_topic(
    who: Callable[[str], Access], principal: str
) -> None:
    # No idempotence: this must be about the topic, not about getting a number first.
    made = Producer({**locks.librdkafka(who(principal)), "enable.idempotence": False})
    found: dict[str, int] = {}

    def told(error: Code | None, message: Message) -> None:
        found[str(message.topic())] = error.code() if error is not None else 0

    for name in NAMES:
        made.produce(name, b"{}", key=b"k", partition=0, on_delivery=told)
    assert made.flush(WAIT) == 0
    refused = Code.TOPIC_AUTHORIZATION_FAILED
    assert found == {name: 0 if principal in writers(name) else refused for name in NAMES}


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_the_broker_lets_nobody_read_what_is_not_for_him(
    who: Callable[[str], Access], principal: str
) -> None:
    """By what the broker says that this login may do."""
    admin = AdminClient(locks.librdkafka(who(principal)))
    wanted = TopicCollection(NAMES)
    found = set()
    for name, future in admin.describe_topics(wanted, include_authorized_operations=True).items():
        try:
            allowed = future.result(WAIT).authorized_operations
        except KafkaException as refused:
            assert refused.args[0].code() == Code.TOPIC_AUTHORIZATION_FAILED, name  # noqa: PT017 - only some are refused
        else:
            if AclOperation.READ in allowed:
                found.add(name)
    assert found == {name for name in NAMES if principal in readers(name)}


@pytest.mark.parametrize("principal", ["ledger", OPERATOR])
def test_a_record_comes_to_those_who_may_read(who: Callable[[str], Access], principal: str) -> None:
    for name in ("agency.dlh.answers.v1", "agency.dukcapil.answers.v1"):
        assert _first_word(who(principal), name) == 0


@pytest.mark.parametrize("name", NAMES)
async def test_whoever_may_write_may_do_so_with_idempotence_and_nothing_else_granted(
    who: Callable[[str], Access], name: str
) -> None:
    for principal in writers(name):
        async with producer(who(principal)) as made, asyncio.timeout(WAIT):
            await made.send_and_wait(name, b"{}", key=b"k", partition=0)


@pytest.mark.parametrize("name", NAMES)
async def test_our_own_client_is_told_the_same_refusal(
    who: Callable[[str], Access], name: str
) -> None:
    stranger = "agency-dlh" if "dlh" not in name else "agency-dukcapil"
    async with producer(who(stranger)) as made, asyncio.timeout(WAIT):
        with pytest.raises(TopicAuthorizationFailedError):
            await made.send_and_wait(name, b"{}", key=b"k", partition=0)


@pytest.mark.parametrize("principal", PRINCIPALS)
async def test_groups_belong_to_the_principal_whose_name_they_bear(
    who: Callable[[str], Access], principal: str
) -> None:
    groups = {name: {f"{name}.some"} for name in (*SERVICES, OPERATOR)}
    groups |= {name: {*groups[name], name} for name in SERVICES}
    groups |= {principal_of(code): {f"agency.{code}.some"} for code in AGENCIES}
    async with administering(who(principal)) as admin:
        for group in itertools.chain.from_iterable(groups.values()):
            may = group in groups.get(principal, ()) or principal == OPERATOR
            try:
                await admin.list_consumer_group_offsets(group)
            except GroupAuthorizationFailedError:
                assert not may, group
            else:
                assert may, group


@pytest.mark.parametrize("principal", PRINCIPALS)
async def test_nobody_but_the_administrator_changes_the_cluster(
    who: Callable[[str], Access], principal: str
) -> None:
    async with administering(who(principal)) as admin:
        answer = await admin.create_topics([NewTopic("planted.v1", 1, 1)])
        codes = [for_code(error[1]) for error in answer.topic_errors]
        assert codes == [TopicAuthorizationFailedError]
        assert not issubclass(ClusterAuthorizationFailedError, TopicAuthorizationFailedError)
    made = AdminClient(locks.librdkafka(who(principal)))
    deletion = UserScramCredentialDeletion(OPERATOR, ScramMechanism.SCRAM_SHA_256)
    for future in made.alter_user_scram_credentials([deletion]).values():
        with pytest.raises(KafkaException) as refused:
            future.result(WAIT)
        assert refused.value.args[0].code() == Code.CLUSTER_AUTHORIZATION_FAILED
    for dropped in made.delete_topics(["catalogue.entries.v1"]).values():
        with pytest.raises(KafkaException) as refused:
            dropped.result(WAIT)
        assert refused.value.args[0].code() == Code.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_nobody_may_open_a_transaction(who: Callable[[str], Access], principal: str) -> None:
    made = Producer({**locks.librdkafka(who(principal)), "transactional.id": f"{principal}.one"})
    with pytest.raises(KafkaException) as refused:
        made.init_transactions(WAIT)
    assert refused.value.args[0].code() == Code.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


async def test_without_or_with_a_wrong_password_nobody_gets_in(
    kafka: Kafka, who: Callable[[str], Access]
) -> None:
    good = who("tracking")
    for bad in (
        kafka.bootstrap,
        Access(good.bootstrap, good.username, "guessed"),
        Access(good.bootstrap, "nobody", good.password),
        Access(good.bootstrap, ADMIN, "guessed", mechanism="PLAIN"),
        Access(good.bootstrap, good.username, good.password, mechanism="PLAIN"),
    ):
        admin = AIOKafkaAdminClient(**client(bad), request_timeout_ms=3000)
        with pytest.raises(KafkaError):
            await admin.start()
        await admin.close()
    async with administering(good) as admin:
        assert await admin.describe_cluster()


async def test_setting_everything_again_changes_nothing_and_takes_away_what_was_planted(
    kafka: Kafka, home: Path, who: Callable[[str], Access]
) -> None:
    await locks.set_all(home, who(ADMIN), AGENCIES)
    before = {name: credentials.password(home, name) for name in PRINCIPALS}
    planted = AgencyId("ditanam")
    await locks.enrol(home, kafka.bootstrap, [planted])
    there = who("agency-ditanam")
    async with producer(there) as made, asyncio.timeout(WAIT):
        await made.send_and_wait("agency.ditanam.reports.v1", b"{}", key=b"k")
        credentials.file_of(home, "agency-ditanam").unlink()
        await locks.set_all(home, who(ADMIN), ())
        with pytest.raises(TopicAuthorizationFailedError):
            await made.send_and_wait("agency.ditanam.reports.v1", b"{}", key=b"k")
    with pytest.raises(KafkaError):
        await _login(there)
    assert {name: credentials.password(home, name) for name in PRINCIPALS} == before


async def test_a_revoked_agency_is_cut_off_at_once_and_stays_so_until_it_is_readmitted(
    kafka: Kafka, home: Path, who: Callable[[str], Access]
) -> None:
    agency, topic = AgencyId("dlh"), "agency.dlh.reports.v1"
    old = who("agency-dlh")
    async with (
        producer(old) as open_before,
        producer(who("agency-dukcapil")) as neighbour,
        asyncio.timeout(WAIT),
    ):
        await open_before.send_and_wait(topic, b"{}", key=b"k")
        await locks.revoke(home, kafka.bootstrap, agency)
        with pytest.raises(TopicAuthorizationFailedError):
            await open_before.send_and_wait(topic, b"{}", key=b"k")
        await neighbour.send_and_wait("agency.dukcapil.reports.v1", b"{}", key=b"k")
    with pytest.raises(KafkaError):
        await _login(old)
    # A start of the stack sets all rights again, and must not give these back.
    await locks.set_all(home, who(ADMIN), AGENCIES)
    with pytest.raises(KafkaError):
        await _login(old)
    await locks.readmit(home, kafka.bootstrap, agency)
    async with producer(who("agency-dlh")) as again, asyncio.timeout(WAIT):
        await again.send_and_wait(topic, b"{}", key=b"k")
    with pytest.raises(KafkaError):
        await _login(old)


async def test_what_is_told_of_an_agency_is_what_the_broker_does(
    kafka: Kafka, home: Path, who: Callable[[str], Access]
) -> None:
    agency = AgencyId("dukcapil-kota")

    async def told() -> str:
        return await locks.state_of(home, kafka.bootstrap, agency)

    assert await told() == "granted"
    # Wanted, but Kafka did not answer: the agency goes on writing, and nobody must be told else.
    credentials.revoke(home, "agency-dukcapil-kota")
    assert await told() == "granted"
    deletion = UserScramCredentialDeletion("agency-dukcapil-kota", ScramMechanism.SCRAM_SHA_256)
    admin = AdminClient(locks.librdkafka(who(ADMIN)))
    for future in admin.alter_user_scram_credentials([deletion]).values():
        future.result(WAIT)
    await _until_refused(lambda: _login(who("agency-dukcapil-kota")))
    assert await told() == "unfinished"
    await locks.revoke(home, kafka.bootstrap, agency)
    assert await told() == "revoked"
    await locks.readmit(home, kafka.bootstrap, agency)
    assert await told() == "granted"


async def test_a_broker_that_does_not_answer_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "SECONDS", 0.5)
    nobody = Access("127.0.0.1:1", ADMIN, "guessed", mechanism="PLAIN")
    with pytest.raises(StackError, match="did not answer"):
        await locks.set_all(tmp_path, nobody, ())


async def test_without_its_credentials_alone_an_agency_that_is_connected_goes_on_writing(
    home: Path, who: Callable[[str], Access]
) -> None:
    """Why revoking takes away the rights, too."""
    deletion = UserScramCredentialDeletion("agency-dlh", ScramMechanism.SCRAM_SHA_256)
    async with producer(who("agency-dlh")) as made, asyncio.timeout(WAIT):
        await made.send_and_wait("agency.dlh.reports.v1", b"{}", key=b"k")
        admin = AdminClient(locks.librdkafka(who(ADMIN)))
        for future in admin.alter_user_scram_credentials([deletion]).values():
            future.result(WAIT)
        await _until_refused(lambda: _login(who("agency-dlh")))
        await made.send_and_wait("agency.dlh.reports.v1", b"{}", key=b"k")
    await locks.set_all(home, who(ADMIN), AGENCIES)


def _first_word(access: Access, name: str) -> int:
    """0 when the first thing that comes from a topic is a record, else the code of the error."""
    # A client for each topic: one client tells a refusal only once in a while.
    made = Consumer({**locks.librdkafka(access), "group.id": "unused", "enable.auto.commit": False})
    made.assign([TopicPartition(name, 0, OFFSET_BEGINNING)])
    try:
        for _ in range(int(WAIT * 10)):
            message = made.poll(0.1)
            if message is not None and message.topic() == name:
                error = message.error()
                return error.code() if error is not None else 0
    finally:
        made.close()
    raise AssertionError(f"nothing was heard of {name}")


async def _login(access: Access) -> None:
    admin = AIOKafkaAdminClient(**client(access), request_timeout_ms=3000)
    try:
        await admin.start()
    finally:
        await admin.close()


async def _until_refused(attempt: Callable[[], Awaitable[None]]) -> None:
    try:
        while True:
            await attempt()
            await asyncio.sleep(0.05)
    except KafkaError:
        return


def test_passwords_and_settings_are_for_their_owner_only(home: Path, kafka: Kafka) -> None:
    files = [credentials.file_of(home, name) for name in (ADMIN, *PRINCIPALS)]
    for file in [*files, kafka.folder / "node-1" / "server.properties"]:
        assert file.stat().st_mode & 0o077 == 0, file
    assert credentials.password(home, ADMIN) not in repr(
        Access("", ADMIN, credentials.password(home, ADMIN))
    )


@pytest.mark.chaos
@pytest.mark.timeout(180)
async def test_an_open_cluster_of_three_is_locked_at_its_next_start(open_folder: Path) -> None:
    home = open_folder / "three"
    await jars.fetch(jars.directory(), jars.locked())
    cluster = Kafka(home / "kafka", brokers=3)
    try:
        await cluster.start()
        await topics.create(cluster.bootstrap, TOPICS)
        await cluster.stop()
        cluster.lock(credentials.password(home, ADMIN))
        await cluster.start()
        await locks.set_all(home, credentials.access(home, cluster.bootstrap, ADMIN), AGENCIES)
        access = credentials.access(home, cluster.bootstrap, "booking")
        async with producer(access) as made, asyncio.timeout(WAIT):
            await made.send_and_wait("booking.sessions.v1", b"{}", key=b"k")
            with pytest.raises(TopicAuthorizationFailedError):
                await made.send_and_wait("queue.tickets.v1", b"{}", key=b"k")
    finally:
        cluster.kill_all()
