"""Releases: nothing before its time, nobody before their turn, nothing more than its part."""

import asyncio
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from chassis import clock
from chassis.decide import Outcome
from contracts.base import Command, Refused
from contracts.ids import Actor, AppointmentId, PersonId, ServiceDayId, SessionId
from services.booking.commands.appointments import BookAppointment
from services.booking.commands.releases import ReleasePart, RevealSeed
from services.booking.domain.release import Turn
from services.booking.domain.release_refusals import EnterFirst, NotYourTurn
from tests.services.booking.conftest import MALL, SERVICE_CODE, Booking

START = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
OPENS = START + timedelta(minutes=5)
DAY = date(2026, 3, 9)
MICRO = timedelta(microseconds=1)
SPREAD = 60


@dataclass
class Wall:
    """The clock that the service reads."""

    file: Path

    def set(self, instant: datetime) -> None:
        clock.set_file(self.file, instant)


@pytest.fixture
def wall(tmp_path: Path) -> Iterator[Wall]:
    found = Wall(tmp_path / "clock")
    found.set(START)
    clock.follow(found.file)
    yield found
    clock.follow(None)


def announcement(**changes: Any) -> dict[str, Any]:
    return {
        "mall": MALL,
        "service": SERVICE_CODE,
        "date": DAY.isoformat(),
        "mode": "first_come",
        "opens_at": OPENS.isoformat(),
        "spread_s": SPREAD,
        **changes,
    }


@dataclass
class Office:
    """What the office does about a day."""

    booking: Booking

    async def announced(self, **changes: Any) -> str:
        answer = await self.announce(**changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["day_id"])

    async def announce(self, **changes: Any) -> Any:
        headers = self.booking.probe.bearer("chief", "officer", "supervisor", mall=MALL)
        return await self.booking.post("/v1/releases", announcement(**changes), headers=headers)

    async def session(self, capacity: int = 10, hour: int = 8) -> str:
        return await self.booking.opened(
            capacity,
            starts_at=f"{DAY}T{hour:02}:00:00+09:00",
            ends_at=f"{DAY}T{hour + 1:02}:00:00+09:00",
        )

    async def entered(self, day: str, person: PersonId, held: str | None = None) -> Any:
        headers = {"Room-Pass": held} if held else {}
        path = f"/v1/releases/{day}/enter"
        return await self.booking.post(path, {"person_id": str(person)}, headers=headers)

    async def book(
        self, session: str, person: PersonId, held: str | None = None, key: str | None = None
    ) -> Any:
        body = {"session_id": session, "person_id": str(person)}
        headers = {"Room-Pass": held} if held else {}
        return await self.booking.post("/v1/appointments", body, key=key, headers=headers)

    async def dispatch(self, command: Command) -> Outcome:
        return await self.booking.probe.running.dispatch(command)

    async def released(self, session: str) -> tuple[int | None, int]:
        (row,) = await self.booking.probe.rows(
            "SELECT released, booked FROM sessions WHERE id = $1::uuid", session
        )
        return row["released"], row["booked"]


@pytest.fixture
def office(booking: Booking, wall: Wall) -> Office:
    assert wall.file.exists()
    return Office(booking)


def code_of(answer: Any) -> str:
    return str(answer.json()["code"])


async def test_nothing_before_the_opening_and_nobody_before_their_turn(
    office: Office, wall: Wall
) -> None:
    day, person = await office.announced(), PersonId.new()
    session = await office.session()
    wall.set(OPENS - MICRO)
    room = (await office.entered(day, person)).json()
    assert room["turn_at"] is None
    held, key = room["room_pass"], uuid4().hex
    assert code_of(await office.book(session, person, held, key)) == "not_released_yet"
    wall.set(OPENS)
    assert code_of(await office.book(session, person)) == "enter_first"
    turn_at = datetime.fromisoformat((await office.entered(day, person, held)).json()["turn_at"])
    assert OPENS <= turn_at < OPENS + timedelta(seconds=SPREAD)
    wall.set(max(OPENS, turn_at - MICRO))
    assert turn_at == OPENS or code_of(await office.book(session, person, held, key)) == (
        "not_your_turn"
    )
    wall.set(turn_at)
    # What came too early left nothing behind, so the same key may be asked again.
    answer = await office.book(session, person, held, key)
    assert answer.status_code == 201, answer.text
    (fact,) = [
        one for one in await office.booking.probe.facts() if "appointment_booked" in one["type"]
    ]
    assert datetime.fromisoformat(fact["payload"]["turn_at"]) == turn_at
    assert datetime.fromisoformat(fact["payload"]["entered_at"]) == OPENS - MICRO


