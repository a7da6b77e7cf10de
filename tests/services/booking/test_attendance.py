"""The number of places of a session, places on top, and what is told of no-shows and hoarding."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts.ids import PersonId
from tests.services.booking.conftest import MALL, SERVICE_CODE, Booking, add_up, local_now

pytestmark = pytest.mark.integration
ON_TOP = {"most_percent": 20, "risk_percent": 5}


def supervisor(booking: Booking, mall: str = MALL) -> dict[str, str]:
    return booking.probe.bearer("kepala-1", "officer", "supervisor", mall=mall)


async def resize(booking: Booking, session_id: str, capacity: int) -> httpx.Response:
    body = {"capacity": capacity, "reason": "officer_ill"}
    return await booking.post(
        f"/v1/sessions/{session_id}/capacity", body, headers=supervisor(booking)
    )


async def overbook(booking: Booking, session_id: str, places: int) -> httpx.Response:
    body = {"places": places, "reason": "measured_no_shows"}
    return await booking.post(
        f"/v1/sessions/{session_id}/overbook", body, headers=supervisor(booking)
    )


async def ask(booking: Booking, path: str, **more: Any) -> httpx.Response:
    params = {"mall": MALL, "service": SERVICE_CODE, **more}
    return await booking.probe.client.get(path, params=params, headers=supervisor(booking))


def code_of(answer: httpx.Response) -> str:
    return str(answer.json().get("code", answer.status_code))


async def filled(booking: Booking, session_id: str, tries: int) -> Counter[str]:
    return Counter([code_of(await booking.book(session_id)) for _ in range(tries)])


async def test_a_session_gets_more_places_and_never_fewer_than_are_taken(booking: Booking) -> None:
    session_id = await booking.opened(2)
    assert await filled(booking, session_id, 3) == {"201": 2, "session_full": 1}
    assert (await resize(booking, session_id, 3)).json()["capacity"] == 3
    assert await filled(booking, session_id, 2) == {"201": 1, "session_full": 1}
    refused = await resize(booking, session_id, 2)
    assert (code_of(refused), refused.json()["details"]["taken"]) == ("places_taken_already", 3)
    stranger = booking.probe.bearer("kepala-2", "officer", "supervisor", mall="mpp-lain")
    path = f"/v1/sessions/{session_id}/capacity"
    theirs = await booking.post(path, {"capacity": 9, "reason": "any"}, headers=stranger)
    assert theirs.status_code == 403
    add_up(await booking.sums())


async def test_places_that_go_while_all_book_are_not_sold(booking: Booking) -> None:
    session_id = await booking.opened(20)
    shrinking = [resize(booking, session_id, capacity) for capacity in (15, 10)]
    answers = await asyncio.gather(
        *(booking.book(session_id) for _ in range(10)),
        *shrinking,
        *(booking.book(session_id) for _ in range(30)),
    )
    (row,) = await booking.probe.rows("SELECT capacity, booked FROM sessions")
    assert row["booked"] == sum(one.status_code == 201 for one in answers) <= row["capacity"]
    add_up(await booking.sums())


async def test_no_place_is_given_out_twice_unless_the_policy_says_so(booking: Booking) -> None:
    session_id = await booking.opened(10)
    assert code_of(await overbook(booking, session_id, 1)) == "overbook_off"
    officer = await booking.post(
        f"/v1/sessions/{session_id}/overbook", {"places": 1, "reason": "any"},
        headers=booking.officer,
    )  # fmt: skip
    assert officer.status_code == 403


async def test_places_on_top_stay_within_policy_and_a_fifth(booking: Booking) -> None:
    await booking.under(overbook=ON_TOP)
    session_id = await booking.opened_in(1, 10)
    refused = await overbook(booking, session_id, 3)
    assert (code_of(refused), refused.json()["details"]["most"]) == ("overbook_too_much", 2)
    assert (await overbook(booking, session_id, 2)).json()["overbook"] == 2
    assert await filled(booking, session_id, 14) == {"201": 12, "session_full": 2}
    assert code_of(await overbook(booking, session_id, 1)) == "places_taken_already"
    assert code_of(await resize(booking, session_id, 9)) == "places_taken_already"
    assert (await resize(booking, session_id, 11)).json() == {
        "session_id": session_id,
        "capacity": 11,
        "overbook": 2,
    }
    (day,) = await booking.probe.rows("SELECT taken, free_online FROM days")
    assert (day["taken"], day["free_online"]) == (12, 1)


async def past(booking: Booking, known: int, missed: int) -> None:
    """So many appointments that are past, of which some were missed."""
    session_id = await booking.opened(known)
    await asyncio.gather(*(booking.book(session_id) for _ in range(known)))
    await booking.probe.rows(
        """
        UPDATE appointments
        SET status = CASE WHEN number <= $1 THEN 'missed' ELSE 'checked_in' END
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM appointments) AS counted
        WHERE counted.id = appointments.id
        """,
        missed,
    )


async def test_no_shows_are_told_from_five_people_on(booking: Booking) -> None:
    await past(booking, 4, 1)
    today = local_now().date()
    span = {"from": (today - timedelta(days=5)).isoformat(), "to": today.isoformat()}
    assert code_of(await ask(booking, "/v1/no-shows", **span)) == "too_few_known"
    await past(booking, 6, 3)
    shown = (await ask(booking, "/v1/no-shows", **span)).json()
    assert shown == {
        "known": 10,
        "missed": 3,
        "days": [{"service_date": today.isoformat(), "known": 10, "missed": 3}],
    }
    long = {"from": "2026-01-01", "to": "2026-12-31"}
    assert code_of(await ask(booking, "/v1/no-shows", **long)) == "span_too_long"
    back = {"from": "2026-02-01", "to": "2026-01-31"}
    assert code_of(await ask(booking, "/v1/no-shows", **back)) == "span_too_long"


async def test_advice_needs_fifty_and_changes_nothing(booking: Booking) -> None:
    await past(booking, 49, 20)
    assert code_of(await ask(booking, "/v1/overbooking-advice", capacity=10)) == "too_few_known"
    await past(booking, 71, 80)
    advice = (await ask(booking, "/v1/overbooking-advice", capacity=10)).json()
    assert (advice["known"], advice["missed"], advice["allowed_percent"]) == (120, 80, 0)
    # At 10 places at most 2 are advised, however many stay away.
    assert advice["more"] == 2
    assert advice["risk"] <= advice["risk_percent"] / 100
    (row,) = await booking.probe.rows("SELECT max(overbook) AS most FROM sessions")
    assert row["most"] == 0
    other = booking.probe.bearer("kepala-2", "officer", "supervisor", mall="mpp-lain")
    params: dict[str, str] = {"mall": MALL, "service": SERVICE_CODE, "capacity": "10"}
    path = "/v1/overbooking-advice"
    refused = await booking.probe.client.get(path, params=params, headers=other)
    assert refused.status_code == 403


async def test_hoarding_shows_how_many_devices_hold_how_many_places(booking: Booking) -> None:
    session_id = await booking.opened(40)
    for device in range(5):
        for _ in range(2):
            answer = await booking.take(
                session_id, PersonId.new(), headers={"Loket-Device": f"device-{device}-0"}
            )
            assert answer.status_code == 201, answer.text
    for device in range(4):
        await booking.take(session_id, headers={"Loket-Device": f"single-{device}-0"})
    shown = (await ask(booking, "/v1/hoarding", date=local_now().date().isoformat())).json()
    # Four devices with one place each are too few to be told.
    assert shown["held"] == [{"places": 2, "devices": 5, "networks": 0}]
    assert "device-" not in str(shown)
