"""The steps of a queue: who came and went, in order, with what each call was chosen by.

Tickets have their ids here and no labels: everybody may do the sum again, but whose number was let
in first, and why, is for its holder.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from chassis.database import Database
from contracts.ids import CounterCode, LineId, MallId, PolicyCode, ServiceCode, TicketId
from contracts.queue import QueueSeen
from services.queue.domain.refusals import LineUnknown

OF_LINES = (LineUnknown,)
MOST = 500
_LINE = "SELECT mall, service, service_date, step FROM lines WHERE id = $1"
_STEPS = """
SELECT steps.step, steps.ticket_id, fact.type, fact.time, fact.payload
FROM steps JOIN event_log AS fact
     ON fact.aggregate_id = steps.ticket_id AND fact.version = steps.version
WHERE steps.queue_id = $1 AND steps.step > $2 AND steps.step <= $2 + $3
ORDER BY steps.step
"""
_TOLD = ("lane", "place_at", "counter", "policy", "policy_version", "turn", "reason", "others")


class StepView(BaseModel):
    """One change of who waits. `what` is the end of the event's name, such as `called`.

    Whoever enters stands in `lane` at `place_at`, for the counter `only_for` alone where one is
    named. A call says by which policy, version and turn it was chosen; a `reason` says that it was
    out of order. `others` are the counter's other queues, each as it was after its step.
    """

    step: int
    what: str
    at: datetime
    ticket_id: TicketId
    lane: str | None = None
    place_at: datetime | None = None
    only_for: CounterCode | None = None
    counter: CounterCode | None = None
    policy: PolicyCode | None = None
    policy_version: int | None = None
    turn: int | None = None
    reason: str | None = None
    others: tuple[QueueSeen, ...] | None = None


class StepsView(BaseModel):
    """A queue and a page of its steps; `step` is its last."""

    line_id: LineId
    mall: MallId
    service: ServiceCode
    service_date: date
    step: int
    steps: list[StepView]


async def steps_of(database: Database, line_id: LineId, after: int, limit: int) -> StepsView:
    """The steps of a queue behind `after`, at most `limit`. Raises LineUnknown."""
    async with database.transaction() as tx:
        line = await tx.fetchrow(_LINE, line_id)
        rows = await tx.fetch(_STEPS, line_id, after, limit)
    if line is None:
        raise LineUnknown(line_id=str(line_id))
    return StepsView(line_id=line_id, steps=[_step(row) for row in rows], **line)


def _step(row: Mapping[str, Any]) -> StepView:
    said = json.loads(row["payload"])
    return StepView(
        step=row["step"],
        what=row["type"].removeprefix("queue.ticket_").partition(".")[0],
        at=row["time"],
        ticket_id=row["ticket_id"],
        only_for=said.get("to_counter"),
        **{name: said.get(name) for name in _TOLD},
    )