async def test_who_comes_after_the_opening_stands_behind_until_the_room_ends(
    office: Office, wall: Wall
) -> None:
    day, late = await office.announced(), PersonId.new()
    session = await office.session()
    wall.set(OPENS + timedelta(seconds=10))
    room = (await office.entered(day, late)).json()
    turn_at = OPENS + timedelta(seconds=10 + SPREAD)
    assert datetime.fromisoformat(room["turn_at"]) == turn_at
    wall.set(turn_at - MICRO)
    assert code_of(await office.book(session, late, room["room_pass"])) == "not_your_turn"
    wall.set(OPENS + timedelta(seconds=2 * SPREAD))
    assert (await office.book(session, PersonId.new())).status_code == 201
    assert code_of(await office.entered(day, late)) == "no_room_now"


async def test_a_second_pass_of_the_same_person_draws_the_same_turn(
    office: Office, wall: Wall
) -> None:
    day, person = await office.announced(), PersonId.new()
    passes = []
    for second in range(3):
        wall.set(START + timedelta(seconds=second))
        passes.append((await office.entered(day, person)).json()["room_pass"])
    wall.set(OPENS)
    turns = {(await office.entered(day, person, held)).json()["turn_at"] for held in passes}
    assert len(set(passes)) == 3
    assert len(turns) == 1


async def test_a_pass_of_another_person_or_day_or_of_nobody_is_refused(
    office: Office, wall: Wall
) -> None:
    day, person, other = await office.announced(), PersonId.new(), PersonId.new()
    another = await office.announced(date=(DAY + timedelta(days=1)).isoformat())
    session = await office.session()
    mine = (await office.entered(day, person)).json()["room_pass"]
    elsewhere = (await office.entered(another, person)).json()["room_pass"]
    wall.set(OPENS + timedelta(seconds=SPREAD))
    forged = ("B" if mine[0] == "A" else "A") + mine[1:]
    for held, who in ((mine, other), (elsewhere, person), (forged, person), ("x", person)):
        answer = await office.book(session, who, held)
        assert (answer.status_code, code_of(answer)) == (403, "pass_not_genuine")
        assert code_of(await office.entered(day, who, held)) == "pass_not_genuine"
    assert (await office.book(session, person, mine)).status_code == 201


@pytest.mark.parametrize("turn_in_s, refusal", [(None, EnterFirst), (30, NotYourTurn)])
async def test_the_decision_itself_refuses_too_whatever_the_door_let_through(
    office: Office, wall: Wall, turn_in_s: int | None, refusal: type[Refused]
) -> None:
    await office.announced()
    session = await office.session()
    wall.set(OPENS + timedelta(seconds=1))
    turn = None if turn_in_s is None else Turn(START, OPENS + timedelta(seconds=turn_in_s))
    person = PersonId.new()
    command = BookAppointment(
        actor=Actor(f"citizen:{person}"),
        at=clock.now(),
        key=uuid4().hex,
        appointment_id=AppointmentId.new(),
        session_id=SessionId(session),
        person_id=person,
        turn=turn,
    )
    with pytest.raises(refusal):
        await office.dispatch(command)
    assert await office.released(session) == (None, 0)


async def test_the_seed_is_announced_by_its_digest_and_revealed_once_turns_are_fixed(
    office: Office, wall: Wall
) -> None:
    day, person = await office.announced(), PersonId.new()
    session = await office.session()
    shown = (await office.booking.probe.client.get(f"/v1/releases/{day}")).json()
    assert shown["seed"] is None
    room = (await office.entered(day, person)).json()
    timers = office.booking.probe.running.timers
    wall.set(OPENS + timedelta(seconds=SPREAD))
    assert (await office.book(session, person, room["room_pass"])).status_code == 201
    await timers.look(OPENS - MICRO)
    assert not await _facts(office, "seed_revealed")
    await asyncio.gather(timers.look(OPENS), timers.look(OPENS))
    await timers.look(OPENS + timedelta(hours=1))
    (revealed,) = await _facts(office, "seed_revealed")
    seed = bytes.fromhex(revealed["payload"]["seed"])
    assert hashlib.sha256(seed).hexdigest() == shown["seed_digest"]
    shown = (await office.booking.probe.client.get(f"/v1/releases/{day}")).json()
    assert (shown["seed"], shown["next_at"]) == (seed.hex(), None)
    # Anybody recomputes the turn, with nothing but facts.
    (booked,) = await _facts(office, "appointment_booked")
    holder = hashlib.sha256(b"loket room holder v1\0" + person.bytes).digest()[:16]
    chance = int.from_bytes(hmac.digest(seed, b"loket turn v1\0" + holder, "sha256")[:8], "big")
    turn_at = OPENS + timedelta(milliseconds=SPREAD * 1000 * chance >> 64)
    assert datetime.fromisoformat(booked["payload"]["turn_at"]) == turn_at


