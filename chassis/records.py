"""How a row of the event log becomes a record on Kafka, and what came of sending it."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka.errors import KafkaError
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind

from chassis import telemetry
from chassis.telemetry import Attribute
from contracts.envelope import Envelope


def begin_span(row: Any) -> tuple[Span, str | None]:
    """The span of sending a fact, and the text that its readers continue."""
    parent: str | None = row["traceparent"]
    if not telemetry.is_on() or parent is None or telemetry.is_passed_over(parent):
        return INVALID_SPAN, parent
    attributes: dict[Attribute, str | int] = {
        Attribute.EVENT_ID: str(row["event_id"]),
        Attribute.EVENT_TYPE: row["type"],
        Attribute.TOPIC: row["topic"],
    }
    return telemetry.begin(
        f"send {row['type']}", parent, kind=SpanKind.PRODUCER, attributes=attributes
    )


def failure(future: asyncio.Future[Any]) -> Any:
    """None when acknowledged, else why not."""
    if not future.done():
        return KafkaError("not acknowledged in time")
    if future.cancelled():
        return KafkaError("cancelled")
    return future.exception()


def arrived_in_order(
    rows: Sequence[Any], outcomes: Sequence[BaseException | None]
) -> tuple[list[int], BaseException | None]:
    """What may leave `unsent`: what was acknowledged and is not behind a failure of its key."""
    broken: set[tuple[str, str]] = set()
    arrived: list[int] = []
    first: BaseException | None = None
    for row, outcome in zip(rows, outcomes, strict=True):
        lane = (row["topic"], row["key"])
        if outcome is not None:
            first = first or outcome
            broken.add(lane)
        elif lane not in broken:
            arrived.append(row["seq"])
    return arrived, first


def envelope(row: Any, service: str, traceparent: str | None) -> Envelope:
    """The envelope of a row, with the trace that its sending belongs to.

    Id and actor stay as the driver gives them: they were checked on their way into the log, and
    become text from here in a tenth of the time.
    """
    return Envelope(
        id=row["event_id"],
        source=f"/services/{service}",
        type=row["type"],
        subject=str(row["aggregate_id"]),
        time=row["time"],
        actor=row["actor"],
        version=row["version"],
        recorded_at=row["recorded_at"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        traceparent=traceparent,
    )
