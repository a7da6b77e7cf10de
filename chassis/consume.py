"""The one consumer runner: a batch is acknowledged after its effects are durable.

FastStream hands over the batches. Its own acknowledgement either loses or repeats without end, so
it is switched off, and nothing else subscribes. The database's position decides where reading goes
on; the broker's copy is for the onlookers.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from opentelemetry.trace import SpanKind

from chassis import batch, inbox, kafka, metrics, places, telemetry
from chassis.arrivals import Arrival, arrival_of
from chassis.database import Database, is_away
from chassis.failpoints import failpoint
from chassis.pace import Pace
from chassis.subscription import Subscription
from chassis.telemetry import Attribute

_TRIES = 3
_BACKOFF_SECONDS = 0.1
_BACKOFF_MAX_SECONDS = 2.0
_STUCK_SECONDS = 60.0
_PACE_SECONDS = 0.015
_COMMIT_SECONDS = 5.0


class Runner:
    """Feeds one subscription. `on_commit` is called after each batch: it may have written facts."""

    def __init__(
        self,
        database: Database,
        subscription: Subscription,
        *,
        batch_max: int = 500,
        on_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self.subscription = subscription
        self._database = database
        self._batch_max = batch_max
        self._on_commit = on_commit
        self._log = structlog.get_logger("chassis.consume").bind(consumer=subscription.consumer)
        self._subscriber: Any = None
        self._stopping = False
        self._pace = Pace(max(_PACE_SECONDS, subscription.patience_seconds))
        self._uncommitted: dict[TopicPartition, int] = {}
        self._places = places.Places()
        self._moved_at = time.monotonic()
        self.placing = False
        """Assigned partitions have no position yet: fetch nothing."""
        self.assigned = asyncio.Event()  # and their positions found

    def subscribe(self, broker: KafkaBroker) -> None:
        """Register with a broker that is not started yet."""
        subscription = self.subscription
        self.assigned.clear()
        self._uncommitted.clear()
        self._subscriber = broker.subscriber(
            *subscription.topics,
            pattern=subscription.pattern,
            group_id=subscription.consumer,
            listener=_Positions(self),
            parser=_unparsed,
            decoder=_undecoded,
            ack_policy=AckPolicy.MANUAL,
            max_records=self._batch_max * subscription.batches_at_once,
            **kafka.consumer_settings(subscription.patience_seconds),
        )
        self._subscriber(self._on_records)

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The client's consumer, while it is connected."""
        return self._subscriber.consumer if self._subscriber is not None else None

    def stop(self) -> None:
        """Begin nothing more: a batch that cannot be applied is left for the next start."""
        self._stopping = True

    async def _on_records(self, records: Sequence[Any]) -> None:
        self._pace.begin()
        self._hold_fetching(len(records))
        try:
            arrivals = await self._of_this_log([arrival_of(record) for record in records])
            if arrivals:
                await self._handle(arrivals)
            if len(records) < self._batch_max:  # else more lie ready
                await self._pace.rest(len(records))
        finally:
            self._resume_fetching()

    def _hold_fetching(self, records: int) -> None:
        """Under load, fetch the next records together: else each alone costs a request."""
        consumer = self.consumer
        if consumer is not None and 1 < records < self._batch_max and not self.placing:
            consumer.pause(*consumer.assignment())

    def _resume_fetching(self) -> None:
        consumer = self.consumer
        if consumer is not None and not self.placing:
            consumer.resume(*consumer.paused())

    async def _of_this_log(self, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
        """Without the partitions whose position is of another log: these are placed again."""
        refuted = self._places.refuted(arrivals)
        for place, surely in refuted.items():
            if surely:
                self._tell_of_another_log(place)
            self._go_on(place, (await self._positions([place], anew=surely))[place])
        return [one for one in arrivals if (one.topic, one.partition) not in refuted]

    async def _leave_ended_logs(self, consumer: AIOKafkaConsumer) -> None:
        """Begin anew where the log ends before the position: no record may come to refute it."""
        for place in self._places.ended(kafka.known_ends(consumer)):
            self._tell_of_another_log(place)
            async with self._database.transaction() as tx:
                await places.forget(tx, self.subscription.consumer, place)
            if self._places.lies_behind(kafka.known_ends(consumer), place):
                self._go_on(place, places.Position(0))  # else a record has come, and refutes

    def _tell_of_another_log(self, place: TopicPartition) -> None:
        metrics.CONSUMER_LOG_REPLACED(self.subscription.consumer).inc()
        self._log.error("consume.log_replaced", place=f"{place.topic}:{place.partition}")

    def _go_on(self, place: TopicPartition, position: places.Position) -> None:
        self._places.set(place, position)
        if self.consumer is not None and place in self.consumer.assignment():
            self.consumer.seek(place, position.reads_from)

    async def _positions(
        self, wanted: Sequence[TopicPartition], *, anew: bool = False
    ) -> dict[TopicPartition, places.Position]:
        """What the database says, or the beginning when that is refuted, too; waits for it."""
        consumer = self.subscription.consumer
        while True:
            try:
                async with self._database.transaction() as tx:
                    for place in wanted if anew else ():
                        await places.forget(tx, consumer, place)
                    found = await inbox.load_positions(tx, consumer, [tuple(p) for p in wanted])
            except Exception as problem:
                if self._stopping or not is_away(problem):
                    raise
                await asyncio.sleep(_BACKOFF_MAX_SECONDS)
            else:
                return {place: found.get(tuple(place), places.Position(0)) for place in wanted}

    async def _handle(self, arrivals: Sequence[Arrival]) -> None:
        await failpoint("consume.after_poll")
        started, began = time.time_ns(), time.monotonic()
        await self.take(arrivals)
        if self._stopping:
            return
        await failpoint("consume.after_commit")
        self._trace(arrivals, started)
        self._on_commit()
        self._moved_at = time.monotonic()
        took = self._moved_at - began
        metrics.CONSUMER_BATCH_SECONDS(self.subscription.consumer).observe(took)
        self._uncommitted.update(self._places.moved(arrivals))

    def _trace(self, arrivals: Sequence[Arrival], started_ns: int) -> None:
        """One span per traced record, from the beginning of its batch to the commit."""
        if not telemetry.is_on():
            return
        for arrival in arrivals:
            headers = dict(arrival.headers)
            parent = (headers.get("ce_traceparent") or b"").decode("ascii", "replace")
            if not parent or telemetry.is_passed_over(parent):
                continue
            telemetry.begin(
                f"apply {self.subscription.consumer}",
                parent,
                kind=SpanKind.CONSUMER,
                attributes={
                    Attribute.CONSUMER: self.subscription.consumer,
                    Attribute.EVENT_ID: headers.get("ce_id", b"").decode("ascii", "replace"),
                    Attribute.PARTITION: arrival.partition,
                    Attribute.OFFSET: arrival.offset,
                    Attribute.BATCH_SIZE: len(arrivals),
                },
                start_ns=started_ns,
            )[0].end()

    async def take(self, arrivals: Sequence[Arrival]) -> None:
        """Apply a batch or park what cannot be applied; while the database is away, wait."""
        tries = 0
        while not self._stopping:
            try:
                await batch.apply_batch(self._database, self.subscription, arrivals)
            except Exception as problem:  # noqa: BLE001 - an edge: retried, then parked
                metrics.CONSUMER_RETRIES(self.subscription.consumer).inc()
                if not is_away(problem):
                    if len(arrivals) > 1:
                        middle = len(arrivals) // 2
                        await self.take(arrivals[:middle])
                        await self.take(arrivals[middle:])
                        return
                    if tries + 1 >= _TRIES:
                        await self._park(arrivals[0], problem)
                        return
                tries += 1
                await asyncio.sleep(min(_BACKOFF_SECONDS * 2**tries, _BACKOFF_MAX_SECONDS))
            else:
                return

    async def _park(self, arrival: Arrival, problem: Exception) -> None:
        self._log.error("consume.record_parked", reason="handler_failed", exc_info=problem)
        while not self._stopping:
            try:
                await batch.park_failed(self._database, self.subscription, arrival, problem)
            except Exception as again:
                if not is_away(again):
                    raise
                await asyncio.sleep(_BACKOFF_MAX_SECONDS)
            else:
                return

    async def begin(self, assigned: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Where to go on in newly assigned partitions; waits for the database."""
        positions = await self._positions(sorted(assigned))
        self._places.begin(positions)
        return {place: position.reads_from for place, position in positions.items()}

    async def report(self) -> None:
        """Tell the broker how far we are, and the metrics how far behind. Called every second."""
        consumer = self.consumer
        if consumer is None:
            return
        if not self.placing:
            await self._leave_ended_logs(consumer)
        done, self._uncommitted = self._uncommitted, {}
        mine = {place: offset for place, offset in done.items() if place in consumer.assignment()}
        if mine:
            try:
                async with asyncio.timeout(_COMMIT_SECONDS):
                    await consumer.commit(mine)
            except BaseException:
                self._uncommitted = {**mine, **self._uncommitted}  # told at the next look
                raise
            await failpoint("consume.after_offset_commit")
        lag = self.lag()
        metrics.CONSUMER_LAG(self.subscription.consumer).set(lag)
        if lag == 0:
            self._moved_at = time.monotonic()
        metrics.CONSUMER_LAG_SECONDS(self.subscription.consumer).set(
            time.monotonic() - self._moved_at
        )

    def lag(self) -> int:
        """Records that lie in Kafka and were not applied here yet, as far as the client knows."""
        consumer = self.consumer
        if consumer is None:
            return 0
        ends = kafka.known_ends(consumer)
        return sum(max(0, end - self._places.next_offset(p)) for p, end in ends.items())

    def stuck(self) -> bool:
        """There is something to read and nothing moves: the process had better start again."""
        return self.lag() > 0 and time.monotonic() - self._moved_at > _STUCK_SECONDS


class _Positions(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Begins each assignment at the database's position."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Nothing to hand over: position and effects are durable together."""

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Hold the partitions still first: the client fetches as soon as this method waits."""
        runner, consumer = self._runner, self._runner.consumer
        if consumer is not None and assigned:
            runner.placing = True
            consumer.pause(*assigned)
            for place, offset in (await runner.begin(assigned)).items():
                consumer.seek(place, offset)
            consumer.resume(*assigned)
            runner.placing = False
        runner.assigned.set()


async def _unparsed(records: Any) -> KafkaMessage:
    """The batch as it is: a header that is not text must reach our own reading."""
    return KafkaMessage(body=b"", raw_message=tuple(records), consumer=FAKE_CONSUMER)


async def _undecoded(message: KafkaMessage) -> Any:
    return message.raw_message
