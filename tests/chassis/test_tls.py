"""Kafka and PostgreSQL over TLS: a service works, and who cannot prove a name is not spoken to.

The embedded PostgreSQL was built without TLS, so here a door before it speaks it.
"""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError
from sqlalchemy.engine import make_url
from typing_extensions import override

from chassis import kafka, testing
from chassis.database import Database as Pool
from chassis.database import is_away
from chassis.kafka import Access
from contracts.catalog import Topic
from contracts.ids import Actor
from local import credentials, jars, locks, paths
from local.kafka import Kafka
from local.kafka_settings import ADMIN, Node
from local.testing import Database, Servers
from local.topics import create
from tests.chassis import toy
from tests.chassis.authority import Authority

pytestmark = pytest.mark.integration
WAIT = 30.0
TOPIC = "toy.tls.v1"
LOGIN = "booking"
SSL_REQUEST = struct.pack("!ii", 8, 80_877_103)
"""How a client of PostgreSQL asks for TLS (protocol 3, SSLRequest)."""


class Encrypted(Kafka):
    """A locked broker that speaks TLS to its clients, and lets our login do everything."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(folder)
        self._authority = authority

    @property
    @override
    def admin(self) -> Access:
        found = super().admin
        assert isinstance(found, Access)
        return replace(found, tls=True, ca_file=self._authority.file)

    @override
    def _write_settings(self, node: Node) -> None:
        super()._write_settings(node)
        store = node.folder / "server.pem"
        paths.write_private(store, b"".join(self._authority.issue()))
        text = node.properties.read_text(encoding="utf-8")
        for old, new in (
            ("BROKERS:SASL_PLAINTEXT", "BROKERS:SASL_SSL"),
            (f"super.users=User:{ADMIN}", f"super.users=User:{ADMIN};User:{LOGIN}"),
        ):
            assert old in text
            text = text.replace(old, new)
        text += f"ssl.keystore.type=PEM\nssl.keystore.location={store}\n"
        text += f"ssl.truststore.type=PEM\nssl.truststore.location={self._authority.file}\n"
        paths.write_private(node.properties, text)


@pytest.fixture(scope="module")
def authority(open_folder: Path) -> Authority:
    return Authority(open_folder, "ours")


@pytest.fixture(scope="module")
def stranger(open_folder: Path) -> Authority:
    return Authority(open_folder, "somebody-else")


@pytest.fixture(scope="module")
def access(open_folder: Path, authority: Authority) -> Iterator[Access]:
    """The way into a broker with TLS, its topic made and its login known."""
    asyncio.run(jars.fetch(jars.directory(), jars.locked()))
    broker = Encrypted(open_folder / "kafka", authority)
    broker.lock(credentials.password(open_folder, ADMIN))
    asyncio.run(broker.start())
    try:
        asyncio.run(create(broker.admin, [Topic(TOPIC, "toy", readers=("toy",), partitions=3)]))
        asyncio.run(locks.set_all(open_folder, broker.admin, (), [LOGIN]))
        found = credentials.access(open_folder, broker.bootstrap, LOGIN)
        yield replace(found, tls=True, ca_file=authority.file)
    finally:
        broker.kill_all()


@pytest.fixture
async def door(stack: Servers, authority: Authority, open_folder: Path) -> AsyncIterator[int]:
    """A port on which PostgreSQL is spoken by TLS only; the way on to the server is plain."""
    pem = open_folder / "door.pem"
    paths.write_private(pem, b"".join(authority.issue()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(8) == SSL_REQUEST
        writer.write(b"S")
        await writer.drain()
        try:
            await writer.start_tls(context)
        except (OSError, ssl.SSLError):
            return  # the client did not believe us
        inner, onward = await asyncio.open_connection(stack.postgres.host, stack.postgres.port)
        await asyncio.gather(_pour(reader, onward), _pour(inner, writer))

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while piece := await source.read(65_536):
            sink.write(piece)
            await sink.drain()
    sink.close()


@pytest.fixture
def toys(
    toy_database: Database, door: int, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Database:
    """The toy's database behind that door; whoever connects from now on wants TLS."""
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(authority.file))

    def behind(url: str) -> str:
        return make_url(url).set(port=door).render_as_string(hide_password=False)

    return replace(
        toy_database,
        owner_url=behind(toy_database.owner_url),
        url=behind(toy_database.url),
        relay_url=behind(toy_database.relay_url),
    )