async def test_no_seed_before_its_time_and_no_other_seed(office: Office, wall: Wall) -> None:
    day = ServiceDayId(await office.announced())
    wall.set(OPENS)
    for at, code in ((OPENS - MICRO, "not_due_yet"), (OPENS, "seed_lost")):
        command = RevealSeed(
            actor=Actor("system:booking"), at=at, key=uuid4().hex, day_id=day, seed="0" * 64
        )
        with pytest.raises(Refused) as refused:
            await office.dispatch(command)
        assert refused.value.code == code
    assert not await _facts(office, "seed_revealed")


def parts(*percents: int) -> list[dict[str, Any]]:
    return [
        {"at": (OPENS + timedelta(hours=number)).isoformat(), "percent": percent}
        for number, percent in enumerate(percents)
    ]


async def _staggered(office: Office) -> str:
    return await office.announced(mode="staggered", spread_s=0, parts=parts(40, 30, 30))


async def test_parts_are_released_in_time_once_and_never_more(office: Office, wall: Wall) -> None:
    await _staggered(office)
    ten, seven = await office.session(10), await office.session(7, hour=9)
    answer = await office.book(ten, PersonId.new())
    assert code_of(answer) == "not_released_yet"
    assert datetime.fromisoformat(answer.json()["details"]["opens_at"]) == OPENS
    timers = office.booking.probe.running.timers
    wanted = [(0, 0), (4, 2), (7, 4), (None, None)]
    assert [(await office.released(one))[0] for one in (ten, seven)] == [0, 0]
    for step in range(3):
        due = OPENS + timedelta(hours=step)
        await timers.look(due - MICRO)
        assert [(await office.released(one))[0] for one in (ten, seven)] == list(wanted[step])
        await asyncio.gather(timers.look(due), timers.look(due))
        await timers.look(due + timedelta(minutes=1))
        assert [(await office.released(one))[0] for one in (ten, seven)] == list(wanted[step + 1])
    released = await _facts(office, "places_released")
    assert sorted(one["payload"]["part"] for one in released) == [1, 1, 2, 2, 3, 3]
    assert sorted(one["version"] for one in released) == [2, 2, 3, 3, 4, 4]


async def test_places_of_the_next_part_cannot_be_had_by_anybody(office: Office, wall: Wall) -> None:
    await _staggered(office)
    session = await office.session(10)
    await office.booking.probe.running.timers.look(OPENS)
    wall.set(OPENS)
    answers = await asyncio.gather(*(office.book(session, PersonId.new()) for _ in range(20)))
    assert sum(answer.status_code == 201 for answer in answers) == 4
    assert {code_of(one) for one in answers if one.status_code != 201} == {"not_released_yet"}
    with pytest.raises(asyncpg.CheckViolationError, match="sessions_never_over_capacity"):
        await office.booking.probe.rows(
            "UPDATE sessions SET booked = 5, taken_online = 5 WHERE id = $1::uuid RETURNING 1",
            session,
        )


async def test_parts_that_were_missed_come_in_one_step(office: Office) -> None:
    await _staggered(office)
    session = await office.session(10)
    await office.booking.probe.running.timers.look(OPENS + timedelta(hours=1, minutes=30))
    assert (await office.released(session))[0] == 7
    (fact,) = await _facts(office, "places_released")
    assert (fact["payload"]["released"], fact["payload"]["part"]) == (7, 2)


async def test_a_session_that_comes_later_has_the_parts_that_have_come(office: Office) -> None:
    await _staggered(office)
    await office.session(10)
    timers = office.booking.probe.running.timers
    await timers.look(OPENS)
    later = await office.session(20, hour=10)
    assert (await office.released(later))[0] == 8
    await timers.look(OPENS + timedelta(hours=2))
    last = await office.session(20, hour=11)
    assert (await office.released(last))[0] is None


