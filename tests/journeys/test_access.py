"""`loket access` on the running platform: what it says opens Kafka, and it cuts off and lets in."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from chassis.kafka import Access, new_producer, new_reader
from local.backends import offices
from simulator.platform import Platform
from tests.journeys.cli import loket

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

AGENCY = max(one.code for one in offices()[0])
ANSWERS = TopicPartition(f"agency.{AGENCY}.answers.v1", 0)
REPORTS = f"agency.{AGENCY}.reports.v1"
WAIT = 30.0


async def told(environment: dict[str, str], *options: str) -> Any:
    """What the command says to a program; it must go well."""
    ended = await loket(environment, "access", AGENCY, "--json", *options)
    assert ended.code == 0, ended.err
    return ended.json()


def way_in(said: dict[str, str]) -> Access:
    """The login as an agency would take it from what was said."""
    word = Path(said["password_file"]).read_text(encoding="utf-8")
    assert said["mechanism"] == "SCRAM-SHA-256"
    assert said["security_protocol"] == "SASL_PLAINTEXT"
    return Access(said["bootstrap"], said["username"], word)


def is_private(said: dict[str, str]) -> bool:
    """Whether nobody but its owner can read the password."""
    return Path(said["password_file"]).stat().st_mode & 0o077 == 0


@asynccontextmanager
async def reading(access: Access) -> AsyncIterator[AIOKafkaConsumer]:
    """A client that reads the agency's answers. Raises KafkaError for who is not let in."""
    reader = new_reader(access, "access")
    try:
        async with asyncio.timeout(WAIT):
            await reader.start()
        reader.assign([ANSWERS])
        yield reader
    finally:
        await reader.stop()


async def read(reader: AIOKafkaConsumer) -> None:
    """Ask for what is there from the beginning."""
    reader.seek(ANSWERS, 0)
    await reader.getmany(timeout_ms=500)


@asynccontextmanager
async def writing(access: Access) -> AsyncIterator[AIOKafkaProducer]:
    """A client of the agency that is connected and knows where its reports go."""
    producer = new_producer(access, "access")
    try:
        async with asyncio.timeout(WAIT):
            await producer.start()
            assert await producer.partitions_for(REPORTS)
        yield producer
    finally:
        await asyncio.wait_for(producer.stop(), WAIT)


async def refused(access: Access) -> None:
    """It does not let us in."""
    with pytest.raises(KafkaError):
        async with reading(access):
            pass


async def test_what_is_shown_opens_kafka(environment: dict[str, str]) -> None:
    said = await told(environment)
    assert said["access"] == "granted"
    assert said["username"] == f"agency-{AGENCY}"
    async with reading(way_in(said)) as reader:
        await read(reader)
    assert is_private(said)
    for_people = await loket(environment | {"COLUMNS": "40"}, "access", AGENCY)
    assert for_people.code == 0
    for name, value in said.items():
        assert re.search(rf"^{name} +{re.escape(value)}$", for_people.out, re.MULTILINE), name
    assert way_in(said).password not in for_people.out


async def test_an_agency_is_cut_off_while_it_is_connected_and_let_in_with_another_password(
    environment: dict[str, str],
) -> None:
    old = way_in(await told(environment))
    try:
        async with writing(old) as open_before:
            assert (await told(environment, "--revoke"))["access"] == "revoked"
            with pytest.raises(TopicAuthorizationFailedError):
                await asyncio.wait_for(open_before.send_and_wait(REPORTS, b"{}"), WAIT)
        await refused(old)
        assert (await told(environment, "--revoke"))["access"] == "revoked"  # again harms nobody
        assert (await told(environment))["access"] == "revoked"
    finally:
        again = await told(environment, "--readmit")
    assert again["access"] == "granted"
    assert way_in(again).password != old.password
    async with reading(way_in(again)) as reader:
        await read(reader)
    await refused(old)


async def test_a_password_is_changed_for_an_agency_that_was_never_cut_off(
    environment: dict[str, str],
) -> None:
    old = way_in(await told(environment))
    new = way_in(await told(environment, "--readmit"))
    await refused(old)
    async with reading(new) as reader:
        await read(reader)


@pytest.mark.parametrize(
    "arguments,why",
    [
        (["tidak-ada"], "agency-tidak-ada"),
        (["tidak-ada", "--revoke"], "tidak-ada"),
        (["tidak-ada", "--readmit"], "tidak-ada"),
        (["BUKAN KODE"], "BUKAN KODE"),
        (["admin/../x", "--revoke"], "admin/../x"),
        ([AGENCY, "--revoke", "--readmit"], "not both"),
    ],
    ids=["shown", "revoked", "readmitted", "no-code", "a-path", "both"],
)
async def test_what_cannot_be_done_ends_with_2_and_one_sentence(
    environment: dict[str, str], arguments: list[str], why: str
) -> None:
    ended = await loket(environment, "access", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert why in ended.err
    assert "Traceback" not in ended.err
    assert (await told(environment))["access"] == "granted"


async def test_without_a_platform_it_says_what_to_do(
    environment: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = environment | {"LOKET_HOME": str(tmp_path / "nothing")}
    ended = await loket(elsewhere, "access", AGENCY, "--revoke")
    assert (ended.code, ended.out) == (2, "")
    assert "make up" in ended.err


async def test_the_ledger_may_read_its_own_checkpoints_and_agrees_with_them(
    platform: Platform,
) -> None:
    said = await metrics_of(platform)
    assert said["loket_ledger_looks_total"] >= 1
    assert said["loket_ledger_contradicted_checkpoints"] == 0


async def metrics_of(platform: Platform) -> dict[str, float]:
    """What the ledger tells without labels."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        text = (await client.get(f"{platform.urls['ledger']}/metrics")).text
    found = re.findall(r"^(loket_ledger_\w+) ([\d.e+-]+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}
