"""Places that are held, moved and booked with more than one service, over the API."""

from datetime import datetime, timedelta

import pytest

from chassis import clock
from contracts.ids import PersonId
from tests.services.booking.conftest import MALL, Booking, add_up, service_entry

pytestmark = pytest.mark.integration
NIK = "9912345203900001"


async def kinds(booking: Booking) -> list[str]:
    return [fact["type"].removeprefix("booking.") for fact in await booking.probe.facts()]


async def test_a_hold_is_confirmed_and_keeps_its_code(booking: Booking) -> None:
    session_id, person = await booking.opened(), PersonId.new()
    held = await booking.take(session_id, person, door="holds")
    assert held.status_code == 201, held.text
    until = datetime.fromisoformat(held.json()["held_until"])
    assert timedelta(minutes=9) < until - clock.now() <= timedelta(minutes=10)
    assert await booking.booked_count(session_id) == (1, 1)
    proof = {"Booking-Code": held.json()["booking_code"]}
    path = f"/v1/appointments/{held.json()['appointment_id']}"
    shown = (await booking.probe.client.get(path, headers=proof)).json()
    assert (shown["status"], datetime.fromisoformat(shown["held_until"])) == ("held", until)
    early = await booking.act(held.json(), "check-in")
    assert (early.status_code, early.json()["code"]) == (409, "not_confirmed")

    confirmed = await booking.act(held.json(), "confirm")
    assert confirmed.json()["status"] == "booked"
    again = await booking.act(held.json(), "confirm")
    assert (again.status_code, again.json()["code"]) == (409, "not_held")
    assert (await booking.act(held.json(), "release")).json()["code"] == "not_held"
    assert (await booking.act(held.json(), "check-in")).status_code == 200
    assert (await kinds(booking))[2:] == [
        "place_held.v1",
        "appointment_booked.v1",
        "appointment_checked_in.v1",
    ]
    add_up(await booking.sums())


async def test_a_hold_that_is_let_go_frees_its_place_once(booking: Booking) -> None:
    session_id, person = await booking.opened(capacity=1), PersonId.new()
    held = (await booking.take(session_id, person, door="holds")).json()
    assert (await booking.book(session_id)).json()["code"] == "session_full"
    assert (await booking.act(held, "release")).json()["status"] == "lapsed"
    for action in ("release", "confirm"):
        refused = await booking.act(held, action)
        assert (refused.status_code, refused.json()["code"]) == (409, "hold_over")
    assert (await booking.act(held, "cancel")).json()["code"] == "appointment_over"
    assert (await booking.book(session_id, person)).status_code == 201
    assert await booking.booked_count(session_id) == (1, 1)
    add_up(await booking.sums())


async def test_a_hold_ends_by_time_and_only_then(booking: Booking) -> None:
    session_id = await booking.opened(capacity=1)
    held = (await booking.take(session_id, door="holds")).json()
    until = datetime.fromisoformat(held["held_until"])
    await booking.probe.time_comes(until - timedelta(microseconds=1))
    assert await booking.booked_count(session_id) == (1, 1)
    await booking.probe.time_comes(until)
    await booking.probe.time_comes(until + timedelta(hours=1))
    assert await booking.booked_count(session_id) == (0, 0)
    facts = await booking.probe.facts()
    assert facts[-1]["payload"]["reason"] == "hold_over"
    assert (facts[-1]["actor"], len(facts)) == ("system:booking", 4)
    assert (await booking.act(held, "confirm")).json()["code"] == "hold_over"
    add_up(await booking.sums())


async def test_a_hold_whose_end_has_come_cannot_be_confirmed_though_no_timer_came(
    booking: Booking,
) -> None:
    held = (await booking.take(await booking.opened(), door="holds")).json()
    await booking.probe.rows("UPDATE appointments SET held_until = now(), due_at = now()")
    refused = await booking.act(held, "confirm")
    assert (refused.status_code, refused.json()["code"]) == (409, "hold_over")


async def test_a_person_holds_one_place_at_a_time(booking: Booking) -> None:
    person = PersonId.new()
    one, other = await booking.opened_in(1), await booking.opened_in(2)
    held = (await booking.take(one, person, door="holds")).json()
    refused = await booking.take(other, person, door="holds")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_holds")
    assert (await booking.take(one, person)).json()["code"] == "already_booked"
    assert (await booking.act(held, "confirm")).status_code == 200
    assert (await booking.take(other, person, door="holds")).status_code == 201
    add_up(await booking.sums())


async def test_an_appointment_is_moved_with_its_code(booking: Booking) -> None:
    today, later = await booking.opened(capacity=1), await booking.opened_in(3, capacity=1)
    person = PersonId.new()
    place = (await booking.book(today, person)).json()
    moved = await booking.act(place, "move", session_id=later)
    assert (moved.status_code, moved.json()["session_id"]) == (200, later)
    assert await booking.booked_count(today) == (0, 0)
    assert await booking.booked_count(later) == (1, 1)
    assert (await booking.act(place, "check-in")).json()["code"] == "not_today"
    assert (await booking.book(later, person)).json()["code"] == "already_booked"
    assert (await booking.book(today, person)).status_code == 201
    assert (await booking.act(place, "move", session_id=later)).json()["code"] == "same_session"
    back = await booking.act(place, "move", session_id=today)
    assert (back.status_code, back.json()["code"]) == (409, "already_booked")
    (fact,) = [one for one in await booking.probe.facts() if "moved" in one["type"]]
    assert (fact["payload"]["from_session"], fact["payload"]["reason"]) == (today, "by_citizen")
    add_up(await booking.sums())


