"""Visits over the same three sessions, in every order, while booking and PostgreSQL are killed."""

import asyncio
import itertools
import json
from collections import Counter
from datetime import date
from typing import Any

import pytest

from contracts.ids import PersonId
from local import stack, state
from simulator.replay.patience import Patience
from simulator.replay.wire import Reply
from tests.drills.races import PATIENCE_SECONDS, Drill, Plan, Race, begun
from tests.journeys.own import own_home

VISITS = 100
SERVICES = ("DUK-KTP", "POL-SKCK", "PTSP-NIB")
CAPACITIES = (60, 60, 40)
DAY = "2031-03-04"  # far enough that no session is over
_STANDING = """
SELECT visits.id::text AS id, jsonb_array_length(stops) AS wanted,
       count(appointments.id) FILTER (WHERE appointments.status = 'booked') AS made
FROM visits LEFT JOIN appointments ON visit_id = visits.id GROUP BY visits.id
"""
_STRAY = "SELECT count(*) FROM appointments WHERE visit_id IS NULL"
_COUNTS = """
SELECT capacity, booked, (SELECT count(*) FROM appointments
                          WHERE session_id = sessions.id AND status = 'booked') AS live
FROM sessions WHERE service_date = $1
"""


@pytest.mark.timeout(400)
async def test_100_visits_are_whole_whoever_is_killed_on_the_way() -> None:
    with own_home("loket-drill-") as home:
        async with begun(home, Plan(1, VISITS // 4, 1)) as drill:
            sessions = [
                await opened(drill, service, capacity)
                for service, capacity in zip(SERVICES, CAPACITIES, strict=True)
            ]
            replies = await played(drill, sessions)
            told = {
                reply.json()["visit_id"]: len(reply.json()["stops"])
                for reply in replies
                if reply.status == 201
            }
            others = Counter(reply.json()["code"] for reply in replies if reply.status != 201)
            standing, stray, counts = await looked(drill)
    assert drill.kills >= 2
    # Forty visits fit, and everybody was answered.
    assert (len(told), others) == (40, Counter({"session_full": VISITS - 40}))
    assert {row["id"]: row["made"] for row in standing} == told
    assert all(row["wanted"] == row["made"] == 3 for row in standing)
    assert stray == 0
    assert [row["booked"] for row in counts] == [row["live"] for row in counts] == [40, 40, 40]


async def played(drill: Drill, sessions: list[str]) -> list[Reply]:
    """Every visit to its answer; in each quarter somebody is killed."""
    orders = list(itertools.permutations({"session_id": one} for one in sessions))

    async def one(turn: int, race: Race) -> Reply:
        person = str(PersonId.new())
        body = json.dumps({"person_id": person, "stops": orders[turn % 6]}).encode()
        wire = drill.wires[turn % 2]
        headers = {"idempotency-key": f"visit-{person}"}
        reply = await Patience(PATIENCE_SECONDS).post(
            lambda: wire.post("/v1/visits", headers, body)
        )
        race.full += 1  # the killer counts answers; what is in them is judged above
        return reply

    found: list[Reply] = []
    for number, doomed in enumerate(("booking", "second", "postgres", "booking")):
        race = Race("visits")
        killing = asyncio.create_task(drill.killed(race, doomed))
        turns = range(number * VISITS // 4, (number + 1) * VISITS // 4)
        found += await asyncio.gather(*(one(turn, race) for turn in turns))
        await killing
        await drill.whole()
    return found


async def opened(drill: Drill, service: str, capacity: int) -> str:
    body = {
        "mall": "mpp-nusantara",
        "service": service,
        "starts_at": f"{DAY}T08:00:00+07:00",
        "ends_at": f"{DAY}T14:00:00+07:00",
        "capacity": capacity,
    }
    headers = await drill.calls.bearer("operator")
    key = f"visits-{service}"
    made = await drill.calls.post("booking", "/v1/sessions", body, key=key, headers=headers)
    return str(made["session_id"])


async def looked(drill: Drill) -> tuple[list[Any], int, list[Any]]:
    running = state.read(drill.home)
    assert running is not None
    connection = await stack.postgres_of(running).server.connect("booking")
    try:
        stray = await connection.fetchval(_STRAY)
        return (
            await connection.fetch(_STANDING),
            stray,
            await connection.fetch(_COUNTS, date.fromisoformat(DAY)),
        )
    finally:
        await connection.close()
