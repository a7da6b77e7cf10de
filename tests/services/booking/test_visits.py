"""Visits over several agencies: all stops or none, whoever books beside them."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from chassis import testing
from contracts.catalogue import EntryPublished
from contracts.ids import PersonId, VisitId
from services.booking.wiring import SERVICE
from tests.services.booking.conftest import (
    MALL,
    Booking,
    Fresh,
    local_now,
    mall_entry,
    service_entry,
)

pytestmark = pytest.mark.integration

TOMORROW = local_now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
KTP, SKCK, NIB = "DUK-KTP", "POL-SKCK", "PTSP-NIB"
KK, AKL = "DUK-KK", "DUK-AKL"
AGENCIES = {
    KTP: "dukcapil",
    SKCK: "polri",
    NIB: "dpmptsp",
    KK: "dukcapil",
    AKL: "dukcapil",
}


def at(hour: float) -> str:
    return (TOMORROW + timedelta(hours=hour)).isoformat()


def catalogue() -> list[EntryPublished]:
    """A mall with three agencies in three zones; the police want to see the identity card."""
    mall = mall_entry(agencies=tuple(sorted(set(AGENCIES.values()))))
    counters = [
        {"code": "Z1-01", "services": [KTP]},
        {"code": "Z2-01", "services": [SKCK]},
        {"code": "Z3-01", "services": [NIB]},
    ]
    walking = [{"zones": ["Z1", "Z2"], "minutes": 4}, {"zones": ["Z1", "Z3"], "minutes": 10}]
    mall = mall.model_copy(update={"body": {**mall.body, "counters": counters, "walking": walking}})
    services = [service_entry(code, agency) for code, agency in AGENCIES.items()]
    police = services[1]
    services[1] = police.model_copy(update={"body": {**police.body, "after": [KTP], "minutes": 15}})
    return [mall, *services]


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
        await one.deliver("booking.catalogue", *map(one.arrival, catalogue()))
        yield Booking(one), Booking(other)


@pytest.fixture
def mall(pair: tuple[Booking, Booking]) -> Booking:
    return pair[0]


async def session(mall: Booking, service: str, start: float, end: float, capacity: int = 5) -> str:
    return await mall.opened(capacity, service=service, starts_at=at(start), ends_at=at(end))


async def visit(
    mall: Booking, *sessions: str, person: PersonId | None = None, key: str | None = None
) -> Any:
    body = {
        "person_id": str(person or PersonId.new()),
        "stops": [{"session_id": one} for one in sessions],
    }
    return await mall.post("/v1/visits", body, key=key)


async def plans(mall: Booking, *services: str) -> Any:
    where = {"mall": MALL, "date": TOMORROW.date().isoformat(), "service": list(services)}
    return await mall.probe.client.get("/v1/visit-plans", params=where)


async def facts(mall: Booking, name: str) -> list[Any]:
    wanted = f"booking.{name}.v1"
    return [fact for fact in await mall.probe.facts() if fact["type"] == wanted]


async def nothing_happened(mall: Booking) -> None:
    assert await facts(mall, "appointment_booked") == []
    assert await facts(mall, "visit_booked") == []
    assert await mall.probe.rows("SELECT FROM appointments") == []
    assert await mall.probe.rows("SELECT FROM visits") == []
    assert await mall.probe.rows("SELECT FROM sessions WHERE booked + held > 0") == []
    assert await mall.probe.rows("SELECT FROM days WHERE taken > 0") == []


async def test_a_plan_can_be_booked_as_it_stands(mall: Booking) -> None:
    await session(mall, SKCK, 8, 12)
    await session(mall, KTP, 8, 12)
    await session(mall, NIB, 9, 12)
    answer = await plans(mall, SKCK, KTP, NIB)
    assert answer.status_code == 200, answer.text
    best, *others = answer.json()
    assert [stop["service"] for stop in best["stops"]] == [KTP, SKCK, NIB]
    # In UTC. 20 minutes, 4 to walk, 15 minutes, 5 to walk (nothing is said about Z2 and Z3).
    assert [stop["starts_at"][11:16] for stop in best["stops"]] == ["23:00", "23:24", "00:00"]
    assert best["walking_minutes"] == 9
    assert 1 <= len(others) <= 2
    made = await visit(mall, *(stop["session_id"] for stop in best["stops"]))
    assert made.status_code == 201, made.text
    assert [(stop["starts_at"], stop["ends_at"]) for stop in made.json()["stops"]] == [
        (stop["starts_at"], stop["ends_at"]) for stop in best["stops"]
    ]
    (whole,) = await facts(mall, "visit_booked")
    assert whole["payload"]["walking_minutes"] == 9
    booked = await facts(mall, "appointment_booked")
    assert {fact["payload"]["visit_id"] for fact in booked} == {made.json()["visit_id"]}


async def test_a_visit_is_shown_and_given_up_by_its_code(mall: Booking) -> None:
    stops = [await session(mall, KTP, 8, 10), await session(mall, SKCK, 10, 12)]
    made = (await visit(mall, *stops)).json()
    path, proof = f"/v1/visits/{made['visit_id']}", {"Booking-Code": made["visit_code"]}
    client = mall.probe.client
    assert (await client.get(path)).status_code == 403
    stop_code = {"Booking-Code": made["stops"][0]["booking_code"]}
    assert (await client.get(path, headers=stop_code)).status_code == 403
    shown = (await client.get(path, headers=proof)).json()
    assert [stop["status"] for stop in shown["stops"]] == ["booked", "booked"]
    # A stop can be given up alone, by its own code.
    assert (await mall.act(made["stops"][1], "cancel")).status_code == 200
    ended = await mall.post(f"{path}/cancel", headers=proof)
    assert ended.json()["cancelled"] == [made["stops"][0]["appointment_id"]]
    assert (await mall.post(f"{path}/cancel", headers=proof)).json()["code"] == (
        "visit_cancelled_already"
    )
    shown = (await client.get(path, headers=proof)).json()
    assert shown["status"] == "cancelled"
    assert {stop["status"] for stop in shown["stops"]} == {"cancelled"}
    assert await mall.probe.rows("SELECT FROM sessions WHERE booked > 0") == []


async def test_what_is_over_or_gone_cannot_be_given_up(mall: Booking) -> None:
    stops = [await session(mall, KTP, 8, 10), await session(mall, SKCK, 10, 12)]
    made = (await visit(mall, *stops)).json()
    path, proof = f"/v1/visits/{made['visit_id']}", {"Booking-Code": made["visit_code"]}
    for stop in made["stops"]:
        await mall.act(stop, "cancel")
    assert (await mall.post(f"{path}/cancel", headers=proof)).json()["code"] == "visit_over"
    foreign = mall.probe.bearer("officer-2", "officer", mall="mpp-lain")
    assert (await mall.post(f"{path}/cancel", headers=foreign)).json()["code"] == "not_yours"
    assert (await mall.probe.client.get(path, headers=foreign)).status_code == 404
    unknown = f"/v1/visits/{VisitId.new()}/cancel"
    assert (await mall.post(unknown, headers=mall.officer)).json()["code"] == "visit_unknown"


async def test_a_stop_sees_what_the_stops_before_it_took(mall: Booking) -> None:
    stops = [
        {"session_id": await session(mall, KTP, 8, 10), "also": [AKL]},
        {"session_id": await session(mall, KK, 10, 12), "also": [AKL]},
    ]
    body = {"person_id": str(PersonId.new()), "stops": stops}
    answer = await mall.post("/v1/visits", body)
    assert (answer.json()["code"], answer.json()["details"]["stop"]) == ("already_booked", 2)
    await nothing_happened(mall)
    stops[1]["also"] = []
    made = await mall.post("/v1/visits", body)
    assert made.status_code == 201, made.text
    # The first stop takes two places, for two services.
    rows = await mall.probe.rows("SELECT sum(booked) AS taken FROM sessions")
    assert rows[0]["taken"] == 3


async def test_when_the_last_stop_is_full_nothing_happens(mall: Booking) -> None:
    stops = [
        await session(mall, KTP, 8, 10),
        await session(mall, SKCK, 10, 12),
        await session(mall, NIB, 12, 14, capacity=1),
    ]
    other = (await mall.book(stops[2])).json()
    answer = await visit(mall, *stops)
    assert answer.json()["code"] == "session_full"
    assert answer.json()["details"]["stop"] == 3
    assert len(await facts(mall, "appointment_booked")) == 1
    assert await facts(mall, "visit_booked") == []
    await mall.act(other, "cancel")
    assert await mall.probe.rows("SELECT FROM sessions WHERE booked + held > 0") == []
    assert (await visit(mall, *stops)).status_code == 201


async def test_who_holds_one_of_the_services_that_day_gets_no_visit(mall: Booking) -> None:
    person = PersonId.new()
    own = await session(mall, SKCK, 13, 14)
    stops = [await session(mall, KTP, 8, 10), await session(mall, SKCK, 10, 12)]
    await mall.book(own, person)
    answer = await visit(mall, *stops, person=person)
    assert (answer.json()["code"], answer.json()["details"]["stop"]) == ("already_booked", 2)
    assert len(await facts(mall, "appointment_booked")) == 1


@pytest.mark.parametrize(
    "spans, code",
    [
        ([(KTP, 8, 8.5), (SKCK, 8, 8.25)], "stops_overlap"),
        ([(SKCK, 8, 9), (KTP, 10, 11)], "wrong_order"),
        ([(KTP, 8, 9), (SKCK, 32, 33)], "two_days"),
        ([(KTP, 8, 9), (KTP, 10, 11)], "too_many_stops"),
    ],
)
async def test_a_visit_that_cannot_be_is_refused_by_name(
    mall: Booking, spans: list[tuple[str, float, float]], code: str
) -> None:
    answer = await visit(mall, *[await session(mall, *span) for span in spans])
    assert answer.json()["code"] == code
    if code == "stops_overlap":
        details = answer.json()["details"]
        assert (details["first"], details["second"]) == (KTP, SKCK)
        assert details["arrives_at"].endswith("Z") or "+" in details["arrives_at"]
    await nothing_happened(mall)


async def test_a_visit_in_two_malls_or_to_nowhere_is_refused(mall: Booking) -> None:
    probe = mall.probe
    await probe.deliver("booking.catalogue", probe.arrival(mall_entry("mpp-lain")))
    there = Booking(probe)
    there.officer = probe.bearer("officer-2", "officer", mall="mpp-lain")
    first = await session(mall, SKCK, 8, 9)
    second = await there.opened(5, mall="mpp-lain", service=KTP, starts_at=at(10), ends_at=at(11))
    assert (await visit(mall, first, second)).json()["code"] == "two_malls"
    assert (await visit(mall, first, str(uuid4()))).json()["code"] == "session_unknown"
    assert (await visit(mall, first)).json()["code"] == "invalid_fields"
    await nothing_happened(mall)


async def test_without_free_places_there_is_no_plan_and_the_service_is_named(
    mall: Booking,
) -> None:
    await session(mall, KTP, 8, 10)
    answer = await plans(mall, KTP, SKCK)
    assert (answer.json()["code"], answer.json()["details"]) == (
        "visit_impossible",
        {"service": SKCK},
    )
    # The police come after the identity card, and are over before it.
    await session(mall, SKCK, 6, 7)
    assert (await plans(mall, KTP, SKCK)).json()["code"] == "visit_impossible"
    assert (await plans(mall, KTP, KTP)).json()["code"] == "too_many_stops"
    assert (await plans(mall, KTP, "KUA-NKH")).json()["code"] == "service_unknown"


async def test_a_repeated_visit_is_one_visit(pair: tuple[Booking, Booking]) -> None:
    mall = pair[0]
    stops = [await session(mall, KTP, 8, 10), await session(mall, SKCK, 10, 12)]
    person = PersonId.new()
    answers = await asyncio.gather(
        *(visit(pair[turn % 2], *stops, person=person, key="one-visit") for turn in range(10))
    )
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].status_code == 201
    assert len(await facts(mall, "visit_booked")) == 1


async def test_100_visits_over_the_same_sessions_in_any_order_are_whole(
    pair: tuple[Booking, Booking],
) -> None:
    """Two processes, three sessions in six orders, and others who take places between."""
    one, probe = pair[0], pair[0].probe
    police = service_entry(SKCK, AGENCIES[SKCK])
    free = police.model_copy(update={"revision": 2, "body": {**police.body, "revision": 2}})
    await probe.deliver("booking.catalogue", probe.arrival(free, version=2))
    hot = [
        await session(one, code, 8, 14, capacity)
        for code, capacity in ((KTP, 45), (SKCK, 45), (NIB, 30))
    ]
    orders = list(itertools.permutations(hot))
    tries: list[Any] = []
    for turn in range(100):
        tries.append(visit(pair[turn % 2], *orders[turn % 6]))
        if turn % 5 == 0:
            tries.append(pair[turn % 2].book(hot[turn // 5 % 3]))
    answers = await asyncio.gather(*tries)
    found = Counter(answer.json().get("code", "booked") for answer in answers)
    assert set(found) <= {"booked", "session_full"}
    await all_visits_are_whole(one)
    booked = [await one.booked_count(session_id) for session_id in hot]
    assert all(taken == live for taken, live in booked)
    assert (await one.probe.rows("SELECT FROM sessions WHERE booked = capacity")) != []


async def all_visits_are_whole(mall: Booking) -> None:
    rows = await mall.probe.rows(
        """
        SELECT visits.id, jsonb_array_length(stops) AS wanted,
               (SELECT count(*) FROM appointments
                WHERE visit_id = visits.id AND status = 'booked') AS made
        FROM visits
        """
    )
    assert rows
    assert [row for row in rows if row["wanted"] != row["made"]] == []
    told = Counter(
        fact["payload"]["visit_id"]
        for fact in await facts(mall, "appointment_booked")
        if fact["payload"]["visit_id"]
    )
    wholes = {
        fact["payload"]["visit_id"]: len(fact["payload"]["stops"])
        for fact in await facts(mall, "visit_booked")
    }
    assert dict(told) == wholes
    assert len(rows) == len(wholes)


async def test_a_decision_that_breaks_off_leaves_no_stop(
    mall: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops = [await session(mall, KTP, 8, 10), await session(mall, SKCK, 10, 12)]

    async def broken(*_: Any) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("services.booking.store.visits.save", broken)
    answer = await visit(mall, *stops, key="one-visit")
    assert answer.status_code == 500
    monkeypatch.undo()
    await nothing_happened(mall)
    assert (await visit(mall, *stops, key="one-visit")).status_code == 201


async def test_the_database_itself_refuses_a_stop_without_its_visit(mall: Booking) -> None:
    place = (await mall.book(await session(mall, KTP, 8, 10))).json()
    change = "UPDATE appointments SET visit_id = $2::uuid WHERE id = $1::uuid"
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="appointments_visit_exists"):
        await mall.probe.rows(change, place["appointment_id"], str(uuid4()))
