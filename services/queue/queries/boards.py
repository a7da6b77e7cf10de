"""What boards read: a snapshot with its position, and the feed behind a position."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from chassis.changes import Change
from chassis.database import Database
from contracts.ids import CounterCode, MallId, ServiceCode, TicketId
from services.queue.domain.refusals import MallUnknown, TicketUnknown
from services.queue.domain.shown import zone_of

LAST_CALLS = 5
OF_MALLS, OF_TICKETS = (MallUnknown,), (TicketUnknown,)


class ShownLine(BaseModel):
    """One service today: how many wait, and whether numbers are still given."""

    service: ServiceCode
    waiting: int
    numbers_closed: bool


class ShownCounter(BaseModel):
    """One counter, and the ticket that it has called, if any."""

    counter: CounterCode
    zone: str
    services: tuple[ServiceCode, ...]
    is_open: bool
    pauses: bool
    label: str | None


class ShownCall(BaseModel):
    """One call, with what the voice says (`spoken`, Indonesian) and its English caption."""

    label: str
    counter: CounterCode
    service: ServiceCode
    zone: str
    at: datetime
    spoken: str
    spoken_en: str


class BoardView(BaseModel):
    """A mall's board at one moment. The stream goes on behind `position`."""

    mall: MallId
    position: int
    lines: list[ShownLine]
    counters: list[ShownCounter]
    last: list[ShownCall]


# One statement sees one moment: whatever is behind the position is not in it, and the rest is.
_SNAPSHOT = """
SELECT (SELECT position FROM board_head) AS position,
  (SELECT coalesce(json_agg(line ORDER BY line.service), '[]') FROM (
     SELECT service, waiting, numbers_closed IS NOT NULL AS numbers_closed FROM lines
     WHERE mall = malls.code AND service_date = (timezone(malls.zone, $3))::date AND series = ''
   ) AS line)::text AS lines,
  (SELECT coalesce(json_agg(counter ORDER BY counter.code), '[]') FROM (
     SELECT counters.code, counters.services, counters.is_open,
            counters.paused_reason IS NOT NULL AS pauses, tickets.label
     FROM counters LEFT JOIN tickets ON tickets.id = counters.ticket_id
     WHERE counters.mall = malls.code
   ) AS counter)::text AS counters,
  (SELECT coalesce(json_agg(call.data ORDER BY call.position DESC), '[]') FROM (
     SELECT position, data::json AS data FROM board_feed
     WHERE mall = malls.code AND kind IN ('called', 'recalled') AND ($2 = '' OR zone = $2)
     ORDER BY position DESC LIMIT $4
   ) AS call)::text AS last
FROM malls WHERE code = $1
"""
_ALL = """
SELECT position, mall, zone, queue_id, data FROM board_feed
WHERE position > $1 ORDER BY position LIMIT $2
"""
_OF_MALL = """
SELECT position, mall, zone, queue_id, data FROM board_feed
WHERE mall = $3 AND position > $1 ORDER BY position LIMIT $2
"""
_OF_ZONE = """
SELECT position, mall, zone, queue_id, data FROM board_feed
WHERE mall = $3 AND zone = $4 AND position > $1 ORDER BY position LIMIT $2
"""
_OF_QUEUE = """
SELECT position, mall, zone, queue_id, data FROM board_feed
WHERE queue_id = $3 AND position > $1 ORDER BY position LIMIT $2
"""
# Behind which position nothing is missing.
_KEPT_FROM = "SELECT kept_from FROM board_head"


class Boards:
    """Reads of the boards of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def snapshot(self, mall: MallId, zone: str, at: datetime) -> BoardView:
        """What the board of a mall, or of one zone of it, shows now. Raises MallUnknown."""
        async with self._database.transaction() as tx:
            row = await tx.fetchrow(_SNAPSHOT, mall, zone, at, LAST_CALLS)
        if row is None:
            raise MallUnknown(mall=mall)
        counters = [_counter(one) for one in json.loads(row["counters"])]
        return BoardView(
            mall=mall,
            position=row["position"],
            lines=json.loads(row["lines"]),
            counters=[one for one in counters if zone in {"", one.zone}],
            last=json.loads(row["last"]),
        )

    async def must_know(self, mall: MallId) -> None:
        """Raises MallUnknown."""
        async with self._database.transaction() as tx:
            if await tx.fetchval("SELECT code FROM malls WHERE code = $1", mall) is None:
                raise MallUnknown(mall=mall)

    async def queue_of(self, ticket_id: TicketId) -> str:
        """The key of the queue in which a ticket waits. Raises TicketUnknown."""
        async with self._database.transaction() as tx:
            found = await tx.fetchval("SELECT queue_id FROM tickets WHERE id = $1", ticket_id)
        if found is None:
            raise TicketUnknown(ticket_id=str(ticket_id))
        return str(found)

    async def position(self) -> int:
        """The position of what was shown last."""
        async with self._database.transaction() as tx:
            return int(await tx.fetchval("SELECT position FROM board_head"))

    async def since(self, after: int, limit: int, key: str | None) -> Sequence[Change]:
        """The feed behind a position; first of all, what is gone if something is.

        A key is a mall, a mall and zone (`mall/Z1`), or a queue's id.
        """
        statement, found = _narrowed(key)
        async with self._database.transaction() as tx:
            rows = await tx.fetch(statement, after, limit, *found)
            kept_from = await tx.fetchval(_KEPT_FROM) if _may_miss(rows, after, key) else after
        changes = [_change(row) for row in rows]
        return [_gap(kept_from, key), *changes] if kept_from > after else changes


def _may_miss(rows: Sequence[Any], after: int, key: str | None) -> bool:
    # All positions follow each other, so among all rows a gap shows by itself.
    return key is not None or not rows or bool(rows[0]["position"] != after + 1)


def _narrowed(key: str | None) -> tuple[str, tuple[Any, ...]]:
    if key is None:
        return _ALL, ()
    mall, slash, zone = key.partition("/")
    if slash:
        return _OF_ZONE, (mall, zone)
    try:
        return _OF_QUEUE, (UUID(key),)
    except ValueError:
        return _OF_MALL, (key,)


def _change(row: Mapping[str, Any]) -> Change:
    keys = {row["mall"], f"{row['mall']}/{row['zone']}"}
    if row["queue_id"] is not None:
        keys.add(str(row["queue_id"]))
    return Change(row["position"], frozenset(keys), row["data"].encode())


def _gap(kept_from: int, key: str | None) -> Change:
    # Whoever is told so takes a snapshot, and passes over what that has seen already.
    keys = frozenset(() if key is None else (key,))
    return Change(kept_from, keys, b'{"reason":"forgotten"}', event="snapshot")


def _counter(found: Mapping[str, Any]) -> ShownCounter:
    return ShownCounter(
        counter=found["code"],
        zone=zone_of(found["code"]),
        services=tuple(found["services"]),
        is_open=found["is_open"],
        pauses=found["pauses"],
        label=found["label"],
    )
