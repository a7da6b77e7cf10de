"""The only place where Kafka clients are made, so that what keeps data safe is set once.

The libraries' own defaults lose records: acknowledged by one broker, no idempotence, reading from
the end.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLScram256

# Low, so that a frozen broker is given up within seconds instead of the client's 40.
REQUEST_TIMEOUT_MS = 5_000
# How long a killed consumer's partitions wait for its successor; also how long an event loop may be
# held up. A consumer that loses its place too early does harm to nobody: its inbox knows repeats.
SESSION_TIMEOUT_MS = 8_000
# How soon a consumer by pattern learns of a new agency's topic.
METADATA_MAX_AGE_MS = 5_000
# A consumer with patience is answered when so much is there, or when its patience ends.
PATIENT_FETCH_BYTES = 65_536
_FETCH = 5_000
_SILENCE_SECONDS = 30.0
_HANDSHAKE_SECONDS = 2.0
# The first lets sends that are on their way fail, the second breaks off one that connects.
_CANCELLATIONS, _CLOSE_SECONDS = 2, 1.0


@dataclass(frozen=True, slots=True)
class Access:
    """Where Kafka is, and as whom to log in there. The password never prints.

    Without TLS the password is still not sent (SCRAM), but everything else can be read on the way:
    for one machine only. `ca_file` names who signs the brokers' certificates; without it the
    system's own list counts. PLAIN is for the administrator of a local stack.
    """

    bootstrap: str
    username: str
    password: str = field(repr=False)
    tls: bool = False
    ca_file: Path | None = None
    mechanism: Literal["SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-256"


Where: TypeAlias = Access | str
"""A Kafka with a login, or the bare addresses of one that is open to all."""


def client(where: Where) -> dict[str, Any]:
    """What every client of aiokafka is made with to reach Kafka."""
    if isinstance(where, str):
        return {"bootstrap_servers": where}
    return {
        "bootstrap_servers": where.bootstrap,
        "security_protocol": "SASL_SSL" if where.tls else "SASL_PLAINTEXT",
        "sasl_mechanism": where.mechanism,
        "sasl_plain_username": where.username,
        "sasl_plain_password": where.password,
        "ssl_context": tls(where),
    }


async def reason(where: Where, problem: BaseException) -> str:
    """The class of a failure; in words when the certificate of a broker is the reason.

    The client only tells that it could not connect, so the brokers are asked for theirs once more.
    """
    addresses = where.bootstrap.split(",") if isinstance(where, Access) and where.tls else ()
    for address in addresses:
        host, _, port = address.strip().rpartition(":")
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                _, writer = await asyncio.open_connection(host, int(port), ssl=tls(where))
            writer.close()
        except ssl.SSLCertVerificationError as refused:
            return f"the certificate of {address} is refused: {refused.verify_message}"
        except ssl.SSLError as refused:
            return f"no TLS with {address}: {refused.reason}"
        except OSError:
            continue  # nobody there: the failure as it came says enough
    return type(problem).__name__


def new_producer(where: Where, client_id: str) -> AIOKafkaProducer:
    """A producer that does not lose, double or reorder what one task sends. Not yet started."""
    return AIOKafkaProducer(
        **client(where),
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=131_072,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
    )


async def give_up(producer: AIOKafkaProducer, seconds: float) -> None:
    """Stop a producer; what it could not deliver within `seconds` it never will.

    Its own `stop` waits until all is delivered. Cut short, it leaves behind a task that goes on
    sending beside the next producer, and connections that nobody closes.
    """
    sending = producer._sender.sender_task  # noqa: SLF001 - the client offers no other way
    try:
        async with asyncio.timeout(seconds):
            await producer.flush()
            await producer.stop()
    except TimeoutError:
        pass
    finally:
        producer._closed = True  # noqa: SLF001 - so it is from here on
        for _ in range(_CANCELLATIONS):
            if sending is None or sending.done():
                break
            sending.cancel()
            await _close(producer)  # fails what is on its way, which is waited for
            await asyncio.wait([sending], timeout=_CLOSE_SECONDS)
        await _close(producer)


async def _close(producer: AIOKafkaProducer) -> None:
    """Close all connections; one that does not end in time is left to the system."""
    closing = asyncio.create_task(producer.client.close())
    _, late = await asyncio.wait([closing], timeout=_CLOSE_SECONDS)
    for task in late:
        task.cancel()


def new_reader(where: Where, client_id: str) -> AIOKafkaConsumer:
    """A client that reads what is there, in no group and without a trace. Not yet started."""
    return AIOKafkaConsumer(
        **client(where),
        client_id=client_id,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )


async def partitions(where: Where, client_id: str, topics: Sequence[str]) -> list[TopicPartition]:
    """The partitions of these topics; a topic that Kafka does not have has none."""
    admin = AIOKafkaAdminClient(
        **client(where), client_id=client_id, request_timeout_ms=REQUEST_TIMEOUT_MS
    )
    await admin.start()
    try:
        described = await admin.describe_topics(list(topics)) if topics else []
    finally:
        await admin.close()
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]


def new_broker(where: Where, client_id: str) -> KafkaBroker:
    """The FastStream broker that only consumes: facts leave through the relay."""
    bootstrap = where if isinstance(where, str) else where.bootstrap
    return KafkaBroker(
        bootstrap.split(","),  # as one text it would be taken for one address
        security=None if isinstance(where, str) else _security(where),
        client_id=client_id,
        consumer_only=True,
        allow_auto_create_topics=False,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        graceful_timeout=10,
        apply_types=False,
        logger=None,
    )


def tls(where: Where) -> ssl.SSLContext | None:
    """How brokers must prove who they are, by certificate and name; None without TLS.

    Raises OSError for a file of authorities that is missing or holds no certificate.
    """
    if isinstance(where, str) or not where.tls:
        return None
    return ssl.create_default_context(cafile=where.ca_file)


def _security(access: Access) -> BaseSecurity:
    return SASLScram256(
        access.username, access.password, ssl_context=tls(access), use_ssl=access.tls
    )


def consumer_settings(patience_seconds: float) -> dict[str, Any]:
    """What every consumer is made with; with patience, the broker gathers records that long."""
    return {
        "batch": True,
        "auto_offset_reset": "earliest",
        "partition_assignment_strategy": (StickyPartitionAssignor,),
        "session_timeout_ms": SESSION_TIMEOUT_MS,
        "heartbeat_interval_ms": 2_000,
        "max_poll_interval_ms": 300_000,
        "batch_timeout_ms": 20,
        "fetch_min_bytes": PATIENT_FETCH_BYTES if patience_seconds else 1,
        "fetch_max_wait_ms": int(patience_seconds * 1000) or 500,
    }


def known_ends(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    """Where the logs of the assigned partitions end, as the last fetches told."""
    ends = {place: consumer.highwater(place) for place in consumer.assignment()}
    return {place: end for place, end in ends.items() if end is not None}


async def all_records(
    reader: AIOKafkaConsumer,
    places: Sequence[TopicPartition],
    starts: Mapping[TopicPartition, int] | None = None,
) -> AsyncIterator[list[Any]]:
    """What these partitions hold now. Raises TimeoutError when Kafka stops answering.

    `starts` are offsets to begin at; one that is beyond the end is of a log that is gone.
    """
    if not places:
        return
    reader.assign(places)
    begins = await reader.beginning_offsets(places)
    ends = await reader.end_offsets(places)
    for place, start in (starts or {}).items():
        if place in begins and begins[place] < start <= ends[place]:
            begins[place] = start
            reader.seek(place, start)
    left = {place for place in places if begins[place] < ends[place]}
    heard = time.monotonic()
    while left:
        if time.monotonic() - heard > _SILENCE_SECONDS:
            raise TimeoutError("Kafka does not deliver what its topics hold")
        for place, records in (await reader.getmany(timeout_ms=500, max_records=_FETCH)).items():
            heard = time.monotonic()
            yield [record for record in records if record.offset < ends[place]]
            if records and records[-1].offset + 1 >= ends[place]:
                left.discard(place)
