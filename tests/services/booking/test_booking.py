"""Booking over its API on a real database: the citizen's story, and each rule that says no."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.ids import AppointmentId, PersonId, SessionId
from tests.services.booking.conftest import (
    MALL,
    SERVICE_CODE,
    Booking,
    local_now,
    mall_entry,
    service_entry,
    span_today,
)

pytestmark = pytest.mark.integration


def form(**changes: Any) -> dict[str, Any]:
    return {"mall": MALL, "service": SERVICE_CODE, "capacity": 2, **span_today(), **changes}


async def test_a_citizen_books_looks_and_checks_in(booking: Booking) -> None:
    session_id = await booking.opened(capacity=2)
    person = PersonId.new()
    made = await booking.book(session_id, person)
    assert made.status_code == 201
    place = made.json()
    today = local_now().date().isoformat()
    listed = await booking.probe.client.get(
        "/v1/sessions", params={"mall": MALL, "service": SERVICE_CODE, "date": today}
    )
    assert [(one["session_id"], one["free"]) for one in listed.json()] == [(session_id, 1)]

    checked_in = await booking.act(place, "check-in")
    assert checked_in.json() == {
        "appointment_id": place["appointment_id"],
        "status": "checked_in",
    }
    shown = await booking.probe.client.get(
        f"/v1/appointments/{place['appointment_id']}",
        headers={"Booking-Code": place["booking_code"].lower().replace("-", "")},
    )
    assert shown.json()["status"] == "checked_in"
    assert shown.json()["service_date"] == today

    facts = await booking.probe.facts()
    assert [(fact["type"], fact["version"], fact["actor"]) for fact in facts] == [
        ("booking.day_announced.v1", 1, "officer:officer-1"),
        ("booking.session_opened.v1", 1, "officer:officer-1"),
        ("booking.appointment_booked.v1", 1, f"citizen:{person}"),
        ("booking.appointment_checked_in.v1", 2, "public"),
    ]
    assert facts[3]["payload"]["person_id"] == str(person)
    assert facts[3]["key"] == place["appointment_id"]


async def test_the_booking_code_is_kept_nowhere(booking: Booking) -> None:
    place = (await booking.book(await booking.opened())).json()
    code = place["booking_code"]
    rows = await booking.probe.rows(
        "SELECT coalesce(answer, '') AS text FROM commands UNION ALL SELECT payload FROM event_log"
        " UNION ALL SELECT to_jsonb(appointments)::text FROM appointments"
    )
    assert len(rows) == 6
    assert not [row for row in rows if code in row["text"] or code.replace("-", "") in row["text"]]


async def test_a_repeated_booking_gets_the_same_place_and_code(booking: Booking) -> None:
    session_id, person = await booking.opened(), PersonId.new()
    first = await booking.book(session_id, person, key="key-of-mine")
    again = await booking.book(session_id, person, key="key-of-mine")
    assert first.json() == again.json()
    other = await booking.book(await booking.opened(), person, key="key-of-mine")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert await booking.booked_count(session_id) == (1, 1)


async def test_two_persons_with_one_key_get_a_place_each(booking: Booking) -> None:
    session_id = await booking.opened()
    first = await booking.book(session_id, key="the-same-key")
    second = await booking.book(session_id, key="the-same-key")
    assert first.json()["appointment_id"] != second.json()["appointment_id"]


async def test_nobody_books_what_is_not_there_or_over(booking: Booking) -> None:
    unknown = await booking.book(str(SessionId.new()))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "session_unknown")
    session_id = await booking.opened()
    await booking.probe.rows(
        "UPDATE sessions SET starts_at = now() - interval '2 h', ends_at = now() - interval '1 h'"
    )
    over = await booking.book(session_id)
    assert (over.status_code, over.json()["code"]) == (409, "session_over")


async def test_a_person_holds_one_place_per_service_and_day(booking: Booking) -> None:
    person = PersonId.new()
    one, other = await booking.opened(), await booking.opened()
    place = (await booking.book(one, person)).json()
    refused = await booking.book(other, person)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_booked")
    assert (await booking.act(place, "cancel")).status_code == 200
    assert (await booking.book(other, person)).status_code == 201


async def test_another_code_opens_nothing(booking: Booking) -> None:
    session_id = await booking.opened()
    mine = (await booking.book(session_id)).json()
    yours = (await booking.book(session_id)).json()
    stolen = {"appointment_id": mine["appointment_id"], "booking_code": yours["booking_code"]}
    before = await booking.probe.rows("SELECT * FROM commands")
    for action in ("check-in", "cancel"):
        answer = await booking.act(stolen, action)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        assert (await booking.act(stolen, action, headers={})).status_code == 403
    path = f"/v1/appointments/{mine['appointment_id']}"
    assert (await booking.probe.client.get(path)).status_code == 403
    assert await booking.probe.rows("SELECT * FROM commands") == before


async def test_staff_act_for_their_own_mall_only(booking: Booking) -> None:
    place = (await booking.book(await booking.opened())).json()
    kiosk = booking.probe.bearer("kiosk-9", "kiosk", mall="mpp-lain")
    refused = await booking.act(place, "check-in", headers=kiosk)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    path = f"/v1/appointments/{place['appointment_id']}"
    assert (await booking.probe.client.get(path, headers=kiosk)).status_code == 404
    homeless = booking.probe.bearer("kiosk-8", "kiosk")
    assert (await booking.act(place, "check-in", headers=homeless)).status_code == 403
    own = booking.probe.bearer("kiosk-1", "kiosk", mall=MALL)
    assert (await booking.act(place, "check-in", headers=own)).status_code == 200
    assert (await booking.probe.facts())[-1]["actor"] == "kiosk:kiosk-1"


async def test_an_appointment_ends_once(booking: Booking) -> None:
    session_id = await booking.opened()
    came = (await booking.book(session_id)).json()
    gone = (await booking.book(session_id)).json()
    await booking.act(came, "check-in")
    await booking.act(gone, "cancel", headers=booking.officer)
    assert (await booking.probe.facts())[-1]["payload"]["reason"] == "by_office"
    for action in ("check-in", "cancel"):
        answer = await booking.act(came, action)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_checked_in")
        answer = await booking.act(gone, action)
        assert answer.json()["code"] == "appointment_cancelled_already"
    assert await booking.booked_count(session_id) == (1, 1)


async def test_nobody_checks_in_on_another_day(booking: Booking) -> None:
    start = local_now().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=3)
    session_id = await booking.opened(
        starts_at=start.isoformat(), ends_at=(start + timedelta(hours=2)).isoformat()
    )
    place = (await booking.book(session_id)).json()
    answer = await booking.act(place, "check-in")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_today")


async def test_an_unknown_appointment_is_not_found_by_staff(booking: Booking) -> None:
    place = {"appointment_id": str(AppointmentId.new())}
    answer = await booking.act(place | {"booking_code": ""}, "cancel", headers=booking.officer)
    assert (answer.status_code, answer.json()["code"]) == (404, "appointment_unknown")


async def test_impossible_sessions_are_refused(booking: Booking) -> None:
    arrival = booking.probe.arrival(service_entry("IMI-PAS", "imigrasi"))
    await booking.probe.deliver("booking.catalogue", arrival)
    long_ago = {"starts_at": "2020-01-06T09:00:00+09:00", "ends_at": "2020-01-06T10:00:00+09:00"}
    for changes, code in (
        ({"service": "XX-NONE"}, "service_unknown"),
        ({"service": "IMI-PAS"}, "service_not_in_mall"),
        ({"ends_at": span_today()["starts_at"]}, "span_impossible"),
        ({"ends_at": (local_now() + timedelta(days=1)).isoformat()}, "span_impossible"),
        (long_ago, "session_over"),
    ):
        answer = await booking.post("/v1/sessions", form(**changes), headers=booking.officer)
        assert answer.json()["code"] == code, changes
    assert await booking.probe.facts() == []


async def test_sessions_are_opened_by_the_office_of_that_mall(booking: Booking) -> None:
    assert (await booking.post("/v1/sessions", form())).status_code == 401
    kiosk = booking.probe.bearer("kiosk-1", "kiosk", mall=MALL)
    assert (await booking.post("/v1/sessions", form(), headers=kiosk)).status_code == 403
    foreign = booking.probe.bearer("officer-9", "officer", mall="mpp-lain")
    refused = await booking.post("/v1/sessions", form(), headers=foreign)
    assert refused.json()["code"] == "not_yours"
    operator = booking.probe.bearer("operator", "operator")
    assert (await booking.post("/v1/sessions", form(), headers=operator)).status_code == 201
    unknown = await booking.post("/v1/sessions", form(mall="mpp-x"), headers=operator)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "mall_unknown")


async def test_a_malformed_session_is_a_bad_request(booking: Booking) -> None:
    wrong: list[dict[str, Any]] = [
        {"capacity": 0},
        {"capacity": "2"},
        {"starts_at": "2026-03-02T08:00:00"},
        {"mall": "MPP"},
        {"service": 7},
        {"extra": 1},
    ]
    for changes in wrong:
        answer = await booking.post("/v1/sessions", form(**changes), headers=booking.officer)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields"), changes
        assert [error["where"] for error in answer.json()["errors"]] == [
            f"/{one}" for one in changes
        ]


async def test_the_catalogue_may_come_twice_and_changes_what_is_offered(booking: Booking) -> None:
    arrival = booking.probe.arrival(service_entry("IMI-PAS", "imigrasi"))
    await booking.probe.deliver("booking.catalogue", arrival, arrival)
    await booking.probe.deliver("booking.catalogue", arrival)
    newer = booking.probe.arrival(mall_entry(agencies=("dukcapil", "imigrasi")), version=2)
    await booking.probe.deliver("booking.catalogue", newer)
    await booking.opened(service="IMI-PAS")


async def test_an_entry_that_cannot_be_read_is_parked(booking: Booking) -> None:
    broken = mall_entry("mpp-rusak").model_copy(update={"body": {"revision": 1}})
    good = service_entry("POL-SIM", "polri")
    arrivals = [booking.probe.arrival(broken), booking.probe.arrival(good)]
    await booking.probe.deliver("booking.catalogue", *arrivals)
    parked = await booking.probe.rows("SELECT key, reason FROM parked")
    assert [tuple(row) for row in parked] == [(str(broken.entry_id), "handler_failed")]
    assert await booking.probe.rows("SELECT 1 FROM services WHERE code = 'POL-SIM'")
