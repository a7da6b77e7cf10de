"""Closures and special openings: nobody is booked and unlisted, everybody is told once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from chassis import clock, testing
from chassis.decide import Submission, decide
from chassis.eventlog import Cause
from chassis.testing import Probe
from contracts.ids import Actor, ClosureId, MallId, PersonId, ServiceCode, ServiceDayId, SessionId
from services.booking.commands.closures import DeclareClosure, SweepClosure
from services.booking.commands.sessions import OpenSession
from services.booking.wiring import DOMAIN, SERVICE
from tests.services.booking.conftest import (
    MALL,
    SERVICE_CODE,
    Booking,
    Fresh,
    calendar_entry,
    local_now,
    mall_entry,
    service_entry,
)

pytestmark = pytest.mark.integration

ZONE = ZoneInfo("Asia/Jayapura")
TOMORROW = local_now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def at(hour: float) -> str:
    return (TOMORROW + timedelta(hours=hour)).isoformat()


def supervisor(probe: Probe, mall: str = MALL) -> dict[str, str]:
    return probe.bearer("kepala-1", "officer", "supervisor", mall=mall)


async def session(booking: Booking, start: float, end: float, capacity: int = 5) -> str:
    return await booking.opened(capacity, starts_at=at(start), ends_at=at(end))


async def declare(
    booking: Booking, start: float, end: float, kind: str = "closure", **changes: Any
) -> Any:
    body = {
        "kind": kind,
        "mall": MALL,
        "from_at": at(start),
        "until_at": at(end),
        "reason": "system_outage",
        **changes,
    }
    return await booking.post("/v1/closures", body, headers=supervisor(booking.probe))


async def closed(booking: Booking, start: float, end: float, **changes: Any) -> str:
    answer = await declare(booking, start, end, **changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["closure_id"])


async def lift(booking: Booking, closure_id: str) -> Any:
    path = f"/v1/closures/{closure_id}/lift"
    return await booking.post(path, {"reason": "is_back"}, headers=supervisor(booking.probe))


async def conflicts(booking: Booking, closure_id: str) -> list[Any]:
    found: list[Any] = []
    while True:
        after = {"after": found[-1]["appointment_id"]} if found else {}
        answer = await booking.probe.client.get(
            f"/v1/closures/{closure_id}/conflicts",
            params={"limit": 50, **after},
            headers=booking.officer,
        )
        assert answer.status_code == 200, answer.text
        if not answer.json():
            return found
        found += answer.json()


async def told(booking: Booking, closure_id: str) -> Counter[str]:
    """How often each appointment's holder was told of this closure."""
    return Counter(
        fact["payload"]["appointment_id"]
        for fact in await facts(booking, "appointment_disturbed")
        if fact["payload"]["closure_id"] == closure_id
    )


async def facts(booking: Booking, name: str) -> list[Any]:
    wanted = f"booking.{name}.v1"
    return [fact for fact in await booking.probe.facts() if fact["type"] == wanted]


async def code_of(booking: Booking, session_id: str) -> str:
    answer = await booking.book(session_id)
    return str(answer.json().get("code", "booked"))


async def free(booking: Booking) -> dict[str, int]:
    day = TOMORROW.date().isoformat()
    where = {"mall": MALL, "service": SERVICE_CODE, "date": day}
    answer = await booking.probe.client.get("/v1/sessions", params=where)
    return {one["session_id"]: one["free"] for one in answer.json()}


async def due(booking: Booking) -> int:
    rows = await booking.probe.rows("SELECT FROM closures WHERE due_at IS NOT NULL")
    return len(rows)


@pytest.fixture
async def pair(fresh_database: Fresh, tmp_path: Path) -> AsyncIterator[tuple[Booking, Booking]]:
    """Two processes on one database."""
    key_file = tmp_path / "code-key"
    key_file.write_bytes(b"k" * 32)
    addresses = await fresh_database("booking")
    async with (
        testing.running(SERVICE, addresses, code_key_file=key_file) as one,
        testing.running(SERVICE, addresses, code_key_file=key_file) as other,
    ):
        await one.deliver(
            "booking.catalogue", one.arrival(mall_entry()), one.arrival(service_entry())
        )
        yield Booking(one), Booking(other)