async def test_facts_travel_from_the_log_over_kafka_into_the_view_by_tls_alone(
    toys: Database, access: Access, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toy.CoinAdded, "topic", TOPIC)
    view = replace(toy.VIEW, topics=(TOPIC,), consumer="booking.tls")
    async with testing.running(
        toy.service(view),
        toys,
        bootstrap=access.bootstrap,
        kafka_username=access.username,
        kafka_password_file=credentials.file_of(open_folder, LOGIN),
        kafka_tls=True,
        kafka_ca_file=access.ca_file,
    ) as probe:
        for key in ("one", "two"):
            await probe.running.dispatch(
                toy.AddCoin(
                    actor=Actor("operator:test"),
                    at=datetime.now(UTC),
                    key=key,
                    pot_id=toy.PotId.new(),
                )
            )
        async with asyncio.timeout(WAIT):
            while len(await probe.rows("SELECT id FROM pot_view")) < 2:  # noqa: ASYNC110 - another process tells no event
                await asyncio.sleep(0.05)


async def refusal(access: Access) -> str:
    """What a client is told that must not get in; both ways in which we make clients."""
    producer = kafka.new_producer(access, "tls")
    with pytest.raises(KafkaError) as refused:
        async with asyncio.timeout(WAIT):
            await producer.start()
    await producer.stop()
    broker = kafka.new_broker(access, "tls")
    broker.subscriber(TOPIC, group_id="booking.refused", **kafka.consumer_settings(0))(_taken)
    with pytest.raises(KafkaError):
        async with asyncio.timeout(WAIT):
            await broker.start()
    await broker.stop()
    return await kafka.reason(access, refused.value)


async def _taken(_message: object) -> None:
    raise AssertionError("nothing may come from a broker that is not trusted")


async def test_a_broker_whose_certificate_somebody_else_signed_is_refused_by_name(
    access: Access, stranger: Authority
) -> None:
    told = await refusal(replace(access, ca_file=stranger.file))
    assert told.startswith(f"the certificate of {access.bootstrap} is refused: ")
    assert "issuer" in told or "self-signed" in told


async def test_a_broker_under_another_name_than_its_certificate_has_is_refused_by_name(
    access: Access,
) -> None:
    elsewhere = access.bootstrap.replace("127.0.0.1", "localhost")
    told = await refusal(replace(access, bootstrap=elsewhere))
    assert told.startswith(f"the certificate of {elsewhere} is refused: Hostname mismatch")


async def test_a_broker_whom_the_systems_own_list_does_not_know_is_refused(access: Access) -> None:
    assert "is refused" in await refusal(replace(access, ca_file=None))


async def test_a_client_without_tls_gets_nowhere_and_other_failures_keep_their_names(
    access: Access,
) -> None:
    assert (await refusal(replace(access, tls=False))).startswith("Kafka")
    nobody = replace(access, bootstrap="127.0.0.1:1")
    assert await kafka.reason(nobody, OSError()) == "OSError"


async def test_a_server_that_speaks_no_tls_is_told_apart(access: Access) -> None:
    async def rude(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello, this is no handshake at all\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(rude, "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        told = await kafka.reason(replace(access, bootstrap=address), OSError())
    assert told.startswith(f"no TLS with {address}: ")


@pytest.mark.parametrize(
    "host,trusted,why",
    [
        ("127.0.0.1", "stranger", "unable to get local issuer|self-signed"),
        ("localhost", "authority", "Hostname mismatch"),
    ],
)
async def test_a_database_that_cannot_prove_its_name_gets_no_password(
    toys: Database,
    host: str,
    trusted: str,
    why: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: Authority = request.getfixturevalue(trusted)
    monkeypatch.setenv("PGSSLROOTCERT", str(found.file))
    url = make_url(toys.url).set(host=host).render_as_string(hide_password=False)
    pool = Pool(url, name="tls", pool_size=1)
    with pytest.raises(ssl.SSLCertVerificationError, match=why) as refused:
        await pool.ping()
    await pool.close()
    assert is_away(refused.value)
