"""Where the evidence comes from: the run directory, five databases, Kafka and the mailbox."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any

import asyncpg
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from checker.evidence import Command, Event, Evidence, Fact, Leaf, Line, Parked, Place, Record

SERVICES = ("booking", "queue", "tracking", "ledger", "notify")
_FACTS = """
SELECT seq, event_id, type, aggregate_id, version, topic, key, time, recorded_at, actor, payload,
       sent FROM event_log ORDER BY seq
"""
_COMMANDS = "SELECT actor, key, name, answer FROM commands"
_PARKED = """
SELECT consumer, topic, partition, "offset", key, reason, blocking, settled_at FROM parked
ORDER BY id
"""
_PLACES = "SELECT consumer, topic, partition, next_offset FROM positions"
_IDLE = """
SELECT application_name, pid FROM pg_stat_activity
WHERE state LIKE 'idle in transaction%' AND state_change < now() - interval '2 seconds'
  AND datname = current_database()
"""
_OWED = """
SELECT notification_id FROM deliveries WHERE due_at > clock_timestamp() - interval '60 seconds'
"""
_POLL_SECONDS = 1.0
_KAFKA_SECONDS = 30
_LOOK_AGAIN_SECONDS = 0.2
_NO_LEADER_YET = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}
_SILENT_POLLS = 30
_BATCH = 2000
Progress = dict[str, list[Any]]


async def gather(folder: Path) -> Evidence:
    """Read everything. Raises OSError, ValueError or the clients' errors when something is away."""
    endpoints = json.loads((folder / "endpoints.json").read_text(encoding="utf-8"))
    found: Progress = {name: [] for name in ("facts", "commands", "parked", "places", "idle")}
    evidence = Evidence(history=list(history_of(folder)))
    for service in SERVICES:
        reach = endpoints["services"].get(service)
        if reach is not None:
            await read_service(service, reach["database"], found, evidence)
    evidence.facts, evidence.commands = found["facts"], found["commands"]
    evidence.parked, evidence.idle_in_transaction = found["parked"], found["idle"]
    records, ends = await asyncio.to_thread(read_kafka, endpoints["kafka"])
    evidence.records = records
    evidence.places = [
        Place(consumer, topic, partition, offset, ends.get((topic, partition), 0))
        for consumer, topic, partition, offset in found["places"]
    ]
    if endpoints.get("home"):
        evidence.mails = mails_in(Path(endpoints["home"]) / "mail")
    return evidence


def history_of(folder: Path) -> Iterator[Event]:
    """The clients' lines; a last line that was cut off while it was written is left out."""
    with (folder / "history.jsonl").open(encoding="utf-8") as lines:
        for text in lines:
            if text.endswith("\n"):
                yield event_of(json.loads(text))


def event_of(line: Mapping[str, Any]) -> Event:
    """One line of the history."""
    return Event(
        line["n"],
        line["at"],
        line["client"],
        line["op"],
        line["phase"],
        line.get("key"),
        line.get("call") or 0,
        line.get("request") or {},
        line.get("code"),
        line.get("answer"),
    )


