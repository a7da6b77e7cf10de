"""Where a ticket stands, how long it will still wait, and how right such ranges have been."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel

from chassis.database import Database, Tx
from contracts.ids import CounterCode, MallId, ServiceCode, TicketId
from contracts.queue_entries import QueuePolicy
from services.queue.domain.order import LANES, Waiting, count_before
from services.queue.domain.policy import BUILT_IN, Policy
from services.queue.domain.refusals import TicketUnknown
from services.queue.domain.waiting import Pace

OF_TICKETS = (TicketUnknown,)
_MOST_COUNTED = 1000

_TICKET = """
SELECT tickets.label, tickets.status, tickets.lane, tickets.place_at, tickets.queue_id,
       tickets.for_counter, lines.mall, lines.service, lines.turn, lines.turn_of,
       lines.wait_reguler, lines.wait_prioritas, lines.wait_janji, lines.wait_lanjutan,
       lines.gap_ms, lines.width_pm, lines.last_call_at, lines.predicted, lines.inside,
       (SELECT body::text FROM policies
        WHERE code = coalesce(
            (SELECT line ->> 'policy' FROM malls, jsonb_array_elements(more -> 'lines') AS line
             WHERE malls.code = lines.mall AND line ->> 'service' = lines.service),
            (SELECT more ->> 'policy' FROM malls WHERE malls.code = lines.mall))
        ORDER BY revision DESC LIMIT 1) AS policy,
       CASE WHEN tickets.status IN ('called', 'served') THEN counters.code END AS counter,
       EXISTS (SELECT FROM counters AS one
               WHERE one.mall = lines.mall AND one.is_open AND one.paused_reason IS NULL
                     AND one.services ? lines.service) AS is_served
FROM tickets JOIN lines ON lines.id = tickets.queue_id
     LEFT JOIN counters ON counters.id = tickets.counter_id
WHERE tickets.id = $1
"""
# However long a lane is, only so many of it are counted.
_AHEAD = """
SELECT asked.lane, (
    SELECT count(*) FROM (
        SELECT FROM tickets
        WHERE queue_id = $1 AND lane = asked.lane AND status = 'waiting' AND for_counter IS NULL
              AND (place_at, id) < ($2, $3)
        LIMIT $4
    ) AS counted
) AS ahead
FROM unnest($5::text[]) AS asked (lane)
"""
_ACCURACY = """
SELECT service, predicted, inside FROM lines
WHERE mall = $1 AND service_date = $2 AND series = '' AND ($3::text IS NULL OR service = $3)
ORDER BY service
"""


class WaitView(BaseModel):
    """From so many minutes to so many. Of today's `of` ranges in this queue `right` held."""

    low_minutes: int
    high_minutes: int
    right: int
    of: int


class TicketView(BaseModel):
    """Where a ticket stands. `before` are called first if nobody else comes; 1000 may be more.

    `why` says why there is no range: `no_counter_open` or `not_enough_known`.
    """

    ticket_id: TicketId
    label: str
    status: str
    service: ServiceCode
    counter: CounterCode | None
    before: int | None
    wait: WaitView | None
    why: Literal["no_counter_open", "not_enough_known"] | None


class AccuracyView(BaseModel):
    """Of `predicted` ranges told on this day, `inside` held: the wait was within what was said."""

    service: ServiceCode
    predicted: int
    inside: int


async def ticket(database: Database, ticket_id: TicketId, at: datetime) -> TicketView:
    """Where this ticket stands now. Raises TicketUnknown."""
    async with database.transaction() as tx:
        row = await tx.fetchrow(_TICKET, ticket_id)
        if row is None:
            raise TicketUnknown(ticket_id=str(ticket_id))
        before = await _before(tx, ticket_id, row) if row["status"] == "waiting" else None
    wait, why = _wait(row, before, at)
    return TicketView(
        ticket_id=ticket_id,
        label=row["label"],
        status=row["status"],
        service=row["service"],
        counter=row["counter"],
        before=before,
        wait=wait,
        why=why,
    )


async def accuracy(
    database: Database, mall: MallId, service: ServiceCode | None, day: date
) -> list[AccuracyView]:
    """How right the ranges of a day were, by service."""
    async with database.transaction() as tx:
        rows = await tx.fetch(_ACCURACY, mall, day, service)
    return [AccuracyView(**dict(row)) for row in rows]


async def _before(tx: Tx, ticket_id: TicketId, row: Mapping[str, Any]) -> int:
    if row["for_counter"] is not None:
        return 0  # it waits for one counter, and for nobody else
    body = row["policy"]
    policy = Policy.of(QueuePolicy.model_validate_json(body)) if body is not None else BUILT_IN
    own = next((slot for slot in policy.ring if row["lane"] in slot), LANES)
    ahead = await tx.fetch(
        _AHEAD, row["queue_id"], row["place_at"], ticket_id, _MOST_COUNTED, list(own)
    )
    # Who shares a slot with it goes by place; others come in turn, however late they came.
    counts = {lane: row[f"wait_{lane}"] for lane in LANES} | {
        one["lane"]: one["ahead"] for one in ahead
    }
    turn = row["turn"] if row["turn_of"] == policy.stamp else 0
    return count_before(policy.ring, turn, Waiting(**counts), row["lane"])


def _wait(
    row: Mapping[str, Any], before: int | None, at: datetime
) -> tuple[WaitView | None, Literal["no_counter_open", "not_enough_known"] | None]:
    if before is None:
        return None, None
    if not row["is_served"]:
        return None, "no_counter_open"
    if row["gap_ms"] is None or before >= _MOST_COUNTED:
        return None, "not_enough_known"
    pace = Pace(row["gap_ms"], row["width_pm"], row["last_call_at"])
    if not pace.is_moving(at):
        return None, "not_enough_known"
    told = pace.range_for(before)
    return WaitView(
        low_minutes=told.low_minutes,
        high_minutes=told.high_minutes,
        right=row["inside"],
        of=row["predicted"],
    ), None
