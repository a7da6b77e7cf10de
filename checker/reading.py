"""Where the evidence comes from: the run directory, five databases, Kafka and the mailbox."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from email import message_from_bytes
from pathlib import Path
from typing import Any

import asyncpg

from checker import kafka
from checker.evidence import Command, Event, Evidence, Fact, Leaf, Line, Parked, Place

SERVICES = ("booking", "queue", "tracking", "ledger", "notify")
_FACTS = """
SELECT seq, event_id, type, aggregate_id, version, topic, key, time, recorded_at, actor, payload,
       NOT EXISTS (SELECT FROM unsent WHERE unsent.seq = event_log.seq) AS sent
FROM event_log ORDER BY seq
"""
_COMMANDS = "SELECT actor, key, name, answer FROM commands"
_PARKED = """
SELECT consumer, topic, partition, "offset", key, reason, blocking, settled_at, id, settled_by
FROM parked ORDER BY id
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
    records, ends = await asyncio.to_thread(kafka.read_kafka, endpoints["kafka"])
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
                found["parked"].append(parked_of(service, row))
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


def parked_of(service: str, row: Any) -> Parked:
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
        service,
        row["id"],
        row["settled_by"] or "",
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


def mails_in(folder: Path) -> Counter[str]:
    """How many mails of each notification lie in the mailbox: its id begins the Message-ID."""
    found: Counter[str] = Counter()
    for file in folder.glob("*.eml"):
        with contextlib.suppress(FileNotFoundError):
            mail = message_from_bytes(file.read_bytes())
            found[str(mail["Message-ID"] or "").strip("<>").partition("@")[0]] += 1
    return found
