"""One batch of records in one transaction: sort out what is due, apply it, park the rest, move on.

Knows nothing of Kafka's client: the runner in `consume` feeds it, and so may a test.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chassis import inbox, metrics, parking
from chassis.arrivals import Arrival, Delivered, Rejected
from chassis.database import Database, Tx
from chassis.decide import decide
from chassis.failpoints import failpoint
from chassis.inbox import Verdict
from chassis.subscription import Subscription

_RELEASED_BY_INBOX = "system:inbox"


class Inapplicable(Exception):
    """The service can make nothing of a record that it must apply before those behind it."""


@dataclass
class _Sorted:
    """What a batch turned out to hold. `blocked` are the keys that are held back."""

    blocked: set[str]
    due: list[Delivered] = field(default_factory=list)
    repeats: list[Delivered] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    behind: list[Rejected] = field(default_factory=list)

    def done(self) -> Iterable[Arrival]:
        return (delivered.arrival for delivered in (*self.due, *self.repeats))


async def apply_batch(
    database: Database, subscription: Subscription, arrivals: Sequence[Arrival]
) -> None:
    """Make the records' effects true, once each, and remember how far we are; all of it or nothing.

    Raises whatever the effects raise: then nothing of the batch has happened.
    """
    consumer = subscription.consumer
    places = {(arrival.topic, arrival.partition) for arrival in arrivals}
    async with database.transaction() as tx:
        positions = await inbox.load_positions(tx, consumer, sorted(places))
        news = inbox.not_yet_seen(arrivals, positions)
        if news:
            keys = {arrival.key for arrival in news}
            blocked = (
                await parking.blocked_keys(tx, consumer, keys) if subscription.holds_back else {}
            )
            # A key that only waits for a missing fact may find it here: what is parked comes along.
            reopened = [key for key, reason in blocked.items() if reason == parking.GAP]
            returning = await parking.parked_under(tx, consumer, reopened)
            held = set(blocked) - set(reopened)
            await _apply(tx, subscription, [*returning, *news], held, _RELEASED_BY_INBOX)
            await inbox.save_positions(tx, consumer, arrivals)
        await failpoint("consume.in_transaction")


async def redrive(database: Database, subscription: Subscription, key: str, actor: str) -> int:
    """Apply what is parked under a key, in its order; returns how many records were settled.

    Raises what the effects raise: then everything stays parked as it was.
    """
    async with database.transaction() as tx:
        returning = await parking.parked_under(tx, subscription.consumer, [key])
        return await _apply(tx, subscription, returning, set(), actor)


async def park_failed(
    database: Database, subscription: Subscription, arrival: Arrival, problem: BaseException
) -> None:
    """Put one record aside whose effects cannot be had, and move on behind it."""
    consumer = subscription.consumer
    detail = (
        f"{type(problem).__name__}: {problem}"
        if isinstance(problem, Inapplicable)
        else type(problem).__name__
    )
    rejected = Rejected(arrival, "handler_failed", detail)
    async with database.transaction() as tx:
        await inbox.load_positions(tx, consumer, [(arrival.topic, arrival.partition)])
        await parking.park(tx, consumer, [rejected], blocking=subscription.holds_back)
        await inbox.save_positions(tx, consumer, [arrival])


async def _apply(
    tx: Tx, subscription: Subscription, arrivals: Sequence[Arrival], held: set[str], actor: str
) -> int:
    consumer = subscription.consumer
    items = [subscription.reading.read(arrival) for arrival in arrivals]
    envelopes = inbox.envelopes_of(items)
    heads = await inbox.load_heads(tx, consumer, envelopes, newest_wins=subscription.newest_wins)
    batch = _sort(_in_version_order(items), heads, held, holds_back=subscription.holds_back)
    looked_into = [delivered for delivered in batch.due if _wanted(subscription, delivered)]
    inapplicable = await subscription.apply(tx, looked_into) if looked_into else ()
    if inapplicable and subscription.holds_back:
        # Its version must not count as applied: the batch is taken apart until it stands alone.
        raise Inapplicable(inapplicable[0].reason)
    rejected = [*batch.rejected, *inapplicable]
    await _answer_rejected(tx, subscription, rejected)
    await parking.park(tx, consumer, [*rejected, *batch.behind], blocking=subscription.holds_back)
    await heads.save(tx)
    metrics.CONSUMER_PROCESSED(consumer).inc(len(batch.due))
    metrics.CONSUMER_DUPLICATES(consumer).inc(len(batch.repeats))
    return await parking.settle(tx, batch.done(), actor)


def _wanted(subscription: Subscription, delivered: Delivered) -> bool:
    return delivered.fact is not None or subscription.reading.events is None


def _in_version_order(items: Sequence[Delivered | Rejected]) -> list[Delivered | Rejected]:
    """As they came, except that what was parked stands where its version belongs."""
    if all(item.arrival.parked_id is None for item in items):
        return list(items)

    def place(item: Delivered | Rejected) -> tuple[str, int]:
        version = item.envelope.version if isinstance(item, Delivered) else None
        return item.arrival.key, version or 0

    return sorted(items, key=place)


def _sort(
    items: Iterable[Delivered | Rejected], heads: inbox.Heads, held: set[str], *, holds_back: bool
) -> _Sorted:
    batch = _Sorted(set(held))
    for item in items:
        key = item.arrival.key
        if holds_back and key in batch.blocked:
            batch.behind.append(
                Rejected(item.arrival, parking.BEHIND, "an earlier record of this key is parked")
            )
        elif isinstance(item, Rejected):
            batch.rejected.append(item)
            batch.blocked.add(key)
        else:
            _judge(batch, item, heads)
    return batch


def _judge(batch: _Sorted, delivered: Delivered, heads: inbox.Heads) -> None:
    match heads.judge(delivered.envelope):
        case Verdict.DUE:
            batch.due.append(delivered)
        case Verdict.REPEAT:
            batch.repeats.append(delivered)
        case Verdict.GAP:
            detail = f"version {delivered.envelope.version} came before its predecessor"
            batch.rejected.append(Rejected(delivered.arrival, parking.GAP, detail))
            batch.blocked.add(delivered.arrival.key)
        case Verdict.CONFLICT:
            detail = f"another fact with version {delivered.envelope.version} was applied before"
            batch.rejected.append(Rejected(delivered.arrival, "conflict", detail))
            batch.blocked.add(delivered.arrival.key)


async def _answer_rejected(
    tx: Tx, subscription: Subscription, rejected: Sequence[Rejected]
) -> None:
    """Tell those who sent what cannot be read, where the subscription knows how."""
    if subscription.answer_rejected is None or subscription.domain is None:
        return
    submissions = [
        submission for item in rejected for submission in subscription.answer_rejected(item)
    ]
    if submissions:
        await decide(subscription.domain, tx, submissions)
