"""P8, P9: from a fact in the log to its line in the read model, by the database's own clock.

P20: what every process holds in memory before and after that load.
"""

import asyncio
import struct
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import psutil
from aiokafka import AIOKafkaConsumer

import simulator.platform as client
from bench import reports, verdicts
from bench.ground import Platform, make_topic
from bench.method import UNQUIET, calibrate, has_moved, percentile
from bench.reports import Door, Load
from bench.results import Figure, Goal, Row, at_most, at_most_above, judged
from bench.start import bare_imports
from chassis import kafka
from chassis.kafka import Where
from local.credentials import access
from local.kafka_settings import ADMIN

IDS = ("P8", "P9", "P20")
LOADS: tuple[tuple[Door, int], ...] = (("kafka", 100), ("http", 100), ("kafka", 500), ("http", 500))
DROPPED_SECONDS = 2
_RAW_SECONDS = 5
_RAW_BYTES = 600
# Ours begins inside the transaction that decided the fact, and ends with the commit that shows it.
_WAITS = """
SELECT e.recorded_at AS decided, pg_xact_commit_timestamp(t.xmin) AS shown
FROM timeline t JOIN event_log e USING (event_id)
WHERE t.type = 'tracking.activity_recorded.v1' AND t.time >= $1
"""


async def run(platform: Platform) -> list[Row]:
    """Rows for each door and rate, then one per process."""
    state = platform.state
    settings = platform.settings
    bare = await bare_imports()
    await asyncio.sleep(DROPPED_SECONDS)
    idle = memory(platform)
    rows: list[Row] = []
    connection = await platform.connect("tracking")
    try:
        where = client.Platform(state.urls, state.bootstrap, state.home)
        async with client.Calls(where) as calls:
            known = await reports.applications(calls)
            for door, rate in LOADS[2:] if settings.quick else LOADS:
                load = Load(door, rate, settings.load_seconds, known, reports.agencies())
                rows += await _one(platform, connection, calls, load)
    finally:
        await connection.close()
    return rows + _memory_rows(idle, memory(platform), bare)


async def _one(platform: Platform, connection: Any, calls: client.Calls, load: Load) -> list[Row]:
    tell = platform.settings.tell
    name = f"{load.rate} reports/s over {load.door.upper() if load.door == 'http' else 'Kafka'}"
    tell(f"{name}: {load.seconds:.0f} s")
    calibrations = [calibrate()]
    raw = await _produce_to_consume(
        access(platform.state.home, platform.state.bootstrap, ADMIN), load.rate
    )
    sent = await reports.send(load, calls)
    await verdicts.settled(connection, sent)
    calibrations.append(calibrate())
    found = await verdicts.faults(connection, sent, in_order=load.door == "kafka")
    since = sent.began + timedelta(seconds=DROPPED_SECONDS)
    waits = await shown_after(connection, since)
    _tell(tell, sent, found, disturbed=has_moved(calibrations))
    if not waits:
        raise RuntimeError(f"{name}: nothing reached the read model")
    figures = (
        ("P8", 0.5, at_most_above(20, "ms")),
        ("P9", 0.99, at_most(250, "ms")),
    )
    disturbed = UNQUIET if has_moved(calibrations) else ""
    return [
        judged(
            f"{figure}.{load.door}.{load.rate}",
            f"event to read model, p{share * 100:.0f}, {name}{disturbed}",
            Figure(percentile(waits, share), "ms", percentile(raw, share)),
            goal,
            checked=not found,
        )
        for figure, share, goal in figures
    ]


def _tell(tell: Any, sent: reports.Sent, found: Sequence[str], *, disturbed: bool) -> None:
    if sent.waits:
        middle, late = percentile(sent.waits, 0.5) * 1e3, percentile(sent.waits, 0.99) * 1e3
        tell(f"  answered over HTTP after p50 {middle:.1f}, p99 {late:.1f} ms from when it was due")
    tell(f"  checked: {'; '.join(found) or 'none lost, doubled or out of order'}")
    if disturbed:
        tell("  the machine was not quiet: take the figures of this run with salt")


async def shown_after(connection: Any, since: datetime) -> list[float]:
    """Milliseconds from fact to read model, for each activity that happened since then."""
    return [_milliseconds(row) for row in await connection.fetch(_WAITS, since)]


def _milliseconds(row: Any) -> float:
    waited: timedelta = row["shown"] - row["decided"]
    return waited.total_seconds() * 1e3


async def _produce_to_consume(where: Where, rate: int) -> list[float]:
    """The bare limit: milliseconds from sending a record to having it, same client, same rate."""
    topic = f"bench.raw.{time.time_ns()}"
    await make_topic(where, topic, 6)
    consumer = AIOKafkaConsumer(topic, **kafka.client(where), auto_offset_reset="earliest")
    producer = kafka.new_producer(where, "bench-raw")
    waits: list[float] = []

    async def receive(wanted: int) -> None:
        while len(waits) < wanted:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                now = time.perf_counter()
                waits.extend((now - struct.unpack_from("d", one.value)[0]) * 1e3 for one in records)

    await asyncio.gather(producer.start(), consumer.start())
    try:
        count = rate * _RAW_SECONDS
        receiving = asyncio.create_task(receive(count))
        began = time.perf_counter()
        for number in range(count):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            value = struct.pack("d", time.perf_counter()) + bytes(_RAW_BYTES)
            await producer.send(topic, value, key=str(number % 200).encode())
        await asyncio.wait_for(receiving, 20)
    finally:
        await asyncio.gather(producer.stop(), consumer.stop())
    return waits[rate * DROPPED_SECONDS :]


def memory(platform: Platform) -> dict[str, float]:
    """MiB that each process holds; for PostgreSQL its tree, with shared pages counted once."""
    found: dict[str, float] = {}
    for one in platform.state.processes:
        process = psutil.Process(one.pid)
        if one.name == "postgres":
            tree = [process, *process.children(recursive=True)]
            held = sum(part.memory_full_info().pss for part in tree)
        else:
            held = process.memory_info().rss
        found[one.name] = held / 2**20
    return found


_SERVERS = frozenset({"postgres", "identity", "mailbox"})


def _memory_rows(
    idle: Mapping[str, float], after: Mapping[str, float], bare: Mapping[str, float]
) -> list[Row]:
    rows: list[Row] = []
    for name, held in after.items():
        is_service = name not in _SERVERS and not name.startswith("kafka")
        reference = bare["MiB"] if is_service else None
        goal: Goal | None = _IDLE if is_service else None
        rows += [
            judged(
                f"P20.{name}.idle",
                f"memory of {name}, idle",
                Figure(idle[name], "MiB", reference),
                goal,
                checked=True,
            ),
            judged(
                f"P20.{name}.after",
                f"memory of {name}, after the load",
                Figure(held, "MiB", idle[name]),
                None,
                checked=True,
            ),
        ]
    return rows


_IDLE = Goal("<= 1.2 R", lambda _o, _r, ratio: ratio is not None and ratio <= 1.2)
