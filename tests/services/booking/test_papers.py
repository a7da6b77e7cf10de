"""The calendar file and the picture, for whoever has the code and nobody else."""

from typing import Any

import pytest
from icalendar import Calendar

from tests.services.booking.conftest import Booking

pytestmark = pytest.mark.integration


async def look(booking: Booking, place: dict[str, str], what: str, **sent: str) -> Any:
    path = f"/v1/appointments/{place['appointment_id']}/{what}"
    headers = {"Booking-Code": place["booking_code"], **sent}
    return await booking.probe.client.get(path, headers=headers)


def event_of(content: bytes) -> Any:
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    return event


async def test_the_calendar_file_tells_when_and_where_and_not_whose(booking: Booking) -> None:
    session_id = await booking.opened()
    place = (await booking.book(session_id)).json()
    answer = await look(booking, place, "calendar")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert "no-store" in answer.headers["cache-control"]
    event = event_of(answer.content)
    assert str(event["uid"]) == place["appointment_id"]
    assert (str(event["summary"]), str(event["status"])) == ("KTP, MPP Uji", "CONFIRMED")
    assert (int(event["sequence"]), event["dtstart"].params["tzid"]) == (1, "Asia/Jayapura")
    assert place["booking_code"] not in answer.text

    await booking.act(place, "cancel")
    event = event_of((await look(booking, place, "calendar")).content)
    assert (str(event["status"]), int(event["sequence"])) == ("CANCELLED", 2)


async def test_the_file_speaks_english_when_asked_to(booking: Booking) -> None:
    place = (await booking.book(await booking.opened())).json()
    answer = await look(booking, place, "calendar?lang=en")
    assert "SUMMARY:ID card" in answer.text


async def test_the_picture_is_one_of_a_code(booking: Booking) -> None:
    place = (await booking.book(await booking.opened())).json()
    answer = await look(booking, place, "qr")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.startswith("<svg ")
    assert "<script" not in answer.text


@pytest.mark.parametrize("what", ["calendar", "qr"])
async def test_without_the_code_nobody_but_staff_of_the_mall_gets_them(
    booking: Booking, what: str
) -> None:
    place = (await booking.book(await booking.opened())).json()
    path = f"/v1/appointments/{place['appointment_id']}/{what}"
    client, bearer = booking.probe.client, booking.probe.bearer
    assert (await client.get(path)).status_code == 403
    assert (await look(booking, {**place, "booking_code": "WRONG"}, what)).status_code == 403
    assert (await client.get(path, headers=booking.officer)).status_code == 200
    foreign = bearer("officer-2", "officer", mall="mpp-lain")
    assert (await client.get(path, headers=foreign)).status_code == 404
    assert (await client.get(path, headers=bearer("budi", "operator"))).status_code == 200
