"""What Kafka holds, read with a client of its own."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from checker.evidence import Record

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
