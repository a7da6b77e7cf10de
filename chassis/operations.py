"""What operations may ask of any service: its parked records, and its log of facts by the page."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel

from chassis import batch, parking
from chassis.auth import Caller, requires
from chassis.database import Database
from chassis.http import IdempotencyKey, Router
from chassis.subscription import Subscription
from contracts.base import Refused

LAST = 2**63 - 1
"""The greatest number that a row can have."""
Page = Annotated[int, Query(ge=1, le=1000, description="Most entries in the answer.")]
After = Annotated[int, Query(ge=0, le=LAST, description="Entries behind this one only.")]
ParkedId = Annotated[int, Path(ge=1, le=LAST, description="The number of a parked record.")]
_OPERATORS = requires("operator", "system")

_FACTS = """
SELECT seq, event_id::text AS id, type, aggregate, aggregate_id::text AS aggregate_id, version,
       topic, key, time, recorded_at, actor, correlation_id, causation_id,
       (SELECT unsent.seq FROM unsent WHERE unsent.seq = event_log.seq) IS NULL AS sent, payload
FROM event_log WHERE seq > $1 ORDER BY seq LIMIT $2
"""


class NotParked(Refused):
    """The record was settled already, or never parked."""

    code = "not_parked"
    kind = "not_found"
    title_id = "Catatan ini tidak sedang ditahan"
    title_en = "This record is not parked"


class StillParked(Refused):
    """The record cannot be applied now either; it stays where it was."""

    code = "still_parked"
    title_id = "Catatan ini masih belum dapat diproses"
    title_en = "This record still cannot be applied"


class HoldsBack(Refused):
    """A fact that holds back others is part of a history: it is mended, never dismissed."""

    code = "holds_back"
    title_id = "Catatan ini menahan catatan lain; perbaiki penyebabnya, lalu proses ulang"
    title_en = "This record holds back others: mend the cause, then re-drive it"


class Redriven(BaseModel):
    """How many records were settled: the one that was named, and those that waited behind it."""

    settled: int


def router(
    database: Database, subscriptions: tuple[Subscription, ...], on_commit: Callable[[], None]
) -> Router:
    """The endpoints, for operators only."""
    found = Router(tags=["operations"])
    by_consumer = {subscription.consumer: subscription for subscription in subscriptions}

    @found.query("/v1/parked", allow=_OPERATORS)
    async def list_parked(after: After = 0, limit: Page = 100) -> list[dict[str, Any]]:
        """What is parked, oldest first, with reasons and without contents."""
        async with database.transaction() as tx:
            return await parking.waiting(tx, after=after, limit=limit)

    @found.command(
        "/v1/parked/{parked_id}/redrive", allow=_OPERATORS, refusals=(NotParked, StillParked)
    )
    async def redrive(parked_id: ParkedId, caller: Caller, key: IdempotencyKey) -> Redriven:
        """Apply a parked record and those that wait behind it; settled once, whatever the key."""
        del key
        async with database.transaction() as tx:
            place = await parking.place_of(tx, parked_id)
        if place is None or place[0] not in by_consumer:
            raise NotParked
        consumer, record_key = place
        try:
            settled = await batch.redrive(database, by_consumer[consumer], record_key, caller.actor)
        except batch.Inapplicable as problem:
            raise StillParked(reason=str(problem)) from None
        if settled == 0:
            raise StillParked(reason="unreadable")
        on_commit()
        return Redriven(settled=settled)

    @found.command(
        "/v1/parked/{parked_id}/dismiss", allow=_OPERATORS, refusals=(NotParked, HoldsBack)
    )
    async def dismiss(parked_id: ParkedId, caller: Caller, key: IdempotencyKey) -> Redriven:
        """Settle a record that nobody will mend, such as an agency's unreadable report."""
        del key
        async with database.transaction() as tx:
            held = await parking.dismiss(tx, parked_id, caller.actor)
        if held is None:
            raise NotParked
        if held:
            raise HoldsBack
        return Redriven(settled=1)

    @found.query("/v1/facts", allow=_OPERATORS)
    async def list_facts(after: After = 0, limit: Page = 500) -> list[dict[str, Any]]:
        """The facts in the order of the log; `sent` tells whether Kafka has acknowledged them."""
        async with database.transaction() as tx:
            return [dict(row) for row in await tx.fetch(_FACTS, after, limit)]

    return found
