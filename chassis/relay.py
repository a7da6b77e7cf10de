"""From the event log to Kafka: unsent facts in the order of the log, by one relay at a time.

A fact may be sent twice, never skipped: what is not known to have arrived is sent again. When a
send fails, the facts behind it that have the same key are sent again after it, so that readers see
each key in order.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from sqlalchemy.engine import make_url

from chassis import kafka, metrics, records
from chassis.database import is_away
from chassis.failpoints import failpoint
from chassis.pace import Pace
from chassis.sending import Absent, Sender

_log = structlog.get_logger("chassis.relay")

_SHARD = 0
_LOCK = 7_204_816_131
_RETRY_SECONDS = 0.5
_PACE_SECONDS = 0.005
_STOP_SECONDS = 3.0
_GIVE_UP_SECONDS = 3.0

_UNSENT = """
SELECT seq, event_id, type, aggregate_id, version, topic, key, time, recorded_at, actor,
       correlation_id, causation_id, traceparent, payload
FROM event_log WHERE seq = ANY (ARRAY(
    SELECT seq FROM unsent
    WHERE topic <> ALL($2::text[]) AND seq NOT IN (SELECT unnest($3::bigint[]))
    ORDER BY seq LIMIT $1
)) ORDER BY seq
"""
# A relay that was replaced while it was frozen has an old epoch and marks nothing.
_MARK = """
DELETE FROM unsent USING relay_lease
WHERE seq = ANY($1::bigint[]) AND relay_lease.shard = $2 AND relay_lease.epoch = $3
"""
# What is unsent is a handful of rows now and a million after an outage: no statistics can be
# believed, and an index is always right.
_PLANNING = {"enable_seqscan": "off", "enable_bitmapscan": "off"}


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
        batch_max: int = 1000,
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
        self._absent = Absent()
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
        """Finish the batch in flight, then end; what Kafka does not take now is for the next one.

        Cutting a send short may send a fact twice, as a crash would. Waiting for it could take
        longer than whoever stops us has patience.
        """
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=_STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._hold_the_lease()
            except (KafkaError, LeaseLost) as problem:
                metrics.RELAY_REBUILT().inc()
                reason = await kafka.reason(self._where, problem)
                _log.warning("relay.starts_again", reason=reason)
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
            server_settings={"application_name": f"{self._service}-relay", **_PLANNING},
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
            await _quietly(connection.close(timeout=2))

    async def _send_forever(self, lease: _Lease) -> None:
        producer = kafka.new_producer(self._where, f"{self._service}-relay")
        try:
            await producer.start()
            sender = Sender(producer, self._service, self._absent)
            self.active = True
            while not self._stopping:
                self._pace.begin()
                sent = await self._send_pages(lease, sender)
                if sent < self._batch_max:
                    await self._pace.rest(sent)
                    await self._pause()
        finally:
            # What it could not deliver is unsent here.
            await _quietly(kafka.give_up(producer, _GIVE_UP_SECONDS))

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._poll_seconds):
                await self._wake.wait()
        except TimeoutError:
            pass  # a commit of another process wakes nobody here: look again
        self._wake.clear()

    async def _send_pages(self, lease: _Lease, sender: Sender) -> int:
        """Send what lies ready; returns the size of the last page.

        While a page is on its way, the one before is marked and the one behind is read. After a
        failure that one is read again: it may hold what must follow what has failed.
        """
        size, arrived = 0, list[int]()
        rows = await self._read(lease, ())
        while rows:
            size = len(rows)
            sending = asyncio.create_task(sender.deliver(rows))
            try:
                await self._mark(lease, arrived)
                is_last = size < self._batch_max or self._stopping
                behind = [] if is_last else await self._read(lease, rows)
            finally:
                outcomes = await sending
            await failpoint("relay.after_ack")
            arrived, problem = records.arrived_in_order(rows, outcomes)
            if problem is not None:
                await self._mark(lease, arrived)
                metrics.RELAY_FAILED(type(problem).__name__).inc()
                if isinstance(problem, UnknownTopicOrPartitionError):
                    return size
                raise problem
            rows = behind
        await self._mark(lease, arrived)
        return size

    async def _read(self, lease: _Lease, flying: Sequence[Any]) -> list[Any]:
        """The next page beside the one that is on its way.

        Not what has higher numbers: a fact that was decided long ago may have been committed since.
        """
        await failpoint("relay.before_read")
        numbers = [row["seq"] for row in flying]
        absent = self._absent.topics()
        rows: list[Any] = await lease.connection.fetch(_UNSENT, self._batch_max, absent, numbers)
        if rows:
            await failpoint("relay.after_read")
        return rows

    async def _mark(self, lease: _Lease, seqs: list[int]) -> None:
        if not seqs:
            return
        tag = await lease.connection.execute(_MARK, seqs, _SHARD, lease.epoch)
        if tag != f"DELETE {len(seqs)}":
            raise LeaseLost
        await failpoint("relay.after_mark")
        metrics.RELAY_SENT().inc(len(seqs))


async def _quietly(closing: Awaitable[None]) -> None:
    with contextlib.suppress(Exception):  # what is being thrown away may fail as it likes
        await closing
