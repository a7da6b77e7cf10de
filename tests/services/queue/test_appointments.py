"""Checked-in appointments join their line: once each, whatever comes, in order of coming."""

from datetime import UTC, datetime

import pytest

from chassis.arrivals import Arrival
from contracts.booking import AppointmentBooked, AppointmentCheckedIn
from contracts.ids import AppointmentId, MallId, PersonId, ServiceCode, SessionId, TicketId
from tests.services.queue.conftest import KTP, MALL, Queue, today

pytestmark = pytest.mark.integration


def checked_in(queue: Queue, mall: str = MALL) -> tuple[AppointmentCheckedIn, list[Arrival]]:
    """An appointment's two facts as booking publishes them."""
    common = {
        "appointment_id": AppointmentId.new(),
        "session_id": SessionId.new(),
        "mall": MallId(mall),
        "service": ServiceCode(KTP),
        "service_date": today(),
        "person_id": PersonId.new(),
    }
    booked = AppointmentBooked.model_validate(common | {"starts_at": datetime.now(UTC)})
    fact = AppointmentCheckedIn.model_validate(common)
    return fact, [queue.probe.arrival(booked, version=1), queue.probe.arrival(fact, version=2)]


async def test_a_checked_in_appointment_gets_one_ticket_however_often_it_comes(
    queue: Queue,
) -> None:
    fact, (booked, arrival) = checked_in(queue)
    again = queue.probe.raw_arrival(arrival.topic, arrival.key, arrival.headers, arrival.value)
    third = queue.probe.raw_arrival(arrival.topic, arrival.key, arrival.headers, arrival.value)
    await queue.probe.deliver("queue", booked, arrival, again)
    await queue.probe.deliver("queue", arrival)
    await queue.probe.deliver("queue", third)
    (issued,) = await queue.probe.facts()
    assert issued["type"] == "queue.ticket_issued.v1"
    assert issued["actor"] == "system:queue"
    payload = issued["payload"]
    assert payload["lane"] == "janji"
    assert payload["appointment_id"] == str(fact.appointment_id)
    assert payload["person_id"] == str(fact.person_id)
    assert payload["ticket_id"] == str(TicketId.of("appointment", str(fact.appointment_id)))
    assert await queue.probe.rows("SELECT 1 FROM parked") == []


async def test_a_second_check_in_of_one_appointment_is_refused_not_issued(queue: Queue) -> None:
    fact, arrivals = checked_in(queue)
    await queue.probe.deliver("queue", *arrivals)
    await queue.probe.deliver("queue", queue.probe.arrival(fact, version=3))
    assert await queue.numbers() == [1]
    refusals = await queue.probe.rows("SELECT refusal FROM commands WHERE refusal IS NOT NULL")
    assert ["already_in_line" in row["refusal"] for row in refusals] == [True]


async def test_appointments_and_walk_ins_share_one_line(queue: Queue) -> None:
    (first,) = await queue.issued(1)
    fact, arrivals = checked_in(queue)
    await queue.probe.deliver("queue", *arrivals)
    (last,) = await queue.issued(1)
    counter_id = await queue.opened()
    order = []
    for _ in range(3):
        ticket = await queue.called(counter_id)
        order.append((ticket["ticket_id"], ticket["label"]))
        await queue.finish(ticket["ticket_id"], counter_id, "no_show")
    admitted = str(TicketId.of("appointment", str(fact.appointment_id)))
    assert order == [(first, "KTP-001"), (admitted, "KTP-002"), (last, "KTP-003")]


async def test_many_appointments_in_one_batch_are_numbered_in_their_order(queue: Queue) -> None:
    both = [checked_in(queue) for _ in range(40)]
    await queue.probe.deliver("queue", *(one for _, arrivals in both for one in arrivals))
    facts = await queue.probe.facts()
    given = [(fact["payload"]["appointment_id"], fact["payload"]["number"]) for fact in facts]
    wanted = [(str(fact.appointment_id), place) for place, (fact, _) in enumerate(both, start=1)]
    assert given == wanted


async def test_an_appointment_is_admitted_before_the_catalogue_names_its_mall(
    queue: Queue,
) -> None:
    _, arrivals = checked_in(queue, mall="mpp-belum")
    await queue.probe.deliver("queue", *arrivals)
    assert await queue.numbers() == [1]


async def test_the_story_of_the_appointment_goes_on_in_its_ticket(queue: Queue) -> None:
    _, (booked, arrival) = checked_in(queue)
    await queue.probe.deliver("queue", booked, arrival)
    headers = dict(arrival.headers)
    (row,) = await queue.probe.rows("SELECT correlation_id, causation_id, time FROM event_log")
    assert row["correlation_id"] == "test-correlation"
    assert row["causation_id"] == headers["ce_id"].decode()
    (ticket,) = await queue.probe.rows("SELECT issued_at FROM tickets")
    assert ticket["issued_at"] == row["time"]