async def test_what_a_closure_touches_is_closed_as_a_whole_and_nothing_else(
    booking: Booking,
) -> None:
    before, partly, within, after = [
        await session(booking, *span) for span in ((8, 10), (9, 11), (10, 11), (12, 13))
    ]
    await closed(booking, 10, 12)
    assert await free(booking) == {before: 5, partly: 0, within: 0, after: 5}
    codes = [await code_of(booking, one) for one in (before, partly, within, after)]
    assert codes == ["booked", "session_closed", "session_closed", "booked"]


async def test_everybody_is_told_once_and_the_list_says_so(booking: Booking) -> None:
    hit, spared = await session(booking, 8, 10), await session(booking, 13, 15)
    places = [(await booking.book(hit)).json() for _ in range(3)]
    await booking.book(spared)
    gone = (await booking.book(hit)).json()
    closure_id = await closed(booking, 8, 12)
    await booking.act(gone, "cancel")
    wanted = {one["appointment_id"] for one in places}
    listed = await conflicts(booking, closure_id)
    assert {one["appointment_id"] for one in listed} == wanted
    assert not any(one["told"] for one in listed)

    for _ in range(3):
        await booking.probe.time_comes(clock.now())
    assert await told(booking, closure_id) == dict.fromkeys(wanted, 1)
    listed = await conflicts(booking, closure_id)
    assert all(one["told"] and one["disturbed"] for one in listed)
    (swept,) = await facts(booking, "closure_swept")
    assert (swept["payload"]["sessions"], swept["payload"]["appointments"]) == (1, 3)
    assert await due(booking) == 0
    (fact,) = [
        fact
        for fact in await facts(booking, "appointment_disturbed")
        if fact["payload"]["appointment_id"] == places[0]["appointment_id"]
    ]
    assert fact["payload"]["reason"] == "system_outage"
    # A place that was given up after the notice is disturbed no more, but stays on the list.
    await booking.act(places[0], "cancel")
    listed = await conflicts(booking, closure_id)
    assert [one["disturbed"] for one in listed if one["status"] == "cancelled"] == [False]


