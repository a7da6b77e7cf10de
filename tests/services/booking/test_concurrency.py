"""What must hold when many book at once, also when somebody goes round the domain."""

import asyncio
from collections import Counter
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.dialects import postgresql

from chassis import testing
from contracts.ids import PersonId
from services.booking.tables import metadata
from services.booking.wiring import SERVICE
from tests.services.booking.conftest import Booking, Fresh, mall_entry, service_entry

pytestmark = pytest.mark.integration


async def test_of_300_who_want_40_places_exactly_40_get_one(booking: Booking) -> None:
    session_id = await booking.opened(capacity=40)
    answers = await asyncio.gather(*(booking.book(session_id) for _ in range(300)))
    found = Counter(answer.json().get("code", "booked") for answer in answers)
    assert found == {"booked": 40, "session_full": 260}
    assert len({one.json()["appointment_id"] for one in answers if one.status_code == 201}) == 40
    assert await booking.booked_count(session_id) == (40, 40)
    types = Counter(fact["type"] for fact in await booking.probe.facts())
    assert types["booking.appointment_booked.v1"] == 40


async def test_twenty_equal_requests_at_once_take_one_place(booking: Booking) -> None:
    session_id, person = await booking.opened(capacity=40), PersonId.new()
    answers = await asyncio.gather(
        *(booking.book(session_id, person, key="one-intention") for _ in range(20))
    )
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].status_code == 201
    assert await booking.booked_count(session_id) == (1, 1)


async def test_one_person_who_tries_everywhere_at_once_gets_one_place(booking: Booking) -> None:
    sessions = [await booking.opened(capacity=5) for _ in range(4)]
    person = PersonId.new()
    answers = await asyncio.gather(*(booking.book(one, person) for one in sessions * 5))
    found = Counter(answer.json().get("code", "booked") for answer in answers)
    assert found == {"booked": 1, "already_booked": 19}


async def test_a_place_that_was_given_up_is_taken_again_exactly_once(booking: Booking) -> None:
    session_id = await booking.opened(capacity=1)
    place = (await booking.book(session_id)).json()
    cancelling = booking.act(place, "cancel")
    early = await asyncio.gather(cancelling, *(booking.book(session_id) for _ in range(15)))
    late = await asyncio.gather(*(booking.book(session_id) for _ in range(15)))
    taken = [answer for answer in (*early[1:], *late) if answer.status_code == 201]
    assert early[0].status_code == 200
    assert len(taken) == 1
    assert await booking.booked_count(session_id) == (1, 1)


