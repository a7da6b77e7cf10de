"""Many at one place, in two processes: never one too many, never one lost, nobody stuck."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from chassis import clock, testing
from contracts.ids import PersonId
from services.booking.wiring import SERVICE
from tests.services.booking.conftest import Booking, Fresh, add_up, mall_entry, service_entry

pytestmark = pytest.mark.integration


@pytest.fixture
async def both(fresh_database: Fresh, tmp_path: Path) -> AsyncIterator[tuple[Booking, Booking]]:
    """Two processes of booking with one database."""
    key_file = tmp_path / "code-key"
    key_file.write_bytes(b"k" * 32)
    addresses = await fresh_database("booking")
    async with (
        testing.running(SERVICE, addresses, code_key_file=key_file) as one,
        testing.running(SERVICE, addresses, code_key_file=key_file) as other,
    ):
        await one.deliver("booking.catalogue", *map(one.arrival, (mall_entry(), service_entry())))
        yield Booking(one), Booking(other)


def codes(answers: list[httpx.Response]) -> Counter[str]:
    return Counter(one.json().get("code", str(one.status_code)) for one in answers)


async def test_of_500_who_want_one_place_one_gets_it(both: tuple[Booking, Booking]) -> None:
    session_id = await both[0].opened(capacity=1)
    doors = ("appointments", "holds")
    answers = await asyncio.gather(
        *(both[n % 2].take(session_id, door=doors[n // 2 % 2]) for n in range(500))
    )
    assert codes(answers) == {"201": 1, "session_full": 499}
    add_up(await both[0].sums())


async def test_one_person_who_tries_every_session_at_once_gets_one(
    both: tuple[Booking, Booking],
) -> None:
    sessions = [await both[0].opened(capacity=5) for _ in range(20)]
    person = PersonId.new()
    answers = await asyncio.gather(
        *(
            both[n % 2].take(session, person, door=("appointments", "holds")[n // 2 % 2])
            for n, session in enumerate(sessions * 4)
        )
    )
    found = codes(answers)
    assert found["201"] == 1
    assert set(found) <= {"201", "already_booked", "too_many_holds"}
    add_up(await both[0].sums())


async def test_one_nik_under_ten_names_gets_one_place(both: tuple[Booking, Booking]) -> None:
    session_id = await both[0].opened(capacity=20)
    answers = await asyncio.gather(
        *(both[n % 2].take(session_id, nik="9912345203900001") for n in range(10))
    )
    assert codes(answers) == {"201": 1, "already_booked": 9}
    add_up(await both[0].sums())


LIMITED = {
    "person_live": "too_many_bookings",
    "identity_live": "too_many_bookings",
    "device_live": "too_many_from_device",
    "network_day": "too_many_from_network",
}


@pytest.mark.parametrize("limit", LIMITED)
async def test_a_limit_of_three_lets_three_pass(both: tuple[Booking, Booking], limit: str) -> None:
    await both[0].under(limits={limit: 3})
    sessions = [await both[0].opened_in(day, capacity=9) for day in range(1, 8)]
    same = PersonId.new() if limit == "person_live" else None
    nik = {"nik": "9912345203900001"} if limit == "identity_live" else {}
    device = {"Loket-Device": "one-device"} if limit == "device_live" else None
    answers = await asyncio.gather(
        *(
            both[n % 2].take(session, same, headers=device, **nik)
            for n, session in enumerate(sessions * 7)
        )
    )
    found = codes(answers)
    assert found["201"] == 3
    assert set(found) <= {"201", LIMITED[limit], "already_booked"}
    taken = [answer.json() for answer in answers if answer.status_code == 201]
    assert (await both[0].act(taken[1], "cancel")).status_code == 200
    seats = "SELECT nth FROM claims WHERE kind = $1 AND live ORDER BY nth"
    free = {1, 2, 3} - {row["nth"] for row in await both[0].probe.rows(seats, limit)}
    again = [await both[1].take(one, same, headers=device, **nik) for one in sessions]
    assert codes(again)["201"] == 1
    assert len(free) == 1
    assert [row["nth"] for row in await both[0].probe.rows(seats, limit)] == [1, 2, 3]
    add_up(await both[0].sums())


async def test_confirming_and_time_at_once_let_one_win(both: tuple[Booking, Booking]) -> None:
    session_id = await both[0].opened(capacity=200)
    answers = await asyncio.gather(
        *(both[n % 2].take(session_id, door="holds") for n in range(200))
    )
    held = [answer.json() for answer in answers]

    async def time() -> None:
        # The other process believes that it is later, as clocks may differ.
        await asyncio.sleep(0.01)
        await both[1].probe.time_comes(clock.now() + timedelta(hours=1))

    *confirmed, _ = await asyncio.gather(*(both[0].act(one, "confirm") for one in held), time())
    found = codes([one for one in confirmed if one is not None])
    assert found["200"] + found["hold_over"] == 200
    assert await both[0].booked_count(session_id) == (found["200"], found["200"] or 0)
    facts = Counter(fact["type"] for fact in await both[0].probe.facts())
    assert facts["booking.appointment_booked.v1"] == found["200"]
    assert facts["booking.appointment_lapsed.v1"] == 200 - found["200"]
    add_up(await both[0].sums())


async def test_moves_in_a_circle_neither_wait_for_ever_nor_make_places(
    both: tuple[Booking, Booking],
) -> None:
    circle = [await both[0].opened_in(day, capacity=5) for day in range(1, 5)]
    places = [
        ((await both[0].book(session)).json(), at)
        for at, session in enumerate(circle)
        for _ in range(5 if at else 4)
    ]
    for _ in range(3):
        answers = await asyncio.gather(
            *(
                both[n % 2].act(place, "move", session_id=circle[(at + 1) % len(circle)])
                for n, (place, at) in enumerate(places)
            )
        )
        assert set(codes(answers)) <= {"200", "session_full", "same_session"}
        counts = [await both[0].booked_count(session) for session in circle]
        assert sum(taken for taken, _ in counts) == len(places)
        assert all(taken == live <= 5 for taken, live in counts)
        add_up(await both[0].sums())


async def test_however_an_appointment_ends_its_place_is_freed_once(
    both: tuple[Booking, Booking],
) -> None:
    session_id, other = await both[0].opened(capacity=3), await both[0].opened_in(1)
    await both[0].book(session_id)
    place = (await both[0].book(session_id)).json()
    answers = await asyncio.gather(
        *(both[n % 2].act(place, "cancel") for n in range(20)),
        *(both[n % 2].act(place, "move", session_id=other) for n in range(5)),
    )
    found = codes(answers)
    assert found["200"] in {1, 2}
    assert set(found) <= {"200", "appointment_cancelled_already", "same_session"}
    assert await both[0].booked_count(session_id) == (1, 1)
    assert await both[0].booked_count(other) == (0, 0)
    add_up(await both[0].sums())