async def test_one_part_by_two_timers_at_once_with_keys_of_their_own(office: Office) -> None:
    day = ServiceDayId(await _staggered(office))
    session = await office.session(10)
    commands = [
        ReleasePart(actor=Actor("system:booking"), at=OPENS, key=f"part:{number}:{day}", day_id=day)
        for number in range(5)
    ]
    found = await asyncio.gather(*map(office.dispatch, commands), return_exceptions=True)
    assert sum(isinstance(one, Outcome) for one in found) == 1
    assert {one.code for one in found if isinstance(one, Refused)} == {"not_due_yet"}
    assert (await office.released(session))[0] == 4


async def test_a_day_that_is_drawn_by_lot_cannot_be_booked(office: Office) -> None:
    closes_at = OPENS + timedelta(days=1)
    await office.announced(mode="lottery", spread_s=0, closes_at=closes_at.isoformat())
    session = await office.session()
    answer = await office.book(session, PersonId.new())
    assert code_of(answer) == "entered_by_lottery"
    assert datetime.fromisoformat(answer.json()["details"]["closes_at"]) == closes_at


async def test_a_day_is_announced_once_and_not_after_its_first_session(office: Office) -> None:
    await office.session()
    assert code_of(await office.announce()) == "day_known_already"
    tomorrow = (DAY + timedelta(days=1)).isoformat()
    answers = await asyncio.gather(*(office.announce(date=tomorrow) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert len(await _facts(office, "day_announced")) == 2


@pytest.mark.parametrize(
    "changes, wrong",
    [
        ({"opens_at": START.isoformat()}, "opens_at"),
        ({"opens_at": None}, "opens_at"),
        ({"opens_at": "2026-03-10T00:00:00+09:00"}, "opens_at"),
        ({"closes_at": (OPENS + MICRO).isoformat()}, "closes_at"),
        ({"mode": "open"}, "opens_at"),
        ({"mode": "lottery", "spread_s": 0}, "closes_at"),
        ({"mode": "lottery", "spread_s": 0, "closes_at": OPENS.isoformat()}, "closes_at"),
        ({"parts": parts(100)}, "parts"),
        ({"mode": "staggered", "spread_s": 0}, "parts"),
        ({"mode": "staggered", "spread_s": 0, "parts": parts(40, 50)}, "parts"),
        ({"mode": "staggered", "spread_s": 0, "parts": parts(40, 60)[::-1]}, "parts/1"),
        ({"mode": "staggered", "parts": parts(100)}, "parts"),
    ],
)
async def test_times_that_cannot_be(office: Office, changes: dict[str, Any], wrong: str) -> None:
    answer = await office.announce(**changes)
    assert (answer.status_code, code_of(answer)) == (422, "release_times_impossible"), answer.text
    assert answer.json()["details"] == {"time": wrong}


async def test_only_supervisors_of_the_mall_and_operators_announce(office: Office) -> None:
    probe = office.booking.probe
    for headers, status in (
        ({}, 401),
        (office.booking.officer, 403),
        (probe.bearer("elsewhere", "officer", "supervisor", mall="mpp-lain"), 403),
        (probe.bearer("operator", "operator"), 201),
    ):
        answer = await office.booking.post("/v1/releases", announcement(), headers=headers)
        assert answer.status_code == status, answer.text


async def test_announced_days_are_listed(office: Office) -> None:
    day = await office.announced()
    query = {"mall": MALL, "service": SERVICE_CODE, "from": str(DAY), "to": str(DAY)}
    client = office.booking.probe.client
    (listed,) = (await client.get("/v1/releases", params=query)).json()
    assert listed == (await client.get(f"/v1/releases/{day}")).json()
    assert (listed["day_id"], listed["mode"], listed["spread_s"]) == (day, "first_come", SPREAD)
    unknown = await client.get(f"/v1/releases/{ServiceDayId.new()}")
    assert (unknown.status_code, code_of(unknown)) == (404, "release_unknown")
    assert code_of(await office.entered(str(ServiceDayId.new()), PersonId.new())) == (
        "release_unknown"
    )


async def _facts(office: Office, what: str) -> list[dict[str, Any]]:
    return [one for one in await office.booking.probe.facts() if f".{what}." in one["type"]]
