"""Who stands first in queues, read under the locks of their lines: never more than are needed."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chassis.database import Tx
from contracts.ids import CounterId, LineId, TicketId
from services.queue.domain.line import Line
from services.queue.domain.order import (
    LANES,
    Ahead,
    AheadOf,
    HeadOf,
    MeantFor,
    MeantHead,
    Place,
    QueueHead,
    Standing,
    Waiting,
)
from services.queue.domain.ticket import Ticket
from services.queue.store.tickets import ticket_of

# Of each lane only as many as may be needed, however many wait there.
HEADS = """
SELECT ticket.* FROM unnest($1::uuid[], $2::text[], $3::integer[]) AS asked (queue_id, lane, most)
CROSS JOIN LATERAL (
    SELECT * FROM tickets
    WHERE queue_id = asked.queue_id AND lane = asked.lane
          AND status = 'waiting' AND for_counter IS NULL
    ORDER BY place_at, id LIMIT asked.most
) AS ticket
"""
_MEANT = """
SELECT ticket.*
FROM unnest($1::uuid[], $2::uuid[], $3::integer[]) AS asked (counter_id, queue_id, most)
CROSS JOIN LATERAL (
    SELECT * FROM tickets
    WHERE for_counter = asked.counter_id AND queue_id = asked.queue_id AND status = 'waiting'
    ORDER BY place_at, id LIMIT asked.most
) AS ticket
"""


# Of those who wait only: a call out of order is rare, and a queue is no longer than a morning.
_AHEAD = """
SELECT ticket.id, ahead.lane, ahead.count FROM tickets AS ticket
CROSS JOIN LATERAL (
    SELECT lane, count(*) FROM tickets
    WHERE queue_id = ticket.queue_id AND status = 'waiting' AND for_counter IS NULL
          AND (place_at, id) < (ticket.place_at, ticket.id)
    GROUP BY lane
) AS ahead
WHERE ticket.id = ANY($1::uuid[])
"""


class _Lane(NamedTuple):
    queue_id: LineId
    name: str
    waiting: int


class Heads(NamedTuple):
    """The heads, and the tickets in them."""

    heads: list[QueueHead | MeantHead]
    tickets: list[Ticket]


async def read(tx: Tx, depths: Mapping[LineId, int], lines: Mapping[LineId, Line]) -> Heads:
    """The first of each lane of these queues, so many as `depths` says, as far as they wait."""
    lanes = [
        _Lane(queue_id, lane, count)
        for queue_id in depths
        if queue_id in lines
        for lane, count in zip(LANES, lines[queue_id].waiting, strict=False)
        if count
    ]
    rows = (
        await tx.fetch(
            HEADS,
            [lane.queue_id for lane in lanes],
            [lane.name for lane in lanes],
            [depths[lane.queue_id] for lane in lanes],
        )
        if lanes
        else []
    )
    tickets = [ticket_of(row) for row in rows]
    places: dict[tuple[LineId, str], list[Place]] = defaultdict(list)
    for ticket in tickets:
        places[ticket.queue_id, ticket.lane].append(ticket.place)
    found: dict[LineId, dict[str, Standing]] = {one: {} for one in depths if one in lines}
    for lane in lanes:
        first = sorted(places[lane.queue_id, lane.name])
        complete = len(first) >= lane.waiting
        found[lane.queue_id][lane.name] = Standing(tuple(first), complete)
    return Heads([QueueHead(HeadOf(one), by_lane) for one, by_lane in found.items()], tickets)


async def ahead_of(
    tx: Tx, ids: Sequence[TicketId], where: Mapping[TicketId, LineId], lines: Mapping[LineId, Line]
) -> list[Ahead]:
    """How many stand before these tickets, in the queues in which they wait."""
    rows = await tx.fetch(_AHEAD, ids) if ids else []
    counts: dict[TicketId, dict[str, int]] = defaultdict(dict)
    for row in rows:
        counts[TicketId(row["id"])][row["lane"]] = row["count"]
    return [
        Ahead(AheadOf(one), lines[where[one]].step, Waiting(**counts[one]))
        for one in ids
        if one in where and where[one] in lines
    ]


async def read_meant(
    tx: Tx, calls: Tally[CounterId], queues: Mapping[CounterId, Iterable[LineId]]
) -> Heads:
    """Who waits in these queues for these counters only: one for each call."""
    asked = [
        (counter_id, queue_id, most)
        for counter_id, most in calls.items()
        for queue_id in queues[counter_id]
    ]
    rows = await tx.fetch(_MEANT, *map(list, zip(*asked, strict=True))) if asked else []
    tickets = [ticket_of(row) for row in rows]
    heads: list[QueueHead | MeantHead] = []
    for counter_id, most in calls.items():
        places = sorted(one.place for one in tickets if one.for_counter == counter_id)
        # What is behind so many cannot be called by so many calls.
        heads.append(
            MeantHead(
                MeantFor(counter_id), Standing(tuple(places[:most]), complete=len(places) < most)
            )
        )
    return Heads(heads, tickets)
