"""The Kafka door: reports to the agencies' topics, answers from theirs.

One task sends, because only then does the client keep the order of what it was given.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from chassis.kafka import Where, client
from contracts.catalog import Topic, agency_topics
from contracts.envelope import Envelope, parse_time, to_headers
from contracts.ids import AgencyId, ApplicationId, EventId, ReportId
from contracts.tracking import ReportAccepted, ReportRefused
from simulator.replay.book import Book, Outcome, Report
from simulator.replay.http_door import fact_of
from simulator.replay.patience import GaveUp, Patience, pause
from simulator.replay.together import together

ANSWER_SECONDS = 10.0
STOP_SECONDS = 10.0
_REQUEST_MS = 5_000
_OUTCOMES: dict[str, Outcome] = {
    ReportAccepted.wire_type(): "accepted",
    ReportRefused.wire_type(): "refused",
}
_Record = tuple[str, bytes, bytes, list[tuple[str, bytes]]]


class KafkaDoor:
    """Reports over Kafka. `run` must be running while reports are delivered."""

    def __init__(
        self, where: Where, agencies: Sequence[AgencyId], book: Book, patience: Patience
    ) -> None:
        self._where = where
        self._topics = {code: agency_topics(code) for code in agencies}
        self._book = book
        self._patience = patience
        self._waiting: dict[ReportId, asyncio.Future[Outcome]] = {}
        self._outgoing: asyncio.Queue[_Record] = asyncio.Queue()
        self._producer: AIOKafkaProducer | None = None
        self._broken = False
        self._caught_up = asyncio.Event()
        self._may_send = asyncio.Event()

    async def ready(self) -> None:
        """Return once it can send, and knows the answers that are there already."""
        await self._may_send.wait()
        await self._caught_up.wait()

    async def deliver(self, report: Report, application: ApplicationId) -> Outcome:
        """Send a report and return how it was answered. Raises GaveUp.

        Without an answer it is sent again under its own id, which the platform knows as a repeat.
        """
        answer = self._waiting[report.id] = asyncio.get_running_loop().create_future()
        ends_at = self._patience.until()
        try:
            while time.monotonic() < ends_at:
                self._outgoing.put_nowait(self._record(report, application))
                # A repeat gets no second answer, so the one to an earlier run counts.
                if (kept := self._book.kept_answer(report.id)) is not None:
                    return kept
                with suppress(TimeoutError):
                    return await asyncio.wait_for(asyncio.shield(answer), ANSWER_SECONDS)
        finally:
            del self._waiting[report.id]
        raise GaveUp(
            f"A report over Kafka got no answer for {self._patience.seconds:.0f} s: see "
            "`loket status` and `loket parked`, then start the same replay again; it will double "
            "nothing"
        )

    async def run(self) -> None:
        """Send and listen until cancelled."""
        await together(self._send_forever(), self._listen_forever())

    def _record(self, report: Report, application: ApplicationId) -> _Record:
        fact = fact_of(report, application)
        envelope = Envelope(
            id=EventId(report.id),
            source=f"/agencies/{report.agency}",
            type=fact.wire_type(),
            subject=str(report.id),
            time=parse_time(report.time),
        )
        reports, _ = self._topics[report.agency]
        return (
            reports.name,
            fact.key.encode(),
            fact.model_dump_json().encode(),
            to_headers(envelope),
        )

    async def _send_forever(self) -> None:
        tries = 0
        try:
            while True:
                try:
                    producer = await self._working_producer()
                    await self._send(producer, await self._outgoing.get())
                    tries = 0
                except KafkaError:
                    # Whoever waits for the answer to what is lost here sends it again.
                    self._broken = True
                    tries += 1
                    await asyncio.sleep(pause(tries))
        finally:
            await self._drop_producer()

    async def _send(self, producer: AIOKafkaProducer, record: _Record) -> None:
        topic, key, value, headers = record
        confirmed = await producer.send(topic, value=value, key=key, headers=headers)
        confirmed.add_done_callback(self._confirmed)

    def _confirmed(self, confirmed: "asyncio.Future[object]") -> None:
        if not confirmed.cancelled() and confirmed.exception() is not None:
            self._broken = True

    async def _working_producer(self) -> AIOKafkaProducer:
        if self._producer is not None and not self._broken:
            return self._producer
        await self._drop_producer()
        producer = AIOKafkaProducer(
            **client(self._where),
            client_id="replay",
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=_REQUEST_MS,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer, self._broken = producer, False
        self._may_send.set()
        return producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            # One that cannot deliver would flush for ever.
            with suppress(TimeoutError, KafkaError):
                await asyncio.wait_for(producer.stop(), STOP_SECONDS)

    async def _listen_forever(self) -> None:
        consumer = AIOKafkaConsumer(
            **client(self._where),
            client_id="replay-answers",
            enable_auto_commit=False,
            request_timeout_ms=_REQUEST_MS,
        )
        try:
            await consumer.start()
            places = [place for _, answers in self._topics.values() for place in _places(answers)]
            consumer.assign(places)
            # From the beginning: an interrupted run of this replay may have its answers there.
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            behind = {place for place, end in ends.items() if end > 0}
            while True:
                found = await consumer.getmany(timeout_ms=200, max_records=2000)
                self._take([record for records in found.values() for record in records])
                for at in [at for at in behind if await consumer.position(at) >= ends[at]]:
                    behind.discard(at)
                if not behind:
                    self._caught_up.set()
        finally:
            await consumer.stop()

    def _take(self, records: Sequence[object]) -> None:
        kept = []
        for record in records:
            answer = _answer(record)
            if answer is None:
                continue
            report, outcome = answer
            waiting = self._waiting.get(report)
            if waiting is None:
                kept.append(answer)
            elif not waiting.done():
                waiting.set_result(outcome)
        if kept:
            self._book.keep_answers(kept)


def _places(topic: Topic) -> list[TopicPartition]:
    return [TopicPartition(topic.name, number) for number in range(topic.partitions)]


def _answer(record: object) -> tuple[ReportId, Outcome] | None:
    headers = dict(getattr(record, "headers", ()))
    outcome = _OUTCOMES.get(headers.get("ce_type", b"").decode("ascii", "replace"))
    try:
        report = ReportId(headers.get("ce_subject", b"").decode("ascii", "replace"))
    except ValueError:
        return None
    return (report, outcome) if outcome is not None else None