async def test_100_bookings_against_a_closure_are_refused_or_listed_and_told(
    pair: tuple[Booking, Booking],
) -> None:
    one, other = pair
    sessions = [await session(one, 8 + number, 9 + number, 50) for number in range(2)]
    tries = [pair[turn % 2].book(sessions[turn // 2 % 2], key=uuid4().hex) for turn in range(100)]
    answers, closure = await asyncio.gather(
        asyncio.gather(*tries[:60], *tries[60:]), declare(other, 8, 10)
    )
    assert closure.status_code == 201, closure.text
    found = Counter(answer.json().get("code", "booked") for answer in answers)
    assert set(found) <= {"booked", "session_closed"}
    booked = {one.json()["appointment_id"] for one in answers if one.status_code == 201}
    closure_id = closure.json()["closure_id"]
    assert {one["appointment_id"] for one in await conflicts(one, closure_id)} == booked
    await asyncio.gather(one.probe.time_comes(clock.now()), other.probe.time_comes(clock.now()))
    assert await told(one, closure_id) == dict.fromkeys(booked, 1)
    assert [await code_of(each, sessions[0]) for each in pair] == ["session_closed"] * 2


async def test_a_session_is_never_opened_beside_the_closure_that_covers_it(
    pair: tuple[Booking, Booking],
) -> None:
    one, other = pair
    spans = [(hour / 4, hour / 4 + 0.25) for hour in range(32, 48)]
    body = {"mall": MALL, "service": SERVICE_CODE, "capacity": 1}
    opening = [
        pair[turn % 2].post(
            "/v1/sessions",
            {**body, "starts_at": at(start), "ends_at": at(end)},
            headers=pair[turn % 2].officer,
        )
        for turn, (start, end) in enumerate(spans)
    ]
    *answers, closure = await asyncio.gather(*opening, declare(other, 8, 12))
    assert closure.status_code == 201
    assert {answer.json().get("code") for answer in answers} <= {None, "service_closed"}
    rows = await one.probe.rows("SELECT count(*) FROM sessions WHERE closed_by IS NULL")
    assert rows[0]["count"] == 0


async def waiting_for_a_lock(probe: Probe) -> None:
    """Until somebody waits for a row that another transaction holds."""
    asked = """
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    async with asyncio.timeout(20):
        while not await probe.rows(asked):  # noqa: ASYNC110 - the server tells no event
            await asyncio.sleep(0.02)


async def test_opening_waits_for_a_closure_that_is_being_declared(
    pair: tuple[Booking, Booking],
) -> None:
    one, other = pair
    command = DeclareClosure(
        actor=Actor("officer:kepala-1"),
        at=clock.now(),
        key="closing-first",
        closure_id=ClosureId.new(),
        kind="closure",
        mall=MallId(MALL),
        agency=None,
        service=None,
        from_at=TOMORROW + timedelta(hours=8),
        until_at=TOMORROW + timedelta(hours=12),
        reason="drill",
        staff_mall=None,
    )
    body = {"mall": MALL, "service": SERVICE_CODE, "capacity": 1}
    span = {"starts_at": at(9), "ends_at": at(10)}
    async with one.probe.running.database.transaction() as tx:
        await decide(DOMAIN, tx, [Submission(command, Cause("test"))])
        opening = asyncio.create_task(
            other.post("/v1/sessions", {**body, **span}, headers=other.officer)
        )
        await waiting_for_a_lock(one.probe)
    assert (await opening).json()["code"] == "service_closed"


async def test_a_closure_waits_for_a_session_that_is_being_opened(
    pair: tuple[Booking, Booking],
) -> None:
    one, other = pair
    command = OpenSession(
        seed_digest="0" * 64,
        actor=Actor("officer:budi"),
        at=clock.now(),
        key="opening-first",
        session_id=SessionId.new(),
        day_id=ServiceDayId.new(),
        mall=MallId(MALL),
        service=ServiceCode(SERVICE_CODE),
        starts_at=TOMORROW + timedelta(hours=9),
        ends_at=TOMORROW + timedelta(hours=10),
        capacity=1,
        staff_mall=None,
    )
    async with one.probe.running.database.transaction() as tx:
        await decide(DOMAIN, tx, [Submission(command, Cause("test"))])
        closing = asyncio.create_task(declare(other, 8, 12))
        await waiting_for_a_lock(one.probe)
    assert (await closing).json()["sessions"] == 1
    assert await code_of(one, str(command.session_id)) == "session_closed"


async def test_two_processes_sweep_450_people_and_tell_each_once(
    pair: tuple[Booking, Booking],
) -> None:
    one, other = pair
    hit = [await session(one, 8, 9, 300), await session(one, 9, 10, 300)]
    places = await asyncio.gather(*(one.book(hit[turn % 2]) for turn in range(450)))
    closure_id = await closed(one, 8, 10)
    for _ in range(5):
        looks = [each.probe.time_comes(clock.now()) for each in (one, other, one, other)]
        await asyncio.gather(*looks)
    wanted = {place.json()["appointment_id"] for place in places}
    assert len(wanted) == 450
    assert await told(one, closure_id) == dict.fromkeys(wanted, 1)
    (swept,) = await facts(one, "closure_swept")
    assert swept["payload"]["appointments"] == 450
    assert await due(one) == 0


async def test_a_sweep_begins_where_it_was_broken_off_and_a_lifted_closure_tells_nobody_else(
    booking: Booking,
) -> None:
    hit = await session(booking, 8, 10, 500)
    await asyncio.gather(*(booking.book(hit) for _ in range(250)))
    closure_id = await closed(booking, 8, 10)
    await booking.probe.time_comes(clock.now())  # one set of 200
    assert len(await told(booking, closure_id)) == 200
    assert (await lift(booking, closure_id)).json()["sessions"] == 1
    await booking.probe.time_comes(clock.now())
    assert set((await told(booking, closure_id)).values()) == {1}
    assert len(await told(booking, closure_id)) == 200
    assert await code_of(booking, hit) == "booked"
    late = SweepClosure(
        actor=Actor("system:booking"), at=clock.now(), key="late", closure_id=ClosureId(closure_id)
    )
    await booking.probe.running.dispatch_due(late)
    assert await facts(booking, "closure_swept") == []
    assert (await lift(booking, closure_id)).json()["code"] == "lifted_already"
    assert {one["disturbed"] for one in await conflicts(booking, closure_id)} == {False}


async def test_a_closure_lifted_while_two_processes_sweep_it_tells_nobody_twice(
    pair: tuple[Booking, Booking],
) -> None:
    one, other = pair
    hit = await session(one, 8, 10, 500)
    await asyncio.gather(*(one.book(hit) for _ in range(420)))
    closure_id = await closed(one, 8, 10)
    looks = [each.probe.time_comes(clock.now()) for each in (one, other)]
    *_, lifted = await asyncio.gather(*looks, lift(other, closure_id))
    assert lifted.status_code == 200
    found = await told(one, closure_id)
    await one.probe.time_comes(clock.now())
    assert await told(one, closure_id) == found
    assert set(found.values()) <= {1}
    assert await due(one) == 0


async def test_who_lifts_one_of_two_closures_leaves_what_the_other_closes(
    booking: Booking,
) -> None:
    both, first_only = await session(booking, 9, 10), await session(booking, 8, 9)
    place = (await booking.book(both)).json()["appointment_id"]
    first = await closed(booking, 8, 10)
    second = await closed(booking, 9, 11, reason="no_power")
    await booking.probe.time_comes(clock.now())
    assert await told(booking, first) == {place: 1}
    assert await told(booking, second) == {}  # it was closed already, and told why
    assert (await lift(booking, first)).json()["sessions"] == 2
    assert await free(booking) == {both: 0, first_only: 5}
    await booking.probe.time_comes(clock.now())
    assert await told(booking, second) == {place: 1}
    await lift(booking, second)
    assert await free(booking) == {both: 4, first_only: 5}


async def test_the_later_of_two_rulings_holds(booking: Booking) -> None:
    hit = await session(booking, 9, 10)
    closure_id = await closed(booking, 8, 12)
    refused = await booking.post(
        "/v1/sessions",
        {
            "mall": MALL,
            "service": SERVICE_CODE,
            "capacity": 1,
            "starts_at": at(10),
            "ends_at": at(11),
        },
        headers=booking.officer,
    )
    assert refused.json()["code"] == "service_closed"
    opening = await closed(booking, 9, 11, kind="special_opening", reason="extra_day")
    assert await code_of(booking, hit) == "booked"
    inside = await session(booking, 10, 11)
    assert await code_of(booking, inside) == "booked"
    await lift(booking, opening)
    assert await free(booking) == {hit: 0, inside: 0}
    await booking.probe.time_comes(clock.now())
    assert sum((await told(booking, closure_id)).values()) == 2


async def test_a_closure_of_one_agency_or_service_leaves_the_others_open(
    booking: Booking,
) -> None:
    probe = booking.probe
    malls = mall_entry(agencies=("dukcapil", "bpjs"))
    body = {**malls.body, "revision": 2}
    newer = malls.model_copy(update={"revision": 2, "body": body})
    other = service_entry("BPJ-KES", "bpjs")
    await probe.deliver("booking.catalogue", probe.arrival(newer, version=2), probe.arrival(other))
    own = await session(booking, 8, 10)
    foreign = await booking.opened(5, starts_at=at(8), ends_at=at(10), service="BPJ-KES")
    by_agency = await closed(booking, 8, 10, agency="bpjs")
    assert [await code_of(booking, one) for one in (own, foreign)] == ["booked", "session_closed"]
    await lift(booking, by_agency)
    await closed(booking, 8, 10, service=SERVICE_CODE)
    assert [await code_of(booking, one) for one in (own, foreign)] == ["session_closed", "booked"]


async def test_the_database_itself_takes_nobody_into_a_closed_session(booking: Booking) -> None:
    hit = await session(booking, 8, 10)
    place = (await booking.book(hit)).json()
    await closed(booking, 8, 10)
    more = """
        UPDATE sessions SET booked = booked + 1, taken_online = taken_online + 1
        WHERE id = $1::uuid
    """
    with pytest.raises(asyncpg.CheckViolationError, match="closed"):
        await booking.probe.rows(more, hit)
    assert (await booking.act(place, "cancel")).status_code == 200


async def test_a_hold_under_a_closure_is_not_told_and_cannot_be_confirmed(
    booking: Booking,
) -> None:
    hit = await session(booking, 8, 10)
    body = {"session_id": hit, "person_id": str(PersonId.new())}
    place = (await booking.post("/v1/holds", body)).json()
    closure_id = await closed(booking, 8, 10)
    assert (await booking.act(place, "confirm")).json()["code"] == "session_closed"
    await booking.probe.time_comes(clock.now())
    assert await told(booking, closure_id) == {}
    await lift(booking, closure_id)
    assert (await booking.act(place, "confirm")).status_code == 200


async def test_a_holder_sees_whether_the_session_is_closed_at_present(booking: Booking) -> None:
    place = (await booking.book(await session(booking, 8, 10))).json()
    path = f"/v1/appointments/{place['appointment_id']}"
    proof = {"Booking-Code": place["booking_code"]}

    async def disturbed() -> bool:
        return bool((await booking.probe.client.get(path, headers=proof)).json()["disturbed"])

    assert not await disturbed()
    closure_id = await closed(booking, 8, 10)
    assert await disturbed()
    await booking.probe.time_comes(clock.now())
    await lift(booking, closure_id)
    assert not await disturbed()


async def test_who_moved_away_before_the_notice_gets_none(booking: Booking) -> None:
    hit, spared = await session(booking, 8, 10), await session(booking, 13, 15)
    place, stays = [(await booking.book(hit)).json() for _ in range(2)]
    closure_id = await closed(booking, 8, 10)
    proof = {"Booking-Code": place["booking_code"]}
    path = f"/v1/appointments/{place['appointment_id']}/move"
    assert (await booking.post(path, {"session_id": spared}, headers=proof)).status_code == 200
    await booking.probe.time_comes(clock.now())
    assert await told(booking, closure_id) == {stays["appointment_id"]: 1}
    # Nobody can be moved into what is closed.
    proof = {"Booking-Code": place["booking_code"]}
    back = await booking.post(path, {"session_id": hit}, headers=proof)
    assert back.json()["code"] == "session_closed"


async def test_what_was_known_of_opening_hours_cannot_be_changed(booking: Booking) -> None:
    for statement in ("UPDATE hours SET opens_at = '07:00'", "DELETE FROM hours"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await booking.probe.rows(statement)


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"until_at": at(7)}, "closure_times_impossible"),
        ({"from_at": at(-72)}, "closure_times_impossible"),
        ({"until_at": at(24 * 400)}, "closure_times_impossible"),
        ({"mall": "mpp-lain"}, "not_yours"),
        ({"agency": "kua"}, "agency_not_in_mall"),
        ({"service": "KUA-NKH"}, "service_unknown"),
        ({"agency": "kua", "service": "KUA-NKH"}, "invalid_fields"),
        ({"kind": "strike"}, "invalid_fields"),
    ],
)
async def test_a_wrong_closure_is_refused_by_name(
    booking: Booking, changes: dict[str, str], code: str
) -> None:
    answer = await declare(booking, 8, 10, **changes)
    assert answer.json()["code"] == code
    assert await facts(booking, "closure_declared") == []


async def test_only_supervisors_declare_and_only_of_their_own_mall(booking: Booking) -> None:
    closure_id = await closed(booking, 8, 10)
    for headers, status in ((booking.officer, 403), ({}, 401)):
        body = {"reason": "is_back"}
        answer = await booking.post(f"/v1/closures/{closure_id}/lift", body, headers=headers)
        assert answer.status_code == status
    foreign = supervisor(booking.probe, "mpp-lain")
    answer = await booking.post(
        f"/v1/closures/{closure_id}/lift", {"reason": "is_back"}, headers=foreign
    )
    assert answer.json()["code"] == "not_yours"
    path = f"/v1/closures/{closure_id}/conflicts"
    assert (await booking.probe.client.get(path, headers=foreign)).status_code == 404
    assert (await lift(booking, str(ClosureId.new()))).json()["code"] == "closure_unknown"


async def test_too_many_sessions_are_refused_and_none_is_closed(
    booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.booking.domain.closure.MOST_SESSIONS", 2)
    for number in range(3):
        await session(booking, 8 + number, 9 + number)
    assert (await declare(booking, 8, 11)).json()["code"] == "closure_too_wide"
    assert set((await free(booking)).values()) == {5}
    assert (await declare(booking, 8, 10)).status_code == 201


async def test_a_repeated_closure_is_one_closure(booking: Booking) -> None:
    await session(booking, 8, 10)
    body = {
        "kind": "closure",
        "mall": MALL,
        "from_at": at(8),
        "until_at": at(10),
        "reason": "system_outage",
    }
    headers = supervisor(booking.probe)
    answers = await asyncio.gather(
        *(booking.post("/v1/closures", body, key="one-closure", headers=headers) for _ in range(9))
    )
    assert len({answer.text for answer in answers}) == 1
    assert len(await facts(booking, "closure_declared")) == 1


async def test_hours_say_why_and_since_when(booking: Booking) -> None:
    probe, holiday = booking.probe, TOMORROW.date()
    calendar = calendar_entry(holiday.year, holiday.isoformat())
    await probe.deliver("booking.catalogue", probe.arrival(calendar))
    assert [(one["open"], one["why"], one["holiday"]) for one in await hours(booking, holiday)] == [
        (False, "holiday", "Hari Uji")
    ]
    opening = await closed(booking, 9, 12, kind="special_opening", reason="extra_day")
    before = clock.now()
    closure = await closed(booking, 10, 11, reason="no_power")
    shown = [(one["open"], one["why"], one["closure_id"]) for one in await hours(booking, holiday)]
    assert shown == [
        (False, "holiday", None),
        (True, "special_opening", opening),
        (False, "closure", closure),
        (True, "special_opening", opening),
        (False, "holiday", None),
    ]
    known = await hours(booking, holiday, as_of=before.isoformat())
    assert [one["why"] for one in known] == ["holiday", "special_opening", "holiday"]
    await lift(booking, opening)
    assert [one["why"] for one in await hours(booking, holiday)] == [
        "holiday",
        "closure",
        "holiday",
    ]
    listed = await probe.client.get(
        "/v1/closures", params={"mall": MALL, "from": at(0), "to": at(24)}
    )
    assert [(one["closure_id"], one["lifted_at"] is None) for one in listed.json()] == [
        (closure, True),
        (opening, False),
    ]


@pytest.mark.parametrize(
    "where, code",
    [
        ({"from": "2026-03-02", "to": "2026-03-01"}, "range_too_long"),
        ({"from": "2026-03-01", "to": "2026-04-01"}, "range_too_long"),
        ({"from": "2031-03-01", "to": "2031-03-02"}, "calendar_missing"),
        ({"mall": "mpp-lain", "from": "2026-03-01", "to": "2026-03-02"}, "mall_unknown"),
    ],
)
async def test_hours_that_nobody_knows_are_refused_by_name(
    booking: Booking, where: dict[str, str], code: str
) -> None:
    answer = await booking.probe.client.get("/v1/hours", params={"mall": MALL, **where})
    assert answer.json()["code"] == code


async def hours(booking: Booking, on: date, **more: str) -> list[Any]:
    where = {"mall": MALL, "from": on.isoformat(), "to": on.isoformat(), **more}
    answer = await booking.probe.client.get("/v1/hours", params=where)
    assert answer.status_code == 200, answer.text
    (day,) = answer.json()
    return list(day["stretches"])
