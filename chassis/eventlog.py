"""The append-only log: every fact goes in here, in the transaction that decided it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from chassis.database import Overtaken, Tx
from contracts.base import Fact, as_json
from contracts.ids import Actor, EventId


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a command is there.

    `correlation_id` is shared by all that follows from one request; `causation_id` is the fact that
    led to the command (None for a request from outside).
    """

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


class Recorded(NamedTuple):
    """A fact with its place in history, ready to be written."""

    fact: Fact
    aggregate_id: UUID
    version: int
    time: datetime
    actor: Actor
    cause: Cause

    def row(self) -> tuple[object, ...]:
        """The values of the type `event_log_row`, in order."""
        fact, cause = self.fact, self.cause
        return (
            EventId.new(),
            fact.wire_type(),
            fact.aggregate,
            self.aggregate_id,
            self.version,
            fact.topic_name,
            fact.key,
            self.time,
            self.actor,
            cause.correlation_id,
            cause.causation_id,
            cause.traceparent,
            as_json(fact),
        )


# Heads move only from the version that the decision was based on: that of its first fact, less one.
# `place` keeps the order of the decisions: `seq` is given out in it, and the relay sends by `seq`.
_APPEND = """
WITH fact AS MATERIALIZED (
    SELECT * FROM unnest($1::event_log_row[]) WITH ORDINALITY AS fact (
        event_id, type, aggregate, aggregate_id, version, topic, key, time, actor, correlation_id,
        causation_id, traceparent, payload, place)
), moved AS (
    INSERT INTO heads (aggregate_id, version, aggregate, topic, event_id, correlation_id,
                       traceparent)
    SELECT DISTINCT ON (aggregate_id)
           aggregate_id, version, aggregate, topic, event_id, correlation_id, traceparent
    FROM fact ORDER BY aggregate_id, place DESC
    ON CONFLICT (aggregate_id) DO UPDATE SET
        version = excluded.version, aggregate = excluded.aggregate, topic = excluded.topic,
        event_id = excluded.event_id, correlation_id = excluded.correlation_id,
        traceparent = excluded.traceparent
    WHERE heads.version = ($3::integer[])[array_position($2::uuid[], heads.aggregate_id)] - 1
    RETURNING 1
), logged AS (
    INSERT INTO event_log (event_id, type, aggregate, aggregate_id, version, topic, key, time,
                           actor, correlation_id, causation_id, traceparent, payload)
    SELECT event_id, type, aggregate, aggregate_id, version, topic, key, time,
           actor, correlation_id, causation_id, traceparent, payload
    FROM fact ORDER BY place
    RETURNING seq, topic
), waiting AS (
    INSERT INTO unsent (seq, topic) SELECT seq, topic FROM logged
)
SELECT count(*) FROM moved
"""


async def append(tx: Tx, facts: Sequence[Recorded]) -> None:
    """Write the facts down, in their order, in one statement.

    Raises Overtaken when an aggregate moved on since it was read: decide again.
    """
    if not facts:
        return
    firsts: dict[UUID, int] = {}
    for fact in facts:
        firsts.setdefault(fact.aggregate_id, fact.version)
    rows = [fact.row() for fact in facts]
    moved = await tx.fetchval(_APPEND, rows, list(firsts), list(firsts.values()))
    if moved != len(firsts):
        raise Overtaken
