"""What a policy of the catalogue changes, over the API and by time: windows to pardons."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from chassis import clock
from contracts.ids import PersonId
from tests.services.booking.conftest import (
    MALL,
    SERVICE_CODE,
    Booking,
    add_up,
    local_now,
    mall_entry,
    plan_entry,
)

pytestmark = pytest.mark.integration
CHECK_IN = {"before_minutes": 15, "grace_minutes": 15}


def around(minutes: int, length: int = 60) -> dict[str, Any]:
    """A session that begins so many minutes from now, if that is on the same day of the mall."""
    start = local_now() + timedelta(minutes=minutes)
    return {
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(minutes=length)).isoformat(),
    }


async def types(booking: Booking) -> list[str]:
    return [
        fact["type"].removeprefix("booking.").removesuffix(".v1")
        for fact in await booking.probe.facts()
    ]


def supervisor(booking: Booking) -> dict[str, str]:
    return booking.probe.bearer("supervisor-1", "officer", "supervisor", mall=MALL)


async def test_a_day_goes_by_the_policy_it_was_announced_with(booking: Booking) -> None:
    await booking.under(window={"opens_days": 1})
    near, far = await booking.opened_in(1), await booking.opened_in(3)
    assert (await booking.book(near)).status_code == 201
    refused = await booking.book(far)
    assert (refused.status_code, refused.json()["code"]) == (409, "outside_window")
    assert (await booking.take(far, headers=booking.officer)).status_code == 201
    await booking.under(window={"opens_days": 9})
    assert (await booking.book(far)).json()["code"] == "outside_window"
    later = await booking.opened_in(4)
    assert (await booking.book(later)).status_code == 201
    announced = [one["payload"] for one in await booking.probe.facts() if "day_" in one["type"]]
    assert [(one["policy"], one["policy_version"]) for one in announced] == [
        ("uji", 2),
        ("uji", 2),
        ("uji", 3),
    ]


async def test_channels_have_places_of_their_own_until_they_are_opened(booking: Booking) -> None:
    rule = {"online": 50, "counter": 50, "partner": 0, "open_before_hours": 2}
    await booking.under(channels=rule)
    session_id = await booking.opened_in(2, capacity=4)
    for _ in range(2):
        assert (await booking.book(session_id)).status_code == 201
    refused = await booking.book(session_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "channel_full")
    assert (await booking.take(session_id, headers=booking.officer)).status_code == 201
    opens = datetime.fromisoformat(
        (await booking.probe.rows("SELECT (starts_at - interval '2 h')::text AS at FROM sessions"))[
            0
        ]["at"]
    )
    await booking.probe.time_comes(opens - timedelta(seconds=1))
    assert (await booking.book(session_id)).json()["code"] == "channel_full"
    await booking.probe.time_comes(opens)
    await booking.probe.time_comes(opens + timedelta(hours=1))
    assert (await booking.book(session_id)).status_code == 201
    assert (await booking.book(session_id)).json()["code"] == "session_full"
    assert (await types(booking)).count("channels_opened") == 1
    sums = await booking.sums()
    assert sums["in_sessions"] == sums["on_days"] == sums["places"] == 4
    assert sums["free"] == 0


async def test_a_weekday_has_a_quota_over_all_of_its_sessions(booking: Booking) -> None:
    arrival = booking.probe.arrival(plan_entry(MALL, SERVICE_CODE, most=5))
    await booking.probe.deliver("booking.catalogue", arrival)
    sessions = [await booking.opened_in(2, capacity=4) for _ in range(3)]
    answers = await asyncio.gather(*(booking.book(one) for one in sessions * 8))
    codes = [answer.json().get("code", "booked") for answer in answers]
    assert codes.count("booked") == 5
    assert set(codes) == {"booked", "day_full"}
    other = await booking.opened_in(3, capacity=9)
    place = (await booking.book(other)).json()
    moved = await booking.act(place, "move", session_id=sessions[0])
    assert moved.json()["code"] == "day_full"
    add_up(await booking.sums())


async def test_one_checks_in_around_the_beginning_only(booking: Booking) -> None:
    if not 1 <= local_now().hour < 21:
        pytest.skip("the sessions of this test would reach over the midnight of the mall")
    await booking.under(check_in=CHECK_IN)
    early, now = await booking.opened(**around(60)), await booking.opened(**around(10))
    refused = await booking.act((await booking.book(early)).json(), "check-in")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_early")
    place = (await booking.book(now)).json()
    assert (await booking.act(place, "check-in")).status_code == 200


async def test_who_does_not_come_has_missed_it_and_is_blocked_until_pardoned(
    booking: Booking,
) -> None:
    await booking.under(check_in=CHECK_IN, misses={"block_after": 2, "within_days": 30})
    person = PersonId.new()
    sessions = [await booking.opened_in(day) for day in (1, 2, 3)]
    places = [(await booking.book(one, person)).json() for one in sessions[:2]]
    ends = await booking.probe.rows("SELECT ends_at FROM sessions ORDER BY starts_at")
    await booking.probe.time_comes(ends[0]["ends_at"])
    assert "appointment_missed" not in await types(booking)
    await booking.probe.time_comes(ends[1]["ends_at"] + timedelta(seconds=1))
    await booking.probe.time_comes(ends[1]["ends_at"] + timedelta(hours=1))
    assert (await types(booking)).count("appointment_missed") == 2
    blocked = await booking.book(sessions[2], person)
    assert (blocked.status_code, blocked.json()["code"]) == (409, "blocked_after_misses")
    held = await booking.take(sessions[2], person, door="holds")
    assert held.json()["code"] == "blocked_after_misses"
    assert (await booking.act(places[0], "check-in")).json()["code"] == "appointment_over"

    path = f"/v1/appointments/{places[1]['appointment_id']}/pardon"
    assert (await booking.post(path, {"reason": "ill"}, headers=booking.officer)).status_code == 403
    pardoned = await booking.post(path, {"reason": "ill"}, headers=supervisor(booking))
    assert pardoned.status_code == 200, pardoned.text
    again = await booking.post(path, {"reason": "ill"}, headers=supervisor(booking))
    assert (again.status_code, again.json()["code"]) == (409, "not_missed")
    assert (await booking.book(sessions[2], person)).status_code == 201
    add_up(await booking.sums())


async def test_whoever_is_blocked_is_served_at_the_counter(booking: Booking) -> None:
    await booking.under(check_in=CHECK_IN, misses={"block_after": 1, "within_days": 30})
    person, session_id = PersonId.new(), await booking.opened_in(1)
    await booking.book(session_id, person)
    await booking.probe.time_comes(clock.now() + timedelta(days=3))
    other = await booking.opened_in(2)
    assert (await booking.book(other, person)).json()["code"] == "blocked_after_misses"
    at_counter = await booking.take(other, person, headers=booking.officer)
    assert at_counter.status_code == 201


async def test_a_reminder_is_a_fact_once_for_each_mark_and_anew_after_a_move(
    booking: Booking,
) -> None:
    await booking.under(reminders_hours=[24, 2])
    one, other = await booking.opened_in(5), await booking.opened_in(8)
    place = (await booking.book(one)).json()
    starts = [
        row["starts_at"]
        for row in await booking.probe.rows("SELECT starts_at FROM sessions ORDER BY starts_at")
    ]

    async def marks() -> list[int]:
        facts = await booking.probe.facts()
        return [one["payload"]["hours_before"] for one in facts if "reminded" in one["type"]]

    await booking.probe.time_comes(starts[0] - timedelta(hours=24, seconds=1))
    assert await marks() == []
    for _ in range(3):
        await booking.probe.time_comes(starts[0] - timedelta(hours=24))
    assert await marks() == [24]
    assert (await booking.act(place, "move", session_id=other)).status_code == 200
    await booking.probe.time_comes(starts[1] - timedelta(hours=24))
    assert await marks() == [24, 24]
    # Down over the second mark: told when it comes back, and then nothing more.
    await booking.probe.time_comes(starts[1] - timedelta(minutes=5))
    await booking.probe.time_comes(starts[1] + timedelta(days=1))
    assert await marks() == [24, 24, 2]


async def test_a_request_takes_its_place_until_the_office_answers(booking: Booking) -> None:
    await booking.under(approve={"within_hours": 24})
    session_id = await booking.opened_in(3, capacity=2)
    asked = [await booking.book(session_id) for _ in range(2)]
    assert {one.json()["status"] for one in asked} == {"requested"}
    assert (await booking.book(session_id)).json()["code"] == "session_full"
    first, second = (one.json() for one in asked)
    assert (await booking.act(first, "check-in")).json()["code"] == "not_approved"
    path = f"/v1/appointments/{first['appointment_id']}"
    assert (await booking.post(f"{path}/approve")).status_code == 401
    foreign = booking.probe.bearer("officer-9", "officer", mall="mpp-lain")
    refused = await booking.post(f"{path}/approve", headers=foreign)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    approved = await booking.post(f"{path}/approve", headers=booking.officer)
    assert approved.json()["status"] == "booked"
    again = await booking.post(f"{path}/approve", headers=booking.officer)
    assert (again.status_code, again.json()["code"]) == (409, "not_requested")
    path = f"/v1/appointments/{second['appointment_id']}/decline"
    declined = await booking.post(path, {"reason": "papers_missing"}, headers=booking.officer)
    assert declined.json()["status"] == "declined"
    third = await booking.book(session_id)
    assert third.json()["status"] == "requested"
    await booking.probe.time_comes(clock.now() + timedelta(hours=23))
    assert await booking.booked_count(session_id) == (2, 2)
    await booking.probe.time_comes(clock.now() + timedelta(hours=25))
    facts = [one for one in await booking.probe.facts() if "declined" in one["type"]]
    assert [one["payload"]["reason"] for one in facts] == ["papers_missing", "no_answer"]
    assert await booking.booked_count(session_id) == (1, 1)
    add_up(await booking.sums())


async def test_a_hold_that_needs_approval_becomes_a_request(booking: Booking) -> None:
    session_id = await booking.opened_in(3, approve=True)
    held = (await booking.take(session_id, door="holds")).json()
    confirmed = await booking.act(held, "confirm")
    assert confirmed.json()["status"] == "requested"
    at_counter = await booking.take(session_id, headers=booking.officer)
    assert at_counter.json()["status"] == "booked"
    add_up(await booking.sums())


async def test_approving_and_time_at_once_let_one_win(booking: Booking) -> None:
    await booking.under(approve={"within_hours": 24})
    session_id = await booking.opened_in(3, capacity=40)
    asked = [one.json() for one in [await booking.book(session_id) for _ in range(40)]]

    async def approve(place: dict[str, Any]) -> int:
        path = f"/v1/appointments/{place['appointment_id']}/approve"
        return (await booking.post(path, headers=booking.officer)).status_code

    answers = await asyncio.gather(
        *(approve(one) for one in asked[:20]),
        booking.probe.time_comes(clock.now() + timedelta(days=2)),
        *(approve(one) for one in asked[20:]),
    )
    approved = sum(answer == 200 for answer in answers)
    assert await booking.booked_count(session_id) == (approved, approved)
    found = await types(booking)
    assert found.count("appointment_declined") == 40 - approved
    add_up(await booking.sums())


async def test_a_place_that_is_taken_at_once_after_it_was_given_up_is_flagged(
    booking: Booking,
) -> None:
    await booking.under(flag={"rebook_within_seconds": 60})
    session_id, device = await booking.opened_in(1, capacity=1), {"Loket-Device": "one-device"}
    seller, buyer = PersonId.new(), PersonId.new()
    sold = (await booking.take(session_id, seller, headers=device)).json()
    await booking.act(sold, "cancel")
    assert (await booking.take(session_id, buyer, headers=device)).status_code == 201
    (flag,) = [one for one in await booking.probe.facts() if "flagged" in one["type"]]
    assert flag["payload"]["given_up_id"] == sold["appointment_id"]
    assert (flag["payload"]["same_device"], flag["version"]) == (True, 2)
    assert flag["payload"]["person_id"] == str(buyer)


async def test_nobody_is_flagged_for_coming_back_or_coming_later(booking: Booking) -> None:
    await booking.under(flag={"rebook_within_seconds": 60})
    session_id, person = await booking.opened_in(1, capacity=1), PersonId.new()
    place = (await booking.book(session_id, person)).json()
    await booking.act(place, "cancel")
    back = (await booking.book(session_id, person)).json()
    await booking.act(back, "cancel")
    await booking.probe.rows("UPDATE appointments SET ended_at = ended_at - interval '2 min'")
    assert (await booking.book(session_id)).status_code == 201
    assert "rebooking_flagged" not in await types(booking)


async def test_an_appointment_is_moved_as_often_as_the_policy_allows(booking: Booking) -> None:
    await booking.under(moves={"most": 1, "until_minutes": 60})
    sessions = [await booking.opened_in(day) for day in (1, 2, 3)]
    place = (await booking.book(sessions[0])).json()
    assert (await booking.act(place, "move", session_id=sessions[1])).status_code == 200
    refused = await booking.act(place, "move", session_id=sessions[2])
    assert (refused.status_code, refused.json()["code"]) == (409, "moved_too_often")
    by_office = await booking.act(place, "move", headers=booking.officer, session_id=sessions[2])
    assert by_office.status_code == 200


async def test_a_service_that_asks_for_a_nik_gets_one(booking: Booking) -> None:
    await booking.under(identity="required")
    session_id = await booking.opened_in(1)
    refused = await booking.book(session_id)
    assert (refused.status_code, refused.json()["code"]) == (422, "identity_needed")
    assert (await booking.take(session_id, nik="9912345203900001")).status_code == 201


async def test_a_mall_whose_policy_has_not_come_opens_no_day(booking: Booking) -> None:
    arrival = booking.probe.arrival(mall_entry(policy="belum-ada"), version=2)
    await booking.probe.deliver("booking.catalogue", arrival)
    start = local_now() + timedelta(days=1)
    body = {
        "mall": MALL,
        "service": SERVICE_CODE,
        "capacity": 2,
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(minutes=1)).isoformat(),
    }
    refused = await booking.post("/v1/sessions", body, headers=booking.officer)
    assert (refused.status_code, refused.json()["code"]) == (422, "policy_unknown")


async def test_places_tell_how_many_are_free_and_why_none_are(booking: Booking) -> None:
    rule = {"online": 50, "counter": 50, "partner": 0, "open_before_hours": 2}
    await booking.under(channels=rule)
    full, free = await booking.opened_in(1, capacity=2), await booking.opened_in(2, capacity=4)
    await booking.book(full)
    day = local_now().date()
    where = {
        "mall": MALL,
        "service": SERVICE_CODE,
        "from": day.isoformat(),
        "to": (day + timedelta(days=9)).isoformat(),
    }

    async def places(**more: str) -> list[tuple[str, int, str | None]]:
        answer = await booking.probe.client.get("/v1/places", params={**where, **more})
        assert answer.status_code == 200, answer.text
        return [(one["session_id"], one["free"], one["why_not"]) for one in answer.json()]

    assert await places() == [(full, 0, "channel_full"), (free, 2, None)]
    assert await places(channel="counter") == [(full, 1, None), (free, 2, None)]
    assert await places(channel="partner") == [(full, 0, "channel_full"), (free, 0, "channel_full")]
    await booking.probe.rows("UPDATE days SET most = taken WHERE taken = 1")
    assert await places(channel="counter") == [(full, 0, "day_full"), (free, 2, None)]
    await booking.probe.rows("UPDATE sessions SET closed_by = gen_random_uuid()")
    assert {why for _, _, why in await places()} == {"closed"}


async def test_a_policy_is_published_in_each_of_its_revisions(booking: Booking) -> None:
    for days in (3, 5):
        await booking.under(window={"opens_days": days})
    path = "/v1/booking-policies/uji"
    newest = (await booking.probe.client.get(path)).json()
    assert (newest["revision"], newest["rules"]["window"]["opens_days"]) == (3, 5)
    older = (await booking.probe.client.get(path, params={"revision": 2})).json()
    assert older["rules"]["window"]["opens_days"] == 3
    assert (await booking.probe.client.get("/v1/booking-policies/tiada")).status_code == 404
