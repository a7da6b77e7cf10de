"""Steps of those who wait for a place, as they and the timers take them."""

from datetime import datetime, timedelta
from typing import Any

import httpx

from chassis import clock
from contracts.ids import PersonId, ServiceDayId
from services.booking.domain import draw
from services.booking.settings import Seeds
from tests.services.booking.conftest import MALL, SERVICE_CODE, Booking, local_now

IN_DAYS = 3
LIST_RULE: dict[str, Any] = {
    "most": 6,
    "minutes": 30,
    "least_minutes": 5,
    "before_start_minutes": 60,
    "most_offers": 2,
}


def the_day(days: int = IN_DAYS) -> str:
    """The mall's date so many days from now."""
    return (local_now() + timedelta(days=days)).date().isoformat()


async def join(
    booking: Booking, person: PersonId | None = None, *, key: str | None = None, **more: str
) -> httpx.Response:
    body = {
        "mall": MALL,
        "service": SERVICE_CODE,
        "date": the_day(),
        "person_id": str(person or PersonId.new()),
        **more,
    }
    return await booking.post("/v1/waits", body, key=key)


async def entry(booking: Booking, person: PersonId | None = None) -> dict[str, str]:
    answer = await join(booking, person)
    assert answer.status_code == 201, answer.text
    found: dict[str, str] = answer.json()
    return found


async def seen(booking: Booking, wait: dict[str, str]) -> dict[str, Any]:
    proof = {"Wait-Code": wait["wait_code"]}
    answer = await booking.probe.client.get(f"/v1/waits/{wait['wait_id']}", headers=proof)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def leave(booking: Booking, wait: dict[str, str]) -> httpx.Response:
    proof = {"Wait-Code": wait["wait_code"]}
    return await booking.post(f"/v1/waits/{wait['wait_id']}/leave", headers=proof)


async def waiting(booking: Booking) -> tuple[int, int]:
    """What the day says, and how many entries there are."""
    (row,) = await booking.probe.rows(
        "SELECT waiting, (SELECT count(*) FROM waits WHERE status = 'waiting') AS live FROM days"
    )
    return row["waiting"], row["live"]


async def full(booking: Booking, capacity: int = 1) -> list[dict[str, str]]:
    """A session that is full, and who has its places."""
    session_id = await booking.opened_in(IN_DAYS, capacity)
    return [(await booking.book(session_id)).json() | {"in": session_id} for _ in range(capacity)]


async def by_lot(booking: Booking, closes_in: timedelta) -> datetime:
    """Makes the day one that is drawn. Returns when its entries close."""
    closes_at = clock.now() + closes_in
    (day,) = await booking.probe.rows(
        "SELECT id FROM days WHERE mall = $1 AND service = $2 AND service_date = $3::text::date",
        MALL,
        SERVICE_CODE,
        the_day(),
    )
    digest = draw.digest_of(seeds(booking).of(ServiceDayId(day["id"])))
    await booking.probe.rows(
        "UPDATE days SET mode = 'lottery', seed_digest = $1, closes_at = $2, due_at = $2 "
        "WHERE id = $3",
        digest,
        closes_at,
        day["id"],
    )
    return closes_at


def seeds(booking: Booking) -> Seeds:
    return Seeds(booking.probe.running.settings.code_key_file)