async def test_two_processes_fill_one_session_together(
    fresh_database: Fresh, tmp_path: Path
) -> None:
    key_file = tmp_path / "code-key"
    key_file.write_bytes(b"k" * 32)
    addresses = await fresh_database("booking")
    async with (
        testing.running(SERVICE, addresses, code_key_file=key_file) as one,
        testing.running(SERVICE, addresses, code_key_file=key_file) as other,
    ):
        await one.deliver("booking.catalogue", one.arrival(mall_entry()))
        await one.deliver("booking.catalogue", one.arrival(service_entry()))
        both = [Booking(one), Booking(other)]
        session_id = await both[0].opened(capacity=30)
        persons = [PersonId.new() for _ in range(50)]
        answers = await asyncio.gather(
            *(both[turn % 2].book(session_id, persons[turn // 2]) for turn in range(100))
        )
        found = Counter(answer.json().get("code", "booked") for answer in answers)
        assert found["booked"] == 30
        assert set(found) <= {"booked", "session_full", "already_booked"}
        assert await both[1].booked_count(session_id) == (30, 30)


BOUNDS = {
    "more than there are": (
        "sessions",
        "booked = 3, taken_online = 3",
        "sessions_never_over_capacity",
    ),
    "fewer than none": ("sessions", "held = -1, taken_online = -1", "sessions_"),
    "held ones count": (
        "sessions",
        "booked = 1, held = 2, taken_online = 3",
        "sessions_never_over_capacity",
    ),
    "more than are released": (
        "sessions",
        "released = 1, booked = 2, taken_online = 2",
        "sessions_never_over_capacity",
    ),
    "by no channel": ("sessions", "booked = 2", "sessions_channels_add_up"),
    "of another channel": (
        "sessions",
        "most_counter = 0, booked = 2, taken_counter = 1",
        "sessions_channels_within",
    ),
    "overbooked too much": ("sessions", "overbook = 1", "sessions_overbook_bounded"),
    "over the quota": ("days", "most = 1, taken = 2", "days_never_over_quota"),
    "a list below zero": ("days", "waiting = -1", "days_waiting_never_below_zero"),
    "a rush without a seed": ("days", "mode = 'lottery'", "days_rush_has_a_seed"),
    "a hold without an end": ("appointments", "status = 'held'", "appointments_hold_has_an_end"),
    "too many places": ("appointments", "places = 7", "appointments_places_few"),
    "a seat too many": ("claims", "nth = 2", "claims_within"),
}


@pytest.mark.parametrize("bound", BOUNDS)
async def test_the_database_itself_refuses(booking: Booking, bound: str) -> None:
    table, change, constraint = BOUNDS[bound]
    await booking.book(await booking.opened(capacity=2))
    with pytest.raises(asyncpg.CheckViolationError, match=constraint):
        await booking.probe.rows(f"UPDATE {table} SET {change}")  # noqa: S608 - from above


async def test_the_database_itself_keeps_a_closed_session_closed(booking: Booking) -> None:
    session_id = await booking.opened(capacity=2)
    await booking.book(session_id)
    await booking.probe.rows("UPDATE sessions SET closed_by = gen_random_uuid()")
    with pytest.raises(asyncpg.CheckViolationError, match="is closed"):
        await booking.probe.rows("UPDATE sessions SET booked = 2, taken_online = 2")
    refused = await booking.book(session_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "session_closed")
    await booking.probe.rows("UPDATE sessions SET booked = 0, taken_online = 0")


async def test_the_database_itself_keeps_a_seat_for_one(booking: Booking) -> None:
    session_id = await booking.opened(capacity=2)
    one, other = [(await booking.book(session_id)).json() for _ in range(2)]
    take = """
        UPDATE claims SET digest = (SELECT digest FROM claims AS one
                                    WHERE one.appointment_id = $1::uuid AND one.live)
        WHERE appointment_id = $2::uuid AND live
    """
    with pytest.raises(asyncpg.UniqueViolationError, match="claims_one_on_a_seat"):
        await booking.probe.rows(take, one["appointment_id"], other["appointment_id"])


async def test_the_database_itself_refuses_a_second_place_of_a_person(booking: Booking) -> None:
    await booking.book(await booking.opened())
    copy = """
        INSERT INTO appointments (id, version, session_id, person_id, service, service_date, status,
                                  channel, also, places, moves, step)
        SELECT $1, version, session_id, person_id, service, service_date, $2, channel, also, places,
               moves, step FROM appointments
    """
    with pytest.raises(asyncpg.UniqueViolationError, match="appointments_one_per_person_and_day"):
        await booking.probe.rows(copy, uuid4(), "booked")
    await booking.probe.rows(copy, uuid4(), "cancelled")


async def test_the_program_may_not_change_what_was_written_down(booking: Booking) -> None:
    await booking.opened()
    for statement in ("DELETE FROM event_log", "UPDATE event_log SET payload = ''"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await booking.probe.rows(statement)


async def test_tables_are_as_the_migrations_make_them(booking: Booking) -> None:
    rows = await booking.probe.rows(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
    )
    made = {(row["table_name"], row["column_name"]): tuple(row)[2:] for row in rows}
    dialect = postgresql.dialect()
    for table in metadata.tables.values():
        declared = {
            (table.name, column.name): (
                column.type.compile(dialect=dialect).lower(),
                "YES" if column.nullable else "NO",
            )
            for column in table.columns
        }
        assert declared == {key: kind for key, kind in made.items() if key[0] == table.name}
