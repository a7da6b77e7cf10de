"""Policies say how days are released, and plans open their sessions: once, whoever looks."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis import clock
from chassis.timers import Due
from contracts.booking_entries import BookingPolicy
from contracts.catalogue import EntryPublished
from contracts.ids import EntryId, MallId, PersonId, PolicyCode, ServiceCode, ServiceDayId
from services.booking.domain.announcing import NewDay, announced
from services.booking.domain.day import DayKey
from services.booking.domain.offer import Mall
from services.booking.domain.policy import BUILT_IN, Policy, PolicyKey
from services.booking.queries.plans import Plans
from tests.services.booking.conftest import (
    MALL,
    SERVICE_CODE,
    Booking,
    agency_entry,
    calendar_entry,
    mall_entry,
)

# A Monday, 07:00 on the wall of the mall, which is nine hours ahead.
NOW = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
SECRET = b"k" * 32
FIRST_COME = {
    "mode": "first_come",
    "days_before": 7,
    "at": "07:00:00",
    "room_minutes": 10,
    "spread_seconds": 60,
}
STAGGERED = {
    "mode": "staggered",
    "parts": [
        {"days_before": 7, "at": "07:00:00", "percent": 40},
        {"days_before": 7, "at": "12:00:00", "percent": 30},
        {"days_before": 6, "at": "19:00:00", "percent": 25},
    ],
}
LOTTERY = {
    "mode": "lottery",
    "opens_days_before": 14,
    "closes": {"days_before": 8, "at": "20:00:00"},
    "confirm_hours": 24,
}


def policy(release: dict[str, Any], **changes: Any) -> BookingPolicy:
    body = BUILT_IN.model_dump(mode="json") | {"code": "uji", "release": release, **changes}
    return BookingPolicy.model_validate(body)


@pytest.mark.parametrize(
    "zone, hours", [("Asia/Jakarta", 7), ("Asia/Makassar", 8), ("Asia/Jayapura", 9)]
)
@pytest.mark.parametrize(
    "release, opens, closes, spread_s, parts",
    [
        ({"mode": "open"}, None, None, None, []),
        (FIRST_COME, (2, 7), None, 60, []),
        (FIRST_COME | {"room_minutes": 0}, (2, 7), None, 0, []),
        (STAGGERED, (2, 7), None, None, [((2, 7), 40), ((2, 12), 30), ((3, 19), 30)]),
        (LOTTERY, (-5, 0), (1, 20), None, []),
    ],
)
def test_what_a_policy_makes_of_monday_the_ninth_of_march(
    zone: str,
    hours: int,
    release: dict[str, Any],
    opens: tuple[int, int] | None,
    closes: tuple[int, int] | None,
    spread_s: int | None,
    parts: list[tuple[tuple[int, int], int]],
) -> None:
    def at(moment: tuple[int, int] | None) -> datetime | None:
        if moment is None:
            return None
        day, hour = moment
        midnight = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day - 1)
        return midnight + timedelta(hours=hour - hours)

    mall = Mall(MallId(MALL), zone, ())
    key = DayKey(mall.id, ServiceCode(SERVICE_CODE), date(2026, 3, 9))
    ruled = Policy(PolicyKey("uji", 3), 3, policy(release))
    fact = announced(NewDay(ServiceDayId.new(), "0" * 64, 250), key, mall, ruled)
    assert (fact.policy, fact.policy_version) == (PolicyCode("uji"), 3)
    assert (fact.mode, fact.most) == (release["mode"], 250)
    assert (fact.opens_at, fact.closes_at) == (at(opens), at(closes))
    assert fact.spread_s == spread_s
    assert [(one.at, one.percent) for one in fact.parts] == [(at(w), p) for w, p in parts]
    assert (fact.seed_digest is None) == (release["mode"] == "open")


@pytest.fixture
def wall(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "clock"
    clock.set_file(file, NOW)
    clock.follow(file)
    yield file
    clock.follow(None)


async def _told(booking: Booking, *entries: EntryPublished) -> None:
    arrivals = [booking.probe.arrival(entry, version=entry.revision) for entry in entries]
    await booking.probe.deliver("booking.catalogue", *arrivals)


def _entry(kind: str, code: str, body: dict[str, Any], revision: int = 1) -> EntryPublished:
    return EntryPublished(
        entry_id=EntryId.of(kind, code),
        kind=kind,
        code=code,
        revision=revision,
        body=body | {"revision": revision, "code": code},
    )


def plan(revision: int = 1, places: int = 20, **changes: Any) -> EntryPublished:
    body = {
        "mall": MALL,
        "service": SERVICE_CODE,
        "valid_from": "2026-01-01",
        "days_ahead": 3,
        "week": [
            {
                "days": ["mon", "tue", "wed"],
                "most": 30,
                "sessions": [
                    {"starts_at": "08:00:00", "ends_at": "10:00:00", "places": places},
                    {"starts_at": "10:00:00", "ends_at": "12:00:00", "places": places},
                    {"starts_at": "14:00:00", "ends_at": "16:00:00", "places": places},
                ],
            }
        ],
        **changes,
    }
    return _entry("session_plan", f"{MALL}.duk-ktp", body, revision)


def calendar(*holidays: str) -> EntryPublished:
    return calendar_entry(2026, *holidays)


def ruled_mall(code: str) -> EntryPublished:
    entry = mall_entry()
    body = entry.body | {"booking_policy": code, "revision": 2}
    return entry.model_copy(update={"body": body, "revision": 2})


async def _sessions(booking: Booking) -> list[tuple[date, str, int]]:
    rows = await booking.probe.rows(
        "SELECT service_date, to_char(starts_at AT TIME ZONE 'Asia/Jayapura', 'HH24:MI') AS at, "
        "capacity FROM sessions ORDER BY starts_at"
    )
    return [(row["service_date"], row["at"], row["capacity"]) for row in rows]


async def _looked(booking: Booking, now: datetime = NOW) -> None:
    await booking.probe.running.timers.look(now)


async def _due(booking: Booking, found: Plans) -> list[Due]:
    async with booking.probe.running.database.transaction() as tx:
        return list(await found.due(tx, NOW, 200))


async def test_a_plan_opens_what_lies_in_the_opening_hours_of_the_next_days(
    booking: Booking, wall: Path
) -> None:
    assert clock.is_set(), wall
    await _told(booking, agency_entry(), calendar("2026-03-03"), plan())
    await _looked(booking)
    # The mall closes at 15:00, Tuesday is a holiday, and the plan has no Thursday.
    wednesday = TODAY + timedelta(days=2)
    wanted = [(day, at, 20) for day in (TODAY, wednesday) for at in ("08:00", "10:00")]
    assert await _sessions(booking) == wanted
    days = await booking.probe.rows("SELECT service_date, most, policy_version FROM days")
    assert {(row["service_date"], row["most"]) for row in days} == {(TODAY, 30), (wednesday, 30)}


async def test_many_who_look_open_each_session_once(booking: Booking) -> None:
    await _told(booking, agency_entry(), calendar(), plan())
    database = booking.probe.running.database
    found = [await _due(booking, Plans(database, SECRET)) for _ in range(4)]
    assert {len(due) for due in found} == {3}
    dispatch = booking.probe.running.dispatch_due
    await asyncio.gather(*(dispatch(one.command) for due in found for one in due))
    assert len(await _sessions(booking)) == 6
    facts = await booking.probe.facts()
    assert sum(".session_opened." in fact["type"] for fact in facts) == 6
    assert sum(".day_announced." in fact["type"] for fact in facts) == 3


async def test_a_later_revision_leaves_what_is_open_and_adds_what_is_new(
    booking: Booking, wall: Path
) -> None:
    assert clock.is_set(), wall
    await _told(booking, agency_entry(), calendar(), plan(days_ahead=1))
    await _looked(booking)
    before = await _sessions(booking)
    await _told(booking, plan(revision=2, places=5, days_ahead=2))
    await _looked(booking)
    after = await _sessions(booking)
    assert [one for one in after if one[0] < TODAY + timedelta(days=2)] == before
    assert [one[2] for one in after[len(before) :]] == [5, 5]


async def test_a_process_asks_once_in_a_while_and_again_when_a_plan_changes(
    booking: Booking,
) -> None:
    await _told(booking, agency_entry(), calendar(), plan())
    plans = Plans(booking.probe.running.database, SECRET)
    assert len(await _due(booking, plans)) == 3
    assert await _due(booking, plans) == []
    await _told(booking, plan(revision=2))
    assert len(await _due(booking, plans)) == 3


async def test_a_day_goes_by_the_policy_of_its_mall(booking: Booking, wall: Path) -> None:
    body = policy(FIRST_COME | {"days_before": 0, "at": "07:30:00"}).model_dump(mode="json")
    await _told(booking, _entry("booking_policy", "uji", body), ruled_mall("uji"), calendar())
    session = await booking.opened(
        2, starts_at=f"{TODAY}T08:00:00+09:00", ends_at=f"{TODAY}T10:00:00+09:00"
    )
    opens_at = NOW + timedelta(minutes=30)
    answer = await booking.book(session)
    assert answer.json()["code"] == "not_released_yet"
    query = {"mall": MALL, "service": SERVICE_CODE, "from": str(TODAY), "to": str(TODAY)}
    (shown,) = (await booking.probe.client.get("/v1/releases", params=query)).json()
    assert (shown["policy"], shown["policy_version"], shown["spread_s"]) == ("uji", 1, 60)
    assert datetime.fromisoformat(shown["opens_at"]) == opens_at
    path, person = f"/v1/releases/{shown['day_id']}/enter", {"person_id": str(PersonId.new())}
    # The room opens ten minutes before.
    clock.set_file(wall, opens_at - timedelta(minutes=10, microseconds=1))
    assert (await booking.post(path, person)).json()["code"] == "no_room_now"
    clock.set_file(wall, opens_at - timedelta(minutes=10))
    assert (await booking.post(path, person)).status_code == 200


async def test_where_a_nik_is_asked_for_turns_are_drawn_for_it(
    booking: Booking, wall: Path
) -> None:
    release = FIRST_COME | {"days_before": 0, "at": "07:01:00"}
    body = policy(release, identity="required").model_dump(mode="json")
    await _told(booking, _entry("booking_policy", "uji", body), ruled_mall("uji"), calendar())
    await booking.opened(2, starts_at=f"{TODAY}T08:00:00+09:00", ends_at=f"{TODAY}T10:00:00+09:00")
    (day,) = await booking.probe.rows("SELECT id::text AS id FROM days")
    path, nik = f"/v1/releases/{day['id']}/enter", "9901010101900001"

    async def entered(person: PersonId, nik: str | None, held: str | None = None) -> Any:
        headers = {"Room-Pass": held} if held else {}
        return await booking.post(path, {"person_id": str(person), "nik": nik}, headers=headers)

    persons = [PersonId.new() for _ in range(3)]
    assert (await entered(persons[0], None)).json()["code"] == "identity_needed"
    assert (await entered(persons[0], "1234")).json()["code"] == "nik_impossible"
    passes = [(await entered(person, nik)).json()["room_pass"] for person in persons]
    clock.set_file(wall, NOW + timedelta(minutes=1))
    turns = {
        (await entered(person, nik, held)).json()["turn_at"]
        for person, held in zip(persons, passes, strict=True)
    }
    assert len(turns) == 1
    other = await entered(persons[0], "9901010101900002", passes[0])
    assert other.json()["code"] == "pass_not_genuine"
