"""The real broker with the properties of docker-compose.yml, furnished by the job `topics`.

No container engine is needed: addresses and the data directory are this machine's, all else is what
the image would write, with passwords from `deploy/new-env`.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaError as Code
from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient
from typing_extensions import override

from chassis.kafka import Access, client
from contracts.access import principal_of
from contracts.catalog import ANSWERS_PATTERN
from contracts.ids import AgencyId
from deploy.prepare import wanted_topics
from local import credentials, jars, locks, paths, processes
from local.backends import offices
from local.kafka import Kafka
from local.kafka_settings import ADMIN, Node
from tests.deploy import compose

pytestmark = pytest.mark.integration

SERVICES = compose.read().services
WAIT = 30.0
AGENCIES = [one.code for one in offices()[0]]
PRINCIPALS = (*credentials.PLATFORM, *map(principal_of, AGENCIES[:2]))


class Composed(Kafka):
    """One broker as the image would start it."""

    def __init__(self, folder: Path, properties: dict[str, str]) -> None:
        super().__init__(folder)
        self.lock(re.findall(r'user_admin="(.+?)"', str(properties))[0])
        self._properties = properties
        self.outside = ""

    @override
    def _write_settings(self, node: Node) -> None:
        super()._write_settings(node)
        ports = {9092: node.port, 9093: node.controller_port}
        ports[9094] = processes.free_port(frozenset(ports.values()))
        self.outside = f"127.0.0.1:{ports[9094]}"

        def here(value: str) -> str:
            address = r"(@|//)(?:kafka|127\.0\.0\.1)?:(\d+)"
            return re.sub(address, lambda at: f"{at[1]}127.0.0.1:{ports[int(at[2])]}", value)

        lines = {name: here(value) for name, value in self._properties.items()}
        lines["log.dirs"] = str(node.data)
        text = "".join(f"{name}={value}\n" for name, value in lines.items())
        paths.write_private(node.properties, text)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone in which somebody has run `deploy/new-env`."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "deploy").mkdir()
    shutil.copy(compose.ROOT / "deploy" / "new-env", folder / "deploy")
    shutil.copy(compose.ROOT / ".env.example", folder)
    subprocess.run([folder / "deploy" / "new-env"], check=True, timeout=20, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def values(checkout: Path) -> dict[str, str]:
    """What stands in `.env`."""
    text = (checkout / ".env").read_text(encoding="utf-8")
    return dict(re.findall("^([A-Z_]+)=(.*)$", text, re.MULTILINE))


@pytest.fixture(scope="module")
def home(checkout: Path) -> Path:
    """What the job finds as its volume."""
    return checkout / "volume"


@pytest.fixture(scope="module")
def kafka(checkout: Path, values: dict[str, str], home: Path) -> Iterator[Composed]:
    asyncio.run(jars.fetch(jars.directory(), jars.locked()))
    environment = compose.interpolated(SERVICES["kafka"].environment, values)
    broker = Composed(checkout / "kafka", compose.kafka_properties(environment))
    asyncio.run(broker.start())
    try:
        done = prepare(broker, values, home, "kafka")
        assert done.returncode == 0, done.stderr
        yield broker
    finally:
        broker.kill_all()


def prepare(
    broker: Composed, values: dict[str, str], home: Path, *job: str
) -> subprocess.CompletedProcess[str]:
    """Run a job as the container `topics` runs it."""
    environment = {
        **os.environ,
        **compose.interpolated(SERVICES["topics"].environment, values),
        "LOKET_HOME": str(home),
        "LOKET_KAFKA_BOOTSTRAP": broker.bootstrap,
        "KAFKA_PASSWORDS_FOLDER": str(home.parent / ".secrets"),
    }
    return subprocess.run(
        [sys.executable, "-m", "deploy.prepare", *job],
        cwd=compose.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def who(kafka: Composed, home: Path) -> Callable[[str], Access]:
    """The way in at the door for this machine: ours by the files that their containers get."""

    def access(principal: str) -> Access:
        given = home.parent / ".secrets" / f"kafka-{principal}"
        file = given if given.exists() else credentials.file_of(home, principal)
        return Access(kafka.outside, principal, file.read_text(encoding="utf-8").strip())

    return access


def writes(access: Access) -> set[str]:
    """The topics that take a record of this login; the broker must have refused all others."""
    made = Producer({**locks.librdkafka(access), "enable.idempotence": False})
    found: dict[str, int] = {}

    def told(error: Code | None, message: Message) -> None:
        found[str(message.topic())] = error.code() if error is not None else 0

    for topic in wanted_topics():
        made.produce(topic.name, b"{}", key=b"k", partition=0, on_delivery=told)
    assert made.flush(WAIT) == 0
    assert set(found.values()) <= {0, Code.TOPIC_AUTHORIZATION_FAILED}
    return {name for name, code in found.items() if code == 0}


def owned(principal: str) -> set[str]:
    """By the names of the topics, not by the list of rights."""
    if principal.startswith("agency-"):
        return {f"agency.{principal.removeprefix('agency-')}.reports.v1"}
    own = {one.name for one in wanted_topics() if one.name.startswith(f"{principal}.")}
    if principal == "tracking":
        own |= {one.name for one in wanted_topics() if re.match(ANSWERS_PATTERN, one.name)}
    return own


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_each_writes_to_its_own_topics_and_to_no_other(
    who: Callable[[str], Access], principal: str
) -> None:
    assert writes(who(principal)) == owned(principal)
    assert bool(owned(principal)) == (principal != "operator")


def test_a_service_gets_in_at_the_inner_door_with_its_own_file(
    kafka: Composed, who: Callable[[str], Access]
) -> None:
    outer = who("queue")
    inner = Access(kafka.bootstrap, outer.username, outer.password)
    assert writes(inner) == owned("queue")


async def test_without_or_with_a_wrong_password_nobody_gets_in(
    kafka: Composed, who: Callable[[str], Access]
) -> None:
    good, admin = who("ledger"), kafka.admin
    assert isinstance(admin, Access)
    for bad in (
        kafka.bootstrap,
        kafka.outside,
        Access(kafka.outside, "ledger", "guessed"),
        Access(kafka.outside, "simulator", good.password),
        Access(kafka.bootstrap, ADMIN, "guessed", mechanism="PLAIN"),
        # The administrator has no business at the door that leads out of the containers.
        Access(kafka.outside, ADMIN, admin.password, mechanism="PLAIN"),
        Access(kafka.outside, ADMIN, admin.password),
    ):
        asking = AIOKafkaAdminClient(**client(bad), request_timeout_ms=3000)
        with pytest.raises(KafkaError):
            await asking.start()
        await asking.close()
    asking = AIOKafkaAdminClient(**client(good))
    await asking.start()
    await asking.close()


def users(broker: Composed) -> set[str]:
    """Who has a login."""
    admin = broker.admin
    assert isinstance(admin, Access)
    asking = AdminClient(locks.librdkafka(admin))
    answer: Any = asking.describe_user_scram_credentials()
    return set(answer.result(WAIT))


def test_nobody_has_a_login_but_services_catalogue_operator_and_agencies(kafka: Composed) -> None:
    assert users(kafka) == {*credentials.PLATFORM, *map(principal_of, AGENCIES)}


def test_kafkas_own_tools_get_in_by_the_file_of_the_health_check(
    checkout: Path, kafka: Composed
) -> None:
    check = SERVICES["kafka"].healthcheck
    assert check is not None
    name = Path(check.test[check.test.index("--command-config") + 1]).name
    assert name in SERVICES["kafka"].secrets
    text = (checkout / ".secrets" / name).read_text(encoding="utf-8")
    told = dict(line.split("=", 1) for line in text.splitlines())
    username, password = re.findall(r'="([^"]+)"', told["sasl.jaas.config"])
    asking = AdminClient(
        {
            "bootstrap.servers": kafka.bootstrap,
            "security.protocol": told["security.protocol"],
            "sasl.mechanism": told["sasl.mechanism"],
            "sasl.username": username,
            "sasl.password": password,
        }
    )
    assert asking.list_topics(timeout=WAIT).topics


def test_doing_the_jobs_again_gives_nobody_back_what_was_taken_away(
    kafka: Composed, values: dict[str, str], home: Path, who: Callable[[str], Access]
) -> None:
    code = AgencyId(AGENCIES[-1])
    name = principal_of(code)
    before = {one: who(one).password for one in (name, principal_of(AGENCIES[0]))}
    assert prepare(kafka, values, home, "revoke", code).returncode == 0
    assert prepare(kafka, values, home, "kafka").returncode == 0
    assert users(kafka) == {*credentials.PLATFORM, *map(principal_of, AGENCIES)} - {name}
    assert prepare(kafka, values, home, "readmit", code).returncode == 0
    assert writes(who(name)) == owned(name)
    assert who(name).password != before[name]
    assert who(principal_of(AGENCIES[0])).password == before[principal_of(AGENCIES[0])]


def test_an_agency_that_nobody_knows_is_no_traceback(
    kafka: Composed, values: dict[str, str], home: Path
) -> None:
    for agency in ("tidak-ada", "BUKAN KODE"):
        told = prepare(kafka, values, home, "revoke", agency)
        assert told.returncode == 2
        assert "Traceback" not in told.stderr
