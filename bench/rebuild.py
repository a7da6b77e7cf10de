"""P16: the read model made anew from Kafka, beside the same projector at new facts.

The second reference is what any rebuild must do at least: fetch everything and COPY it.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import TopicPartition
from typing_extensions import override

from bench.ground import Servers, make_topic
from bench.method import Leg, alternate
from bench.projector import LINES, TOPIC, Counting, fetched, fill, taken_in
from bench.relay import PARTITIONS, envelopes
from bench.results import Row, judged, median_figure, ratio_at_least
from bench.verdicts import out_of_order
from chassis import kafka
from chassis.arrivals import Arrival
from chassis.consume import Runner
from chassis.database import Database
from contracts.envelope import from_headers
from services.tracking.wiring import READ_MODEL

IDS = ("P16",)
# What a person does who rebuilds it: the projection and where its reader stands, and nothing else.
_FORGET = """
TRUNCATE timeline, application_view;
UPDATE timeline_head SET position = 0, as_of = NULL;
DELETE FROM inbox WHERE consumer = 'tracking.read_model';
DELETE FROM positions WHERE consumer = 'tracking.read_model';
"""
# Positions of different keys may come in another order; `shown_at` is when it was shown.
_STATE = """
SELECT (SELECT md5(string_agg(to_jsonb(v)::text, ' ' ORDER BY application_id))
        FROM application_view v) AS view,
       (SELECT md5(string_agg((to_jsonb(t) - 'position' - 'shown_at')::text, ' ' ORDER BY event_id))
        FROM timeline t) AS timeline,
       (SELECT md5(string_agg(to_jsonb(i)::text, ' ' ORDER BY aggregate_id)) FROM inbox i) AS inbox,
       (SELECT position FROM timeline_head) AS head
"""
_SHOWN = "SELECT position FROM timeline_head"
# A notice, a command or an answer would stand in one of these.
_SAID = "SELECT (SELECT count(*) FROM event_log) + (SELECT count(*) FROM commands)"
_CREATE = """
CREATE TABLE copied (event_id uuid PRIMARY KEY, key text NOT NULL, type text NOT NULL,
                     version integer NOT NULL, time timestamptz NOT NULL, data text NOT NULL)
"""


async def run(servers: Servers, _wanted: AbstractSet[str]) -> list[Row]:
    """One row for each reference."""
    settings = servers.settings
    where = await servers.fresh_database("tracking")
    checks = await servers.postgres.server.connect(where["name"])
    database = Database(where["program"], name="bench")
    straight = await asyncpg.connect(where["program"].replace("+asyncpg", ""))
    await make_topic(servers.kafka.bootstrap, TOPIC, PARTITIONS)  # it may be there, with facts
    bench = _Rebuild(servers, database, checks, straight, await _length(servers))
    copies: list[Leg] = []

    async def references() -> Leg:
        copies.append(await bench.copied())
        return await bench.live()

    try:
        await checks.execute(_CREATE)
        await checks.execute(f'GRANT ALL ON copied TO "{where["name"]}"')
        settings.tell(f"P16: {settings.facts:,} facts and more, from zero, against new ones")
        await bench.live()
        pairs = await alternate(bench.rebuilt, references, settings.repetitions, settings.tell)
    finally:
        await straight.close()
        await checks.close()
        await database.close()
    against_copy = replace(pairs, reference=tuple(copies))
    rows: list[Row] = []
    for name, what, found, goal in (
        ("live", "the own live projector", pairs, ratio_at_least(2)),
        ("copy", "fetch and COPY", against_copy, None),
    ):
        settings.tell(f"  {found.told()}; faults: {'; '.join(found.faults) or 'none'}")
        told = f"read model rebuilt from Kafka, against {what}{found.suffix}"
        figure = median_figure(found)
        rows.append(judged(f"P16.{name}", told, figure, goal, checked=not found.faults))
    return rows


class _Rebuild:
    """A topic that grows, and the three ways to take it in."""

    def __init__(
        self, servers: Servers, database: Database, checks: Any, straight: Any, there: int
    ) -> None:
        self._servers = servers
        self._database = database
        self._checks = checks
        self._straight = straight
        self._each = servers.settings.facts
        # One more than pairs: the first fills the read model.
        self._new = iter(envelopes(self._each * (servers.settings.repetitions + 1)))
        self._there = there

    async def live(self) -> Leg:
        """New facts of known applications, taken in on top of what stands there."""
        await fill(self._servers, TOPIC, list(islice(self._new, self._each)))
        self._there += self._each
        behind = self._there - await self._checks.fetchval(_SHOWN)
        leg = await taken_in(self._servers, self._runner(behind), behind)
        return leg.with_faults(await self._wrong_lines())

    async def rebuilt(self) -> Leg:
        """Everything from zero; afterwards all is as it was, and nothing was said."""
        before, said = await self._state(), await self._checks.fetchval(_SAID)
        await self._checks.execute(_FORGET)
        leg = await taken_in(self._servers, self._runner(self._there), self._there)
        found = await self._wrong_lines()
        found += differences(before, await self._state())
        if resent := await self._checks.fetchval(_SAID) - said:
            found.append(f"{resent} facts or answers came of a rebuild")
        return leg.with_faults(found)

    async def copied(self) -> Leg:
        """Fetched, the envelope read, copied into a table with one key: no fold, no position."""
        await self._straight.execute("TRUNCATE copied")

        async def copy(records: Sequence[Any]) -> None:
            rows = [_row(record) for record in records]
            await self._straight.copy_records_to_table("copied", records=rows)

        leg = await fetched(self._servers, TOPIC, self._there, copy)
        stored = await self._straight.fetchval("SELECT count(*) FROM copied")
        lost = self._there - stored
        return leg.with_faults([f"{lost} facts not copied"] if lost else [])

    def _runner(self, wanted: int) -> "_News":
        return _News(self._database, replace(READ_MODEL, topics=(TOPIC,)), wanted)

    async def _wrong_lines(self) -> list[str]:
        rows = await self._checks.fetch(LINES)
        found = out_of_order("timeline", [(row["aggregate_id"], row["version"]) for row in rows])
        lost = self._there - len(rows)
        return [*found, *([f"{lost} facts not on the timeline"] if lost else [])]

    async def _state(self) -> dict[str, Any]:
        return dict(await self._checks.fetchrow(_STATE))


class _News(Counting):
    """Counts what is news: reading begins at the record before the position."""

    @override
    async def take(self, arrivals: Sequence[Arrival]) -> None:
        places = ((TopicPartition(one.topic, one.partition), one) for one in arrivals)
        news = sum(one.offset >= self._places.next_offset(place) for place, one in places)
        await Runner.take(self, arrivals)
        self.count(news)


async def _length(servers: Servers) -> int:
    reader = kafka.new_reader(servers.kafka.bootstrap, "bench-length")
    await reader.start()
    try:
        places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        return sum((await reader.end_offsets(places)).values())
    finally:
        await reader.stop()


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The parts of the read model that are not what they were."""
    return [f"{name} is not what it was" for name in before if before[name] != after[name]]


def _row(record: Any) -> tuple[Any, ...]:
    envelope = from_headers(record.headers)
    return (
        UUID(int=envelope.id.int),
        record.key.decode(),
        envelope.type,
        envelope.version,
        envelope.time,
        record.value.decode(),
    )
