"""Waiting for a place: in a list that comes first, and in a draw that nobody can choose."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from chassis import clock, testing
from contracts.ids import PersonId, WaitId
from services.booking.domain import draw
from services.booking.wiring import SERVICE
from tests.services.booking.conftest import (
    Booking,
    Fresh,
    local_now,
    mall_entry,
    policy_entry,
    service_entry,
)
from tests.services.booking.waiting import (
    IN_DAYS,
    LIST_RULE,
    by_lot,
    entry,
    full,
    join,
    leave,
    seen,
    waiting,
)

pytestmark = pytest.mark.integration


@pytest.fixture
async def listed(booking: Booking) -> Booking:
    """Booking by a policy with a wait list."""
    await booking.under(waiting=LIST_RULE)
    return booking


async def kinds(booking: Booking) -> Counter[str]:
    facts = await booking.probe.facts()
    return Counter(fact["type"].removeprefix("booking.").removesuffix(".v1") for fact in facts)


def code_of(answer: httpx.Response) -> str:
    return str(answer.json().get("code", answer.status_code))


async def test_one_waits_only_for_what_cannot_be_booked(listed: Booking) -> None:
    assert code_of(await join(listed)) == "day_unknown"
    session_id = await listed.opened_in(IN_DAYS, 1)
    assert code_of(await join(listed)) == "places_are_free"
    person = PersonId.new()
    assert (await listed.book(session_id, person)).status_code == 201
    assert code_of(await join(listed, person)) == "already_booked"
    wait = await entry(listed)
    assert (wait["kind"], (await seen(listed, wait))["before"]) == ("list", 0)
    second = await entry(listed)
    assert (await seen(listed, second))["before"] == 1
    assert await waiting(listed) == (2, 2)


async def test_a_policy_without_a_list_knows_none(booking: Booking) -> None:
    await full(booking)
    assert code_of(await join(booking)) == "no_wait_list"


async def test_an_entry_belongs_to_whoever_has_its_code(listed: Booking) -> None:
    await full(listed)
    wait, other = await entry(listed), await entry(listed)
    stranger = {**wait, "wait_code": other["wait_code"]}
    assert (await leave(listed, stranger)).status_code == 403
    path = f"/v1/waits/{wait['wait_id']}"
    assert (await listed.probe.client.get(path)).status_code == 403
    assert (await leave(listed, wait)).json()["status"] == "left"
    assert code_of(await leave(listed, wait)) == "not_waiting"
    assert await waiting(listed) == (1, 1)


async def test_a_freed_place_is_offered_to_the_first_and_to_nobody_else(listed: Booking) -> None:
    (taken,) = await full(listed)
    first, second = await entry(listed), await entry(listed)
    await listed.act(taken, "cancel")
    refused = await listed.book(taken["in"])
    assert (refused.status_code, code_of(refused)) == (409, "wait_list_first")
    await listed.probe.time_comes(clock.now())
    offer = await seen(listed, first)
    assert (offer["status"], offer["offers"]) == ("offered", 1)
    assert (await seen(listed, second))["before"] == 0
    assert code_of(await listed.book(taken["in"])) == "session_full"
    assert await waiting(listed) == (1, 1)
    place = {"appointment_id": offer["appointment_id"], "booking_code": offer["booking_code"]}
    assert (await listed.act(place, "confirm")).json()["status"] == "booked"
    assert (await seen(listed, first))["status"] == "got"
    assert (await kinds(listed))["wait_served"] == 1
    assert await listed.booked_count(taken["in"]) == (1, 1)


async def test_an_offer_that_passes_goes_to_the_next_and_comes_back_once(listed: Booking) -> None:
    (taken,) = await full(listed)
    first, second = await entry(listed), await entry(listed)
    await listed.act(taken, "cancel")
    now = clock.now()
    offered = []
    for _ in range(5):
        await listed.probe.time_comes(now)
        standing = [(await seen(listed, wait))["status"] for wait in (first, second)]
        offered.append(standing)
        now += timedelta(minutes=31)
        await listed.probe.time_comes(now)
    assert offered == [
        ["offered", "waiting"],
        ["waiting", "offered"],
        ["offered", "waiting"],
        ["passed", "offered"],
        ["passed", "passed"],
    ]
    assert await waiting(listed) == (0, 0)
    found = await kinds(listed)
    assert (found["wait_offered"], found["wait_passed"], found["wait_left"]) == (4, 4, 2)
    assert (await listed.book(taken["in"])).status_code == 201


async def test_who_leaves_during_an_offer_frees_the_place_for_the_next(listed: Booking) -> None:
    (taken,) = await full(listed)
    first, second = await entry(listed), await entry(listed)
    await listed.act(taken, "cancel")
    await listed.probe.time_comes(clock.now())
    assert (await leave(listed, first)).status_code == 200
    assert code_of(await listed.book(taken["in"])) == "wait_list_first"
    await listed.probe.time_comes(clock.now())
    assert (await seen(listed, first))["status"] == "left"
    assert (await seen(listed, second))["status"] == "offered"
    assert await listed.booked_count(taken["in"]) == (1, 1)


async def test_who_got_a_place_at_the_counter_is_passed_over(listed: Booking) -> None:
    taken, other = await full(listed, 2)
    person = PersonId.new()
    first, second = await entry(listed, person), await entry(listed)
    await listed.act(taken, "cancel")
    # An officer has places of his own way, so the list does not bind him.
    desk = await listed.take(taken["in"], person, headers=listed.officer)
    assert desk.status_code == 201, desk.text
    await listed.act(other, "cancel")
    await listed.probe.time_comes(clock.now())
    assert (await seen(listed, first))["status"] == "left"
    assert (await seen(listed, second))["status"] == "offered"
    facts = [fact for fact in await listed.probe.facts() if "wait_left" in fact["type"]]
    assert [fact["payload"]["reason"] for fact in facts] == ["booked_elsewhere"]


async def test_a_list_is_as_long_as_its_policy_says(listed: Booking) -> None:
    await full(listed)
    answers = await asyncio.gather(*(join(listed) for _ in range(12)))
    assert Counter(map(code_of, answers)) == {"201": 6, "list_full": 6}
    assert await waiting(listed) == (6, 6)


async def test_twenty_joins_of_one_person_make_one_entry(listed: Booking) -> None:
    await full(listed)
    person = PersonId.new()
    answers = await asyncio.gather(*(join(listed, person) for _ in range(20)))
    assert Counter(map(code_of, answers)) == {"201": 1, "already_waiting": 19}
    same = await asyncio.gather(
        *(join(listed, PersonId.new(), key="one-intention") for _ in range(3))
    )
    assert Counter(answer.status_code for answer in same)[201] == 3
    assert await waiting(listed) == (4, 4)


async def test_one_identity_under_twenty_names_makes_one_entry(listed: Booking) -> None:
    await full(listed)
    nik = "9912345203900001"
    answers = await asyncio.gather(*(join(listed, nik=nik) for _ in range(20)))
    assert Counter(map(code_of, answers)) == {"201": 1, "already_waiting": 19}
    (row,) = await listed.probe.rows("SELECT identity FROM waits")
    assert len(row["identity"]) == 16


async def test_the_list_ends_with_its_day(listed: Booking) -> None:
    await full(listed)
    wait = await entry(listed)
    await listed.probe.time_comes(clock.now() + timedelta(days=IN_DAYS + 1))
    assert (await seen(listed, wait))["status"] == "over"
    assert await waiting(listed) == (0, 0)


async def test_a_place_that_nobody_could_be_asked_about_in_time_is_anybodys(
    listed: Booking,
) -> None:
    start = clock.now() + timedelta(minutes=30)
    span = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=1)).isoformat()}
    day = start.astimezone(local_now().tzinfo).date().isoformat()
    session_id = await listed.opened(1, **span)
    taken = (await listed.book(session_id)).json()
    late = await join(listed, date=day)
    assert code_of(late) == "list_over"
    await listed.probe.rows("UPDATE days SET waiting = 1")
    await listed.act(taken, "cancel")
    assert (await listed.book(session_id)).status_code == 201


async def test_of_50_who_book_none_gets_the_place_of_those_who_wait(
    fresh_database: Fresh, tmp_path: Path
) -> None:
    key_file = tmp_path / "code-key"
    key_file.write_bytes(b"k" * 32)
    addresses = await fresh_database("booking")
    async with (
        testing.running(SERVICE, addresses, code_key_file=key_file) as one,
        testing.running(SERVICE, addresses, code_key_file=key_file) as other,
    ):
        entries = [mall_entry(), service_entry(), policy_entry()]
        await one.deliver("booking.catalogue", *map(one.arrival, entries))
        here, there = Booking(one), Booking(other)
        await here.under(waiting=LIST_RULE)
        (taken,) = await full(here)
        waits = [await entry(here) for _ in range(5)]
        now = clock.now()
        booking = asyncio.gather(*((here, there)[turn % 2].book(taken["in"]) for turn in range(50)))
        await asyncio.gather(
            here.act(taken, "cancel"), *(probe.time_comes(now) for probe in (one, other))
        )
        answers = await booking
        await one.time_comes(clock.now())
        assert {code_of(answer) for answer in answers} <= {"session_full", "wait_list_first"}
        standing = [(await seen(there, wait))["status"] for wait in waits]
        assert standing == ["offered", "waiting", "waiting", "waiting", "waiting"]
        assert await here.booked_count(taken["in"]) == (1, 1)
        assert await waiting(here) == (4, 4)
        assert (await kinds(here))["wait_offered"] == 1


async def test_offers_stay_within_the_quota_of_the_day(listed: Booking) -> None:
    taken = await full(listed, 3)
    waits = [await entry(listed) for _ in range(3)]
    for place in taken:
        await listed.act(place, "cancel")
    await listed.probe.rows("UPDATE days SET most = 2")
    await listed.probe.time_comes(clock.now())
    standing = [(await seen(listed, wait))["status"] for wait in waits]
    assert standing == ["offered", "offered", "waiting"]


async def test_places_are_drawn_and_the_losers_are_the_list(booking: Booking) -> None:
    await booking.under(waiting={**LIST_RULE, "most": 100})
    session_id = await booking.opened_in(IN_DAYS, 3)
    closes_at = await by_lot(booking, timedelta(hours=1))
    assert code_of(await booking.book(session_id)) == "entered_by_lottery"
    waits = [await entry(booking) for _ in range(12)]
    assert {wait["kind"] for wait in waits} == {"lottery"}
    assert (await seen(booking, waits[0]))["before"] is None
    await booking.probe.time_comes(closes_at - timedelta(microseconds=1))
    assert "lottery_drawn" not in await kinds(booking)

    await booking.probe.time_comes(closes_at)
    await booking.probe.time_comes(closes_at + timedelta(minutes=1))
    await booking.probe.time_comes(closes_at + timedelta(minutes=2))
    (drawn,) = [one for one in await booking.probe.facts() if "lottery_drawn" in one["type"]]
    seed = bytes.fromhex(drawn["payload"]["seed"])
    ids = [WaitId(wait["wait_id"]) for wait in waits]
    assert drawn["payload"]["entries_digest"] == draw.entries_digest(ids)
    order = [str(one) for one in draw.in_order(seed, ids)]
    found = {wait["wait_id"]: await seen(booking, wait) for wait in waits}
    assert [found[one]["status"] for one in order] == ["offered"] * 3 + ["waiting"] * 9
    assert [found[one]["before"] for one in order[3:]] == list(range(9))
    until = {datetime.fromisoformat(found[one]["offered_until"]) for one in order[:3]}
    assert until == {closes_at + timedelta(hours=24)}
    assert await booking.booked_count(session_id) == (3, 3)

    late = await entry(booking)
    assert late["kind"] == "list"
    assert (await seen(booking, late))["before"] == 9


async def test_entries_close_before_the_draw_and_the_draw_waits_for_its_key(
    booking: Booking,
) -> None:
    await booking.under(waiting=LIST_RULE)
    await booking.opened_in(IN_DAYS, 1)
    closes_at = await by_lot(booking, timedelta(hours=1))
    person = PersonId.new()
    await entry(booking, person)
    await booking.probe.rows("UPDATE days SET closes_at = now(), due_at = now()")
    assert code_of(await join(booking)) == "entries_over"
    await booking.probe.rows("UPDATE days SET seed_digest = repeat('0', 64)")
    await booking.probe.time_comes(closes_at)
    assert "lottery_drawn" not in await kinds(booking)
    await by_lot(booking, timedelta(seconds=-1))
    await booking.probe.time_comes(closes_at)
    assert (await kinds(booking))["lottery_drawn"] == 1


async def test_a_draw_is_taken_once_by_two_processes(fresh_database: Fresh, tmp_path: Path) -> None:
    key_file = tmp_path / "code-key"
    key_file.write_bytes(b"k" * 32)
    addresses = await fresh_database("booking")
    async with (
        testing.running(SERVICE, addresses, code_key_file=key_file) as one,
        testing.running(SERVICE, addresses, code_key_file=key_file) as other,
    ):
        entries = [mall_entry(), service_entry(), policy_entry()]
        await one.deliver("booking.catalogue", *map(one.arrival, entries))
        here = Booking(one)
        await here.under(waiting={**LIST_RULE, "most": 100})
        session_id = await here.opened_in(IN_DAYS, 4)
        closes_at = await by_lot(here, timedelta(hours=1))
        for _ in range(9):
            await entry(here)
        moments = [closes_at, closes_at + timedelta(seconds=1)]
        await asyncio.gather(*(p.time_comes(at) for at in moments for p in (one, other)))
        await one.time_comes(closes_at + timedelta(seconds=2))
        found = await kinds(here)
        assert (found["lottery_drawn"], found["wait_offered"], found["place_held"]) == (1, 4, 4)
        assert await here.booked_count(session_id) == (4, 4)
        assert await waiting(here) == (5, 5)


COPY = """
INSERT INTO waits (id, version, day_id, person_id, kind, identity, lane, rank, status, offers)
SELECT gen_random_uuid(), 1, day_id, {person}, kind, identity, lane, rank, 'waiting', 0 FROM waits
"""


@pytest.mark.parametrize(
    "person,constraint",
    [("person_id", "waits_one_per_person"), ("gen_random_uuid()", "waits_one_per_identity")],
)
async def test_the_database_itself_keeps_one_entry(
    listed: Booking, person: str, constraint: str
) -> None:
    await full(listed)
    await join(listed, nik="9912345203900001")
    with pytest.raises(asyncpg.UniqueViolationError, match=constraint):
        await listed.probe.rows(COPY.format(person=person))
    await listed.probe.rows("UPDATE waits SET status = 'left'")
    await listed.probe.rows(COPY.format(person=person))


async def test_the_database_itself_refuses_an_offer_of_nothing(listed: Booking) -> None:
    await full(listed)
    await join(listed)
    with pytest.raises(asyncpg.CheckViolationError, match="waits_offer_has_a_place"):
        await listed.probe.rows("UPDATE waits SET status = 'offered'")