async def read_service(service: str, url: str, found: Progress, evidence: Evidence) -> None:
    """The tables of one service, in one snapshot."""
    plain = url.replace("postgresql+asyncpg://", "postgresql://")
    connection = await asyncpg.connect(plain, timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            async for row in _rows(connection, _FACTS):
                found["facts"].append(fact_of(service, row))
            async for row in _rows(connection, _COMMANDS):
                answer = json.loads(row["answer"]) if row["answer"] is not None else None
                found["commands"].append(
                    Command(service, row["actor"], row["key"], row["name"], answer)
                )
            async for row in _rows(connection, _PARKED):
                found["parked"].append(parked_of(row))
            async for row in _rows(connection, _PLACES):
                found["places"].append(tuple(row.values()))
            async for row in _rows(connection, _IDLE):
                found["idle"].append(f"{row['application_name']} pid {row['pid']}")
            if service in _OWN:
                await _OWN[service](connection, evidence)
    finally:
        await connection.close(timeout=5)


def fact_of(service: str, row: Any) -> Fact:
    """One row of an event log."""
    return Fact(
        service,
        row["seq"],
        str(row["event_id"]),
        row["type"],
        str(row["aggregate_id"]),
        row["version"],
        row["topic"],
        row["key"],
        row["time"],
        row["recorded_at"],
        row["actor"],
        row["payload"],
        json.loads(row["payload"]),
        row["sent"],
    )


def parked_of(row: Any) -> Parked:
    """One row of the parked records."""
    return Parked(
        row["consumer"],
        row["topic"],
        row["partition"],
        row["offset"],
        row["key"],
        row["reason"],
        row["blocking"],
        row["settled_at"] is not None,
    )


async def _tracking(connection: Any, evidence: Evidence) -> None:
    views, journeys = [], {}
    async for row in _rows(connection, "SELECT * FROM application_view"):
        view = dict(row)
        views.append(view | {name: json.loads(view[name]) for name in ("stages", "agencies")})
    async for row in _rows(
        connection, "SELECT code, revision, body FROM catalogue_entries WHERE kind = 'journey'"
    ):
        journeys[row["code"], row["revision"]] = json.loads(row["body"])["stages"]
    lines = "SELECT position, event_id FROM timeline ORDER BY position"
    timeline = [Line(row[0], str(row[1])) async for row in _rows(connection, lines)]
    evidence.views, evidence.journeys, evidence.timeline = views, journeys, timeline


async def _ledger(connection: Any, evidence: Evidence) -> None:
    query = "SELECT seq, chain, position, event_id, topic, value FROM entries ORDER BY seq"
    evidence.leaves = [
        Leaf(row[0], row[1], row[2], str(row[3]), row[4], row[5])
        async for row in _rows(connection, query)
    ]


async def _notify(connection: Any, evidence: Evidence) -> None:
    query = "SELECT notification_id, attempts FROM deliveries"
    evidence.deliveries = {str(row[0]): row[1] async for row in _rows(connection, query)}
    evidence.owed = frozenset([str(row[0]) async for row in _rows(connection, _OWED)])
    query = "SELECT person_id FROM recipients"
    evidence.recipients = frozenset([str(row[0]) async for row in _rows(connection, query)])


_OWN = {"tracking": _tracking, "ledger": _ledger, "notify": _notify}


async def _rows(connection: Any, query: str) -> AsyncIterator[Any]:
    """A cursor: the server never makes the whole answer at once."""
    async for row in connection.cursor(query, prefetch=_BATCH):
        yield row


def kafka_settings(kafka: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the client for `kafka` of endpoints.json."""
    security = dict(kafka.get("security") or {})
    settings = {"bootstrap.servers": kafka["bootstrap"]}
    if security:
        password = security.get("password")
        if password is None:
            password = Path(security["password_file"]).read_text(encoding="utf-8").strip()
        settings |= {
            "security.protocol": security["protocol"],
            "sasl.mechanism": security["mechanism"],
            "sasl.username": security["username"],
            "sasl.password": password,
        }
    return settings


def _watermarks(consumer: Consumer, place: TopicPartition) -> tuple[int, int]:
    """Where a partition begins and ends; waits for a leader that has just been elected."""
    until = time.monotonic() + _KAFKA_SECONDS
    while True:
        try:
            low, high = consumer.get_watermark_offsets(place, timeout=_KAFKA_SECONDS)
        except KafkaException as problem:
            if problem.args[0].code() not in _NO_LEADER_YET or time.monotonic() > until:
                raise
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return low, high


def read_kafka(
    kafka: Mapping[str, Any],
) -> tuple[list[Record], dict[tuple[str, int], int]]:
    """Every record that there is, each partition in its order, and where each partition ends."""
    consumer = Consumer(
        {
            **kafka_settings(kafka),
            "group.id": "checker",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": False,
        }
    )
    try:
        ends: dict[tuple[str, int], int] = {}
        wanted: list[TopicPartition] = []
        for name, topic in consumer.list_topics(timeout=_KAFKA_SECONDS).topics.items():
            if name.startswith("__") or not _is_wanted(kafka, name):
                continue
            for number in topic.partitions:
                place = TopicPartition(name, number)
                low, high = _watermarks(consumer, place)
                ends[name, number] = high
                if high > low:
                    wanted.append(TopicPartition(name, number, low))
        return _read_until(consumer, wanted, ends), ends
    finally:
        consumer.close()


def _is_wanted(kafka: Mapping[str, Any], topic: str) -> bool:
    return topic in kafka["topics"] if "topics" in kafka else True


def _read_until(
    consumer: Consumer, wanted: list[TopicPartition], ends: Mapping[tuple[str, int], int]
) -> list[Record]:
    left = {(place.topic, place.partition) for place in wanted}
    records: list[Record] = []
    silent = 0
    if wanted:
        consumer.assign(wanted)
    while left:
        messages = consumer.consume(_BATCH, timeout=_POLL_SECONDS)
        silent = 0 if messages else silent + 1
        if silent > _SILENT_POLLS:
            raise TimeoutError(f"Kafka has no more to say of {sorted(left)}")
        for message in messages:
            if message.error() is not None:
                raise KafkaException(message.error())
            record = record_of(message)
            records.append(record)
            place = (record.topic, record.partition)
            if record.offset + 1 >= ends[place]:
                left.discard(place)
    records.sort(key=lambda one: (one.topic, one.partition, one.offset))
    return records


def record_of(message: Any) -> Record:
    """One record, with the id of its event."""
    headers = dict(message.headers() or ())
    id_ = headers.get("ce_id") or b""
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        (message.key() or b"").decode(errors="replace"),
        id_.decode(errors="replace"),
        message.value() or b"",
    )


def mails_in(folder: Path) -> Counter[str]:
    """How many mails of each notification lie in the mailbox: its id begins the Message-ID."""
    found: Counter[str] = Counter()
    for file in folder.glob("*.eml"):
        with contextlib.suppress(FileNotFoundError):
            mail = message_from_bytes(file.read_bytes())
            found[str(mail["Message-ID"] or "").strip("<>").partition("@")[0]] += 1
    return found