async def test_an_appointment_is_moved_to_a_free_place_of_its_service_only(
    booking: Booking,
) -> None:
    other = booking.probe.arrival(service_entry("DUK-KK"))
    await booking.probe.deliver("booking.catalogue", other)
    place = (await booking.book(await booking.opened())).json()
    foreign = await booking.opened(service="DUK-KK")
    assert (await booking.act(place, "move", session_id=foreign)).json()["code"] == "other_service"
    full = await booking.opened_in(1, capacity=1)
    await booking.book(full)
    assert (await booking.act(place, "move", session_id=full)).json()["code"] == "session_full"
    nowhere = str(PersonId.new())
    unknown = await booking.act(place, "move", session_id=nowhere)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "session_unknown")
    held = (await booking.take(await booking.opened_in(2), door="holds")).json()
    free = await booking.opened_in(3)
    assert (await booking.act(held, "move", session_id=free)).json()["code"] == "not_confirmed"
    add_up(await booking.sums())


async def test_one_appointment_may_be_for_several_services_of_an_agency(booking: Booking) -> None:
    entries = [
        service_entry("DUK-KK"),
        service_entry("DUK-AKL"),
        service_entry("IMI-PAS", "imigrasi"),
    ]
    await booking.probe.deliver("booking.catalogue", *map(booking.probe.arrival, entries))
    session_id, person = await booking.opened(capacity=4), PersonId.new()
    for also in (["IMI-PAS"], ["DUK-KTP"], ["DUK-KK", "DUK-KK"]):
        refused = await booking.take(session_id, person, also=also)
        assert (refused.status_code, refused.json()["code"]) == (
            422,
            "further_service_impossible",
        ), also
    unknown = await booking.take(session_id, person, also=["DUK-XX"])
    assert unknown.json()["code"] == "service_unknown"
    place = await booking.take(session_id, person, also=["DUK-KK", "DUK-AKL"])
    assert place.status_code == 201, place.text
    assert await booking.booked_count(session_id) == (3, 3)
    assert (await booking.take(session_id, also=["DUK-KK"])).json()["code"] == "session_full"
    second = await booking.opened(service="DUK-KK")
    assert (await booking.book(second, person)).json()["code"] == "already_booked"
    assert (await booking.act(place.json(), "cancel")).status_code == 200
    assert (await booking.book(second, person)).status_code == 201
    assert await booking.booked_count(session_id) == (0, 0)
    add_up(await booking.sums())


async def test_a_nik_counts_once_whoever_says_it_and_is_kept_nowhere(booking: Booking) -> None:
    session_id = await booking.opened(capacity=5)
    wrong = await booking.take(session_id, nik="1234567890123456")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "nik_impossible")
    assert "1234567890123456" not in wrong.text
    first = await booking.take(session_id, nik=NIK, headers={"Loket-Device": "phone-of-mine"})
    assert first.status_code == 201, first.text
    again = await booking.take(session_id, nik=NIK)
    assert (again.status_code, again.json()["code"]) == (409, "already_booked")
    later = await booking.opened_in(2)
    assert (await booking.act(first.json(), "move", session_id=later)).status_code == 200
    assert (await booking.take(later, nik=NIK)).json()["code"] == "already_booked"
    assert (await booking.take(session_id, nik=NIK)).status_code == 201

    (digest,) = await booking.probe.rows(
        "SELECT DISTINCT encode(digest, 'hex') AS text FROM claims WHERE kind = 'identity_live'"
    )
    rows = await booking.probe.rows(
        "SELECT commands::text AS text FROM commands UNION ALL SELECT payload FROM event_log"
        " UNION ALL SELECT appointments::text FROM appointments"
        " UNION ALL SELECT sessions::text FROM sessions UNION ALL SELECT days::text FROM days"
    )
    assert len(rows) > 10
    for secret in (NIK, digest["text"], "phone-of-mine"):
        assert not [row for row in rows if secret in row["text"]]
    assert digest["text"] not in NIK.encode().hex()
    add_up(await booking.sums())


async def test_the_way_of_booking_follows_from_who_asks(booking: Booking) -> None:
    session_id = await booking.opened(capacity=3)
    agency = booking.probe.bearer("agency-dukcapil", "agency")
    for headers in ({}, booking.officer, agency):
        assert (await booking.take(session_id, headers=headers)).status_code == 201
    foreign = booking.probe.bearer("officer-9", "officer", mall="mpp-lain")
    refused = await booking.take(session_id, headers=foreign)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    (row,) = await booking.probe.rows("SELECT * FROM sessions")
    assert [row[f"taken_{name}"] for name in ("online", "counter", "partner")] == [1, 1, 1]
    booked = [one for one in await booking.probe.facts() if "booked" in one["type"]]
    assert [one["payload"]["channel"] for one in booked] == ["online", "counter", "partner"]
    assert [one["actor"].split(":")[0] for one in booked] == ["citizen", "officer", "agency"]
    assert MALL in {one["payload"]["mall"] for one in booked}
