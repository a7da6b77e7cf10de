"""Each message at least once while somebody delivers, never more than three times."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from chassis import failpoints
from chassis.failpoints import CausedFailure
from chassis.testing import Probe
from contracts.ids import AgencyId, ApplicationId, PersonId, ReportId, StageCode
from contracts.tracking import (
    ApplicationCompleted,
    ApplicationRefused,
    ApplicationSubmitted,
    StageOpened,
    StageRefused,
    StageReturned,
)
from local.testing import Database
from services.notify import store
from tests.services.notify.conftest import Start
from tests.services.notify.sink import Sink
from tests.services.notify.steps import (
    deliver_all,
    deliverer,
    make_due,
    register,
    submit,
    told,
)

pytestmark = pytest.mark.integration
WAIT_SECONDS = 10
STAGE, AGENCY = StageCode("periksa"), AgencyId("dinkes")


async def test_the_same_fact_three_times_leads_to_one_mail(
    notify: Probe, sink: Sink, database: Database
) -> None:
    made = await register(notify)
    fact = ApplicationSubmitted(
        application_id=ApplicationId.new(), applicant_id=PersonId(made["person_id"])
    )
    arrival = notify.arrival(fact)
    await notify.deliver("notify", arrival, replace(arrival, offset=1))
    await notify.deliver("notify", replace(arrival, offset=2))
    url = make_url(database.owner_url).set(drivername="postgresql")
    owner = await asyncpg.connect(url.render_as_string(hide_password=False), timeout=10)
    # Even when nobody remembers that the fact was seen, its cause was told already.
    await owner.execute("DELETE FROM inbox; DELETE FROM commands; DELETE FROM positions")
    await owner.close(timeout=10)
    await notify.deliver("notify", replace(arrival, offset=3))
    await deliver_all(notify)
    assert len(sink.mails) == 1
    assert await told(notify) == [("queued", None, None), ("sent", 1, None)]


async def test_an_applicant_is_told_of_every_step_that_matters_in_the_language_of_choice(
    notify: Probe, sink: Sink
) -> None:
    made = await register(notify, language="en")
    application_id = ApplicationId.new()
    at_stage = {"application_id": application_id, "stage": STAGE}
    report = {"agency": AGENCY, "report_id": ReportId.new()}
    facts = [
        ApplicationSubmitted(
            application_id=application_id, applicant_id=PersonId(made["person_id"])
        ),
        StageOpened(**at_stage, agency=AGENCY),
        StageReturned(**at_stage, **report, requirement="photo"),
        StageRefused(**at_stage, **report, reason="incomplete"),
        ApplicationRefused(**at_stage, reason="incomplete"),
        ApplicationCompleted(application_id=application_id),
    ]
    arrivals = [notify.arrival(fact, version=number) for number, fact in enumerate(facts, start=1)]
    await notify.deliver("notify", *arrivals)
    await deliver_all(notify)
    mails = sink.messages()
    assert sorted(str(mail["Subject"]) for mail in mails) == [
        "One stage of your application was refused",
        "We have received your application",
        "Your application is complete",
        "Your application needs your attention",
        "Your application was refused",
    ]
    assert {str(mail["To"]) for mail in mails} == {"siti@example.org"}
    assert len({str(mail["Message-ID"]) for mail in mails}) == 5
    body = mails[0].get_content()
    assert "tracking code" in body
    assert str(application_id) in body


async def test_indonesian_is_the_language_of_who_chose_none(notify: Probe, sink: Sink) -> None:
    await submit(notify, await register(notify))
    await deliver_all(notify)
    (mail,) = sink.messages()
    assert str(mail["Subject"]) == "Permohonan Anda sudah kami terima"
    assert str(mail["Content-Language"]) == "id"


async def test_who_left_no_address_is_told_nothing(notify: Probe, sink: Sink) -> None:
    for applicant_id in (None, PersonId.new()):
        application_id = ApplicationId.new()
        submitted = ApplicationSubmitted(application_id=application_id, applicant_id=applicant_id)
        completed = ApplicationCompleted(application_id=application_id)
        await notify.deliver(
            "notify", notify.arrival(submitted), notify.arrival(completed, version=2)
        )
    assert await deliver_all(notify) == 0
    assert (await told(notify), await notify.rows("SELECT 1 FROM parked")) == ([], [])


async def test_a_mail_server_that_was_away_gets_the_mail_when_it_is_back(
    notify: Probe, sink: Sink
) -> None:
    await submit(notify, await register(notify))
    await sink.stop()
    delivery = deliverer(notify)
    assert await delivery.deliver_next()
    await make_due(notify)
    assert await delivery.deliver_next()
    await sink.start()
    await make_due(notify)
    assert await delivery.deliver_next()
    assert len(sink.mails) == 1
    assert await told(notify) == [("queued", None, None), ("sent", 3, None)]


@pytest.mark.parametrize(
    "refusal, reason", [("451 come back later", "refused_by_server"), (None, "unreachable")]
)
async def test_after_exactly_three_attempts_it_is_given_up(
    notify: Probe, sink: Sink, refusal: str | None, reason: str
) -> None:
    await submit(notify, await register(notify))
    sink.refusal = refusal
    if refusal is None:
        await sink.stop()
    assert await deliver_all(notify) == 3
    assert await told(notify) == [("queued", None, None), ("failed", 3, reason)]
    sink.refusal = None
    await make_due(notify)
    assert await deliver_all(notify) == 0
    assert sink.mails == []


async def test_a_mail_server_that_says_nothing_is_not_waited_for(start: Start) -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, start(smtp_port=port, smtp_seconds=0.2) as probe:
        await submit(probe, await register(probe))
        async with asyncio.timeout(WAIT_SECONDS):
            assert await deliver_all(probe) == 3
        assert (await told(probe))[-1] == ("failed", 3, "timed_out")


async def test_the_pause_before_the_next_attempt_grows_and_is_spread(
    notify: Probe, sink: Sink
) -> None:
    sink.refusal = "451 come back later"
    await submit(notify, await register(notify))
    delivery = deliverer(notify)
    query = "SELECT extract(epoch FROM due_at - clock_timestamp()) AS pause FROM deliveries"
    await delivery.deliver_next()
    (first,) = await notify.rows(query)
    assert not await delivery.deliver_next()  # it is not due
    await make_due(notify)
    await delivery.deliver_next()
    (second,) = await notify.rows(query)
    assert 200 < first["pause"] <= 360
    assert 2800 < second["pause"] <= 4320
    assert len({delivery._pause_seconds(1) for _ in range(10)}) > 1


async def test_a_crash_after_the_provider_took_it_leads_to_one_more_mail_at_most(
    notify: Probe, sink: Sink
) -> None:
    await submit(notify, await register(notify))
    failpoints.arm("notify.after_provider=error@1")
    with pytest.raises(CausedFailure):
        await deliverer(notify).deliver_next()
    assert not await deliverer(notify).deliver_next()  # the lease of the dead still holds
    await make_due(notify)
    assert await deliver_all(notify) == 1
    assert len(sink.mails) == 2
    assert len({str(mail["Message-ID"]) for mail in sink.messages()}) == 1
    assert await told(notify) == [("queued", None, None), ("sent", 2, None)]


@pytest.mark.parametrize(
    "point, mails", [("notify.after_provider", 3), ("notify.before_attempt", 0)]
)
async def test_however_often_it_crashes_there_are_never_more_than_three_mails(
    notify: Probe, sink: Sink, point: str, mails: int
) -> None:
    await submit(notify, await register(notify))
    failpoints.arm(f"{point}=error")
    for _ in range(3):
        with pytest.raises(CausedFailure):
            await deliverer(notify).deliver_next()
        await make_due(notify)
    assert await deliver_all(notify) == 1
    assert await deliver_all(notify) == 0
    assert len(sink.mails) == mails
    assert await told(notify) == [("queued", None, None), ("failed", 3, "outcome_unknown")]


async def test_a_result_that_comes_after_the_end_changes_nothing(notify: Probe, sink: Sink) -> None:
    await submit(notify, await register(notify))
    slow = None
    for _ in range(3):
        async with notify.running.database.transaction() as tx:
            slow = await store.claim(tx, 60)
        await make_due(notify)
    assert slow is not None
    assert slow.attempt == 3
    assert await deliver_all(notify) == 1
    before = await told(notify)
    assert before[-1] == ("failed", 3, "outcome_unknown")
    late = deliverer(notify)
    await late._record(slow, 3, "timed_out")
    await late._record(slow, 3, None)
    assert await told(notify) == before
    assert not await late.deliver_next()


async def test_two_processes_never_make_the_same_attempt(start: Start, sink: Sink) -> None:
    async with start() as first, start() as second:
        made = await register(first)
        for _ in range(20):
            await submit(first, made)
        work = [deliverer(probe) for probe in (first, second) for _ in range(4)]

        async def until_nothing_is_due(number: int) -> None:
            while await work[number].deliver_next():
                pass

        await asyncio.gather(*(until_nothing_is_due(number) for number in range(len(work))))
        assert len(sink.mails) == 20
        assert len({str(mail["Message-ID"]) for mail in sink.messages()}) == 20
        assert [row["attempts"] for row in await first.rows("SELECT * FROM deliveries")] == [1] * 20


async def test_an_outcome_belongs_to_the_story_of_its_cause(notify: Probe) -> None:
    await submit(notify, await register(notify))
    await deliver_all(notify)
    queued, sent = await notify.rows("SELECT * FROM event_log ORDER BY seq")
    assert queued["correlation_id"] == sent["correlation_id"] == "test-correlation"
    assert sent["causation_id"] == str(queued["event_id"])
    assert queued["topic"] == "notify.notifications.v1"
    assert queued["key"] == sent["key"]


async def test_the_running_service_delivers_by_itself(start: Start, sink: Sink) -> None:
    async with start(by_itself=True) as probe:
        await submit(probe, await register(probe))
        async with asyncio.timeout(WAIT_SECONDS):
            while ("sent", 1, None) not in await told(probe):  # noqa: ASYNC110 - a bounded poll
                await asyncio.sleep(0.02)
    assert len(sink.mails) == 1


async def test_without_a_mail_server_the_log_says_so_without_the_address(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    async with start(smtp_host=None, smtp_port=None) as probe:
        await submit(probe, await register(probe))
        await deliver_all(probe)
        assert (await told(probe))[-1] == ("sent", 1, None)
    out, _ = capfd.readouterr()
    assert "message_written_to_nobody" in out
    assert "siti" not in out
