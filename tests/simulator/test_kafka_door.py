"""The Kafka door on a real broker: what is sent, which answers count, and when it sends again."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from contracts.agencies import ActivityReported
from contracts.base import Fact
from contracts.catalog import agency_topics
from contracts.envelope import Envelope, from_headers, parse_time, to_headers
from contracts.ids import AgencyId, ApplicationId, EventId, ReportId
from contracts.tracking import ReportAccepted, ReportRefused
from local import topics
from simulator.replay import kafka_door
from simulator.replay.book import Book, Case, Report
from simulator.replay.kafka_door import KafkaDoor
from simulator.replay.patience import GaveUp, Patience
from simulator.replay.together import beside, together

pytestmark = pytest.mark.integration
CASE = Case(0, "key", "kafka")
TIME = "2026-03-02T01:30:00.000000Z"


def report(agency: AgencyId) -> Report:
    return Report(1, CASE, ReportId.new(), agency, "Cek lokasi", "complete", TIME)


def accepted(said: ActivityReported, agency: AgencyId) -> Fact:
    return ReportAccepted(
        report_id=said.report_id, agency=agency, application_id=said.application_id
    )


def refused(said: ActivityReported, agency: AgencyId) -> Fact:
    return ReportRefused(
        report_id=said.report_id,
        agency=agency,
        application_id=said.application_id,
        code="application_ended",
        title_id="Sudah selesai",
        title_en="It has ended",
    )


@dataclass
class Desk:
    """Reads an agency's reports and answers them as it is told."""

    bootstrap: str
    agency: AgencyId
    answer: Callable[[ActivityReported, AgencyId], Fact] = accepted
    silent_for: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    met: list[tuple[Envelope, ActivityReported, bytes]] = field(default_factory=list)

    async def run(self) -> None:
        reports, answers = agency_topics(self.agency)
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await consumer.start()
        await producer.start()
        try:
            place = TopicPartition(reports.name, 0)
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            self.ready.set()
            async for record in consumer:
                said = ActivityReported.model_validate_json(record.value)
                self.met.append((from_headers(record.headers), said, record.key))
                if len(self.met) > self.silent_for:
                    await self.say(producer, answers.name, self.answer(said, self.agency))
        finally:
            await producer.stop()
            await consumer.stop()

    async def say(self, producer: AIOKafkaProducer, topic: str, fact: Fact) -> None:
        envelope = Envelope(
            EventId.new(),
            "/tracking",
            fact.wire_type(),
            str(fact.aggregate_id),
            parse_time(TIME),
            version=1,
            recorded_at=parse_time(TIME),
        )
        await producer.send_and_wait(
            topic, fact.model_dump_json().encode(), fact.key.encode(), headers=to_headers(envelope)
        )


@pytest.fixture
async def agency(kafka_bootstrap: str) -> AgencyId:
    code = AgencyId(f"door-{secrets.token_hex(4)}")
    await topics.create(kafka_bootstrap, agency_topics(code))
    return code


async def delivered(desk: Desk, one: Report, *, book: Book, seconds: float = 30) -> str:
    """How the door says that a report was answered."""
    door = KafkaDoor(desk.bootstrap, [desk.agency], book, Patience(seconds))

    async def work() -> str:
        async with asyncio.timeout(30):
            await desk.ready.wait()
            await door.ready()
            return await door.deliver(one, ApplicationId.new())

    async def both() -> None:
        await together(desk.run(), door.run())

    return await beside(both(), work())


@pytest.fixture
def book() -> Iterator[Book]:
    with Book() as made:
        yield made


async def test_a_report_goes_out_as_the_contract_says_and_its_answer_comes_back(
    kafka_bootstrap: str, agency: AgencyId, book: Book
) -> None:
    desk, one = Desk(kafka_bootstrap, agency), report(agency)
    assert await delivered(desk, one, book=book) == "accepted"
    ((envelope, said, key),) = desk.met
    assert (str(envelope.id), envelope.subject) == (str(one.id), str(one.id))
    assert envelope.source == f"/agencies/{agency}"
    assert envelope.type == "agency.activity_reported.v1"
    assert envelope.time == parse_time(TIME)
    assert (envelope.version, envelope.recorded_at, envelope.actor) == (None, None, None)
    assert key.decode() == str(said.application_id)
    assert (said.activity, said.lifecycle) == ("Cek lokasi", "complete")


async def test_a_refusal_is_an_answer_too(
    kafka_bootstrap: str, agency: AgencyId, book: Book
) -> None:
    desk = Desk(kafka_bootstrap, agency, refused)
    assert await delivered(desk, report(agency), book=book) == "refused"


async def test_a_report_without_an_answer_is_sent_again_with_the_same_id(
    kafka_bootstrap: str, agency: AgencyId, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_door, "ANSWER_SECONDS", 0.3)
    desk, one = Desk(kafka_bootstrap, agency, silent_for=2), report(agency)
    assert await delivered(desk, one, book=book) == "accepted"
    assert len(desk.met) >= 3
    assert {said.report_id for _, said, _ in desk.met} == {one.id}


async def test_the_answer_to_an_earlier_run_counts_because_a_repeat_gets_none(
    kafka_bootstrap: str, agency: AgencyId, book: Book
) -> None:
    one = report(agency)
    assert await delivered(Desk(kafka_bootstrap, agency), one, book=book) == "accepted"
    with Book() as fresh:
        deaf = Desk(kafka_bootstrap, agency, silent_for=1000)
        assert await delivered(deaf, one, book=fresh) == "accepted"


async def test_patience_ends_and_says_what_to_do(
    kafka_bootstrap: str, agency: AgencyId, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_door, "ANSWER_SECONDS", 0.2)
    deaf = Desk(kafka_bootstrap, agency, silent_for=1000)
    with pytest.raises(GaveUp, match="start the same replay again"):
        await delivered(deaf, report(agency), book=book, seconds=0.5)
