"""From the event log to Kafka: unsent facts in the order of the log, by one relay at a time.

A fact may be sent twice, never skipped: what is not known to have arrived is sent again. When a
send fails, the facts behind it that have the same key are sent again after it, so that readers see
each key in order.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from opentelemetry.trace import Span
from sqlalchemy.engine import make_url

from chassis import kafka, metrics, records
from chassis.database import is_away
from chassis.failpoints import failpoint
from chassis.pace import Pace
from contracts.envelope import to_headers

_log = structlog.get_logger("chassis.relay")

_SHARD = 0
_LOCK = 7_204_816_131
_SEND_TIMEOUT_SECONDS = 30.0
_RETRY_SECONDS = 0.5
_PACE_SECONDS = 0.005
# A topic that Kafka does not have holds back its own facts only, and is looked for now and then.
_ABSENT_SECONDS = 10.0
_LOOK_FOR_TOPIC_SECONDS = 1.0

_UNSENT = """
SELECT seq, event_id, type, aggregate_id, version, topic, key, time, recorded_at, actor,
       correlation_id, causation_id, traceparent, payload
FROM event_log WHERE NOT sent AND topic <> ALL($2::text[]) ORDER BY seq LIMIT $1
"""
# A relay that was replaced while it was frozen has an old epoch and marks nothing.
_MARK = """
UPDATE event_log SET sent = true FROM relay_lease
WHERE seq = ANY($1::bigint[]) AND relay_lease.shard = $2 AND relay_lease.epoch = $3
"""


class LeaseLost(Exception):
    """Another relay has taken over: start again from the lease."""


@dataclass(frozen=True, slots=True)
class _Lease:
    connection: "asyncpg.Connection[asyncpg.Record]"
    epoch: int


class Relay:
    """Sends the facts of one service.

    `wake()` it after a commit; without that it looks into the log every `poll_seconds`.
    """

    def __init__(
        self,
        database_url: str,
        where: kafka.Where,
        *,
        service: str,
        batch_max: int = 500,
        poll_seconds: float = 0.2,
    ) -> None:
        url = make_url(database_url).set(drivername="postgresql")
        self._dsn = url.render_as_string(hide_password=False)
        self._where = where
        self._service = service
        self._batch_max = batch_max
        self._poll_seconds = poll_seconds
        self._wake = asyncio.Event()
        self._pace = Pace(_PACE_SECONDS)
        self._stopping = False
        self._absent: dict[str, float] = {}  # topics that Kafka lacks: when to look again
        self._task: asyncio.Task[None] | None = None
        self.active = False
        """Whether this relay, and not another replica's, sends now."""

    def start(self) -> None:
        """Begin to send."""
        self._task = asyncio.create_task(self._run(), name="relay")

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def stop(self) -> None:
        """Finish the batch in flight, then end."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._hold_the_lease()
            except (KafkaError, LeaseLost) as problem:
                metrics.RELAY_REBUILT().inc()
                _log.warning("relay.starts_again", reason=type(problem).__name__)
            except Exception as problem:  # noqa: BLE001 - an edge: the relay starts again
                if not is_away(problem):
                    _log.exception("relay.failed")
                metrics.RELAY_REBUILT().inc()
            finally:
                self.active = False
            if not self._stopping:
                await asyncio.sleep(_RETRY_SECONDS)

    async def _hold_the_lease(self) -> None:
        # A connection of its own: the lock lives and dies with it, whatever the pool does.
        connection = await asyncpg.connect(
            self._dsn,
            timeout=5,
            command_timeout=10,
            server_settings={"application_name": f"{self._service}-relay"},
        )
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK + _SHARD):
                if self._stopping:
                    return
                await asyncio.sleep(_RETRY_SECONDS)
            epoch = await connection.fetchval(
                "UPDATE relay_lease SET epoch = epoch + 1 WHERE shard = $1 RETURNING epoch", _SHARD
            )
            await self._send_forever(_Lease(connection, epoch))
        finally:
            await _bounded(connection.close(timeout=2))

    async def _send_forever(self, lease: _Lease) -> None:
        producer = kafka.new_producer(self._where, f"{self._service}-relay")
        try:
            await producer.start()
            self.active = True
            while not self._stopping:
                self._pace.begin()
                sent = await self._send_batch(lease, producer)
                if sent < self._batch_max:
                    await self._pace.rest(sent)
                    await self._pause()
        finally:
            # A producer that could not deliver would flush for ever; what it held is unsent here.
            await _bounded(producer.stop())

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._poll_seconds):
                await self._wake.wait()
        except TimeoutError:
            pass  # a commit of another process wakes nobody here: look again
        self._wake.clear()

    async def _send_batch(self, lease: _Lease, producer: AIOKafkaProducer) -> int:
        await failpoint("relay.before_read")
        aside = [topic for topic in self._absent if self._is_aside(topic)]
        rows = await lease.connection.fetch(_UNSENT, self._batch_max, aside)
        if not rows:
            return 0
        await failpoint("relay.after_read")
        outcomes = await self._deliver(producer, rows)
        await failpoint("relay.after_ack")
        arrived, problem = records.arrived_in_order(rows, outcomes)
        await self._mark(lease, arrived)
        await failpoint("relay.after_mark")
        metrics.RELAY_SENT().inc(len(arrived))
        if problem is not None:
            metrics.RELAY_FAILED(type(problem).__name__).inc()
            if not isinstance(problem, UnknownTopicOrPartitionError):
                raise problem
        return len(rows)

    async def _deliver(
        self, producer: AIOKafkaProducer, rows: Sequence[Any]
    ) -> list[BaseException | None]:
        """Send in order, from this one task: many senders at once would overtake each other."""
        attempts: list[asyncio.Future[Any] | KafkaError] = []
        spans: list[Span] = []
        try:
            async with asyncio.timeout(_SEND_TIMEOUT_SECONDS):
                for row in rows:
                    span, traceparent = records.begin_span(row)
                    spans.append(span)
                    headers = to_headers(records.envelope(row, self._service, traceparent))
                    attempts.append(await self._attempt(producer, row, headers))
                await failpoint("relay.after_send")
                futures = [one for one in attempts if isinstance(one, asyncio.Future)]
                if futures:
                    await asyncio.wait(futures)
        except (KafkaError, TimeoutError) as problem:
            _log.warning("relay.send_failed", reason=type(problem).__name__, facts=len(rows))
        for span in spans:
            span.end()
        outcomes = [records.failure(one) for one in attempts]
        return outcomes + [KafkaError("not sent")] * (len(rows) - len(outcomes))

    async def _attempt(
        self, producer: AIOKafkaProducer, row: Any, headers: list[tuple[str, bytes]]
    ) -> asyncio.Future[Any] | KafkaError:
        """What comes of one fact; one that cannot even set out stops only those behind its key."""
        topic = row["topic"]
        if self._is_aside(topic):
            return UnknownTopicOrPartitionError(topic)
        try:
            # The client waits long for a topic that it does not know; once was enough.
            async with asyncio.timeout(_LOOK_FOR_TOPIC_SECONDS if topic in self._absent else None):
                sent = await producer.send(
                    topic, row["payload"].encode(), key=row["key"].encode(), headers=headers
                )
        except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError, TimeoutError):
            # Kafka does not tell who may not write to a topic whether it is there.
            self._absent[topic] = time.monotonic() + _ABSENT_SECONDS
            _log.warning("relay.topic_absent", topic=topic, again_in_seconds=_ABSENT_SECONDS)
            return UnknownTopicOrPartitionError(topic)
        except KafkaError as problem:
            return problem
        self._absent.pop(topic, None)
        return sent

    def _is_aside(self, topic: str) -> bool:
        return self._absent.get(topic, 0.0) > time.monotonic()

    async def _mark(self, lease: _Lease, seqs: list[int]) -> None:
        if not seqs:
            return
        tag = await lease.connection.execute(_MARK, seqs, _SHARD, lease.epoch)
        if tag != f"UPDATE {len(seqs)}":
            raise LeaseLost


async def _bounded(closing: Any) -> None:
    try:
        async with asyncio.timeout(3):
            await closing
    except Exception:  # noqa: BLE001, S110 - what is being thrown away may fail as it likes
        pass
