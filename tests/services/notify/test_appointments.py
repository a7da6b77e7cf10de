"""News of appointments reach the person once for each fact, and nobody else."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from chassis.testing import Probe, envelope_of
from contracts.base import Fact
from contracts.booking import (
    AppointmentBooked,
    AppointmentDeclined,
    AppointmentDisturbed,
    AppointmentReminded,
    PlaceHeld,
)
from contracts.ids import (
    AppointmentId,
    ClosureId,
    MallId,
    PersonId,
    ServiceCode,
    SessionId,
    WaitId,
)
from tests.services.notify.conftest import Start
from tests.services.notify.sink import Sink
from tests.services.notify.steps import deliver_all, erase, register, told

pytestmark = pytest.mark.integration

AT = datetime(2026, 3, 10, 1, tzinfo=UTC)
APPOINTMENT, WAIT = AppointmentId.of("one"), WaitId.of("one")
PLACE: dict[str, Any] = {
    "appointment_id": APPOINTMENT,
    "session_id": SessionId.of("one"),
    "mall": MallId("mpp-uji"),
    "service": ServiceCode("DUK-KTP"),
    "service_date": date(2026, 3, 10),
}
HELD: dict[str, Any] = {
    **PLACE,
    "starts_at": AT,
    "ends_at": AT + timedelta(hours=2),
    "channel": "online",
    "until": AT - timedelta(hours=1),
}


def news(person_id: PersonId) -> dict[str, Fact]:
    """The fact that makes each template."""
    place = {**PLACE, "person_id": person_id}
    held = {**HELD, "person_id": person_id}
    booked = {**place, "starts_at": AT, "wait_id": WAIT}
    closed = {"closure_id": ClosureId.of("one"), "reason": "no_power", "free_until": AT}
    return {
        "appointment_reminded": AppointmentReminded(**place, starts_at=AT, hours_before=24),
        "appointment_disturbed": AppointmentDisturbed(**place, **closed),
        "appointment_declined": AppointmentDeclined(**place, reason="no_answer"),
        "place_offered": PlaceHeld(**held, wait_id=WAIT),
        "place_won": AppointmentBooked(**booked),
    }


async def templates(probe: Probe) -> list[tuple[str, str]]:
    return [
        (fact["payload"]["template"], fact["payload"]["about_id"])
        for fact in await probe.facts()
        if fact["type"] == "notify.notification_queued.v1"
    ]


@pytest.mark.parametrize("template", news(PersonId.of("nobody")))
async def test_each_kind_of_news_is_one_mail_however_often_it_arrives(
    notify: Probe, sink: Sink, template: str
) -> None:
    made = await register(notify)
    fact = news(PersonId(made["person_id"]))[template]
    arrival = notify.arrival(fact)
    for _ in range(3):
        await notify.deliver("notify", arrival)
    about = WAIT if template.startswith("place_") else APPOINTMENT
    assert await templates(notify) == [(template, str(about))]
    assert await deliver_all(notify) == 1
    (mail,) = sink.messages()
    assert str(about) in mail.get_content()
    assert [name for name, *_ in await told(notify)] == ["queued", "sent"]


async def test_two_reminders_of_one_appointment_are_two_messages(notify: Probe, sink: Sink) -> None:
    made = await register(notify)
    fact = news(PersonId(made["person_id"]))["appointment_reminded"]
    later = fact.model_copy(update={"hours_before": 2})
    await notify.deliver("notify", notify.arrival(fact), notify.arrival(later, version=2))
    assert len(await templates(notify)) == 2


async def test_holds_and_bookings_that_nobody_waited_for_are_no_news(notify: Probe) -> None:
    made = await register(notify)
    person = PersonId(made["person_id"])
    held, won = news(person)["place_offered"], news(person)["place_won"]
    plain = held.model_copy(update={"wait_id": None})
    own = won.model_copy(update={"wait_id": None, "appointment_id": AppointmentId.of("two")})
    await notify.deliver("notify", notify.arrival(plain), notify.arrival(own))
    # Whoever accepts an offer knows that he did.
    accepted = notify.arrival(won, envelope_of(won, version=2))
    await notify.deliver("notify", accepted)
    assert await templates(notify) == []


async def test_who_left_no_address_or_took_it_back_gets_nothing(notify: Probe) -> None:
    made = await register(notify)
    await erase(notify, made)
    for person in (PersonId(made["person_id"]), PersonId.new()):
        for fact in news(person).values():
            changed = fact.model_copy(update={"appointment_id": AppointmentId.new()})
            await notify.deliver("notify", notify.arrival(changed))
    assert await templates(notify) == []


async def test_two_processes_that_read_one_fact_owe_one_message(start: Start) -> None:
    async with start() as one, start() as other:
        made = await register(one)
        fact = news(PersonId(made["person_id"]))["appointment_disturbed"]
        envelope = envelope_of(fact)
        await asyncio.gather(
            *(probe.deliver("notify", probe.arrival(fact, envelope)) for probe in (one, other))
        )
        assert len(await templates(one)) == 1


async def test_a_message_is_about_one_thing(notify: Probe) -> None:
    made = await register(notify)
    fact = news(PersonId(made["person_id"]))["appointment_disturbed"]
    await notify.deliver("notify", notify.arrival(fact))
    change = "UPDATE notifications SET application_id = about_id"
    with pytest.raises(asyncpg.CheckViolationError, match="about_one_thing"):
        await notify.rows(change)
