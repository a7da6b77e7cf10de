"""Whether its tables are right after a load: nothing lost, doubled or out of order."""

from collections.abc import Sequence
from typing import Any

from bench.verdicts import missing_or_doubled, out_of_order

_OUTBOX = """
SELECT coalesce(data ->> 'report_id', application_id::text) AS command, application_id, version
FROM outbox WHERE id > $1 ORDER BY id
"""
_TIMELINE = """
SELECT coalesce(data ->> 'report_id', application_id::text) AS command, application_id, version
FROM timeline WHERE id > $1 ORDER BY id
"""
_SHOWN = "SELECT count(*) FROM timeline WHERE id > $1"
_STALE = """
SELECT count(*) FROM applications a LEFT JOIN application_view v USING (id)
WHERE v.version IS DISTINCT FROM a.version
"""
_MARKS = """
SELECT (SELECT coalesce(max(id), 0) FROM outbox), (SELECT coalesce(max(id), 0) FROM timeline)
"""


async def marks(connection: Any) -> tuple[int, int]:
    """Where outbox and timeline end now."""
    outbox, timeline = await connection.fetchrow(_MARKS)
    return outbox, timeline


async def shown(connection: Any, since: tuple[int, int]) -> int:
    """How many messages the read model shows behind these marks."""
    count: int = await connection.fetchval(_SHOWN, since[1])
    return count


async def faults(connection: Any, since: tuple[int, int], commands: Sequence[str]) -> list[str]:
    """What is wrong with everything behind these marks, if these commands were all."""
    found: list[str] = []
    for place, query, mark in (("outbox", _OUTBOX, since[0]), ("timeline", _TIMELINE, since[1])):
        rows = await connection.fetch(query, mark)
        found += missing_or_doubled(f"naive {place}", commands, [row["command"] for row in rows])
        facts = [(row["application_id"], row["version"]) for row in rows]
        found += out_of_order(f"naive {place}", facts)
    if stale := await connection.fetchval(_STALE):
        found.append(f"naive: {stale} rows of the read model are not level with their application")
    return found
