"""Lanes and policies over HTTP: who is let in first, and that anybody can do the sum again."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis import testing
from contracts.catalogue import EntryPublished
from contracts.ids import EntryId
from services.queue.domain.policy import BUILT_IN
from services.queue.wiring import SERVICE
from tests.services.queue.conftest import KIA, KTP, MALL, Fresh, Queue, mall_entry
from tests.services.queue.test_appointments import checked_in

pytestmark = pytest.mark.integration
OTHERS = ["reguler", "janji", "lanjutan"]
SLOTS = [["prioritas"], OTHERS, OTHERS]


def policy_entry(revision: int = 1, **changes: Any) -> EntryPublished:
    """A policy `uji` with one priority for two others."""
    said = BUILT_IN.terms.model_dump(mode="json")
    body = {**said, "code": "uji", "revision": revision, "slots": SLOTS, **changes}
    entry_id = EntryId.of("queue_policy", "uji")
    return EntryPublished(
        entry_id=entry_id, kind="queue_policy", code="uji", revision=revision, body=body
    )


async def goes_by(queue: Queue, *policies: EntryPublished, **mall: Any) -> None:
    """From now on the mall's lines are run by the policy `uji`."""
    revisions = {"revision": 2, "policy": "uji", **mall}
    arrivals = [queue.probe.arrival(one, version=one.revision) for one in policies]
    mall_arrival = queue.probe.arrival(mall_entry(**revisions), version=revisions["revision"])
    await queue.probe.deliver("queue.catalogue", *arrivals, mall_arrival)


async def asked(queue: Queue, lane: str, reason: str | None = None, **more: Any) -> httpx.Response:
    form = {"mall": MALL, "service": KTP, "lane": lane, "reason": reason, **more}
    headers = queue.probe.bearer("officer-1", "officer", mall=MALL) if lane == "lanjutan" else None
    return await queue.post("/v1/tickets", form, headers=headers or queue.kiosk)


async def call_all(queue: Queue, counter_id: str) -> list[str]:
    order = []
    while (ticket := await queue.called(counter_id)) is not None:
        order.append(ticket["label"])
        await queue.finish(ticket["ticket_id"], counter_id, "no_show")
    return order


async def test_one_in_three_is_let_in_first_while_others_wait(queue: Queue) -> None:
    await goes_by(queue, policy_entry())
    answers = [await asked(queue, "reguler") for _ in range(4)]
    answers += [await asked(queue, "prioritas", "lansia") for _ in range(3)]
    assert [one.json()["before"] for one in answers] == [0, 1, 2, 3, 0, 3, 6]
    assert {one.json()["lane"] for one in answers} == {"reguler", "prioritas"}
    order = await call_all(queue, await queue.opened())
    assert order == [f"KTP-00{number}" for number in (5, 1, 2, 6, 3, 4, 7)]


async def test_all_lanes_but_priority_stand_in_the_order_of_coming(queue: Queue) -> None:
    await goes_by(queue, policy_entry())
    await asked(queue, "lanjutan")
    _, arrivals = checked_in(queue)
    await queue.probe.deliver("queue", *arrivals)
    await asked(queue, "reguler")
    (line,) = await queue.board()
    assert line["lanes"] == {"reguler": 1, "prioritas": 0, "janji": 1, "lanjutan": 1}
    assert await call_all(queue, await queue.opened()) == ["KTP-001", "KTP-002", "KTP-003"]


async def test_priority_has_a_reason_that_the_policy_knows(queue: Queue) -> None:
    await goes_by(queue, policy_entry(priority={"reasons": ["lansia"], "most_per_day": 2}))
    for reason, code in [(None, "priority_reason_missing"), ("anak", "priority_reason_unknown")]:
        answer = await asked(queue, "prioritas", reason)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    answers = [await asked(queue, "prioritas", "lansia") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[2].json()["code"] == "priority_used_up"
    rows = await queue.probe.rows("SELECT lane, lane_reason FROM tickets")
    assert [tuple(row) for row in rows] == [("prioritas", "lansia")] * 2


async def test_only_officers_give_numbers_for_going_on(queue: Queue) -> None:
    form = {"mall": MALL, "service": KTP, "lane": "lanjutan"}
    answer = await queue.post("/v1/tickets", form, headers=queue.kiosk)
    assert (answer.status_code, answer.json()["code"]) == (403, "lane_for_officers")
    form["lane"] = "janji"
    answer = await queue.post("/v1/tickets", form, headers=queue.kiosk)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_fields")


async def test_a_hundred_at_once_do_not_break_the_quota_in_two_processes(
    fresh_database: Fresh, key_file: Path
) -> None:
    addresses = await fresh_database("queue")
    async with (
        testing.running(SERVICE, addresses, code_key_file=key_file) as one,
        testing.running(SERVICE, addresses, code_key_file=key_file) as other,
    ):
        both = [Queue(one), Queue(other)]
        await goes_by(both[0], policy_entry(priority={"reasons": ["anak"], "most_per_day": 50}))
        asks = (asked(both[turn % 2], "prioritas", "anak") for turn in range(100))
        answers = await asyncio.gather(*asks)
        assert sorted(one.status_code for one in answers) == [201] * 50 + [409] * 50


async def test_a_line_of_its_own_has_its_own_prefix_and_policy(queue: Queue) -> None:
    lines = [{"service": KTP, "prefix": "1A"}, {"service": KIA, "policy": "lain"}]
    await goes_by(queue, policy_entry(), lines=lines)
    assert (await queue.issue()).json()["label"] == "1A-001"
    await queue.issue(KIA)
    counter_id = await queue.opened()
    first, second = await queue.called(counter_id), None
    await queue.finish(first["ticket_id"], counter_id, "no_show")
    second = await queue.called(counter_id)
    assert (first["label"], second["label"]) == ("1A-001", "KIA-001")
    calls = [fact["payload"] for fact in await queue.probe.facts() if "called" in fact["type"]]
    # The catalogue has no policy `lain`, so that line is run as is built in.
    assert [(one["policy"], one["policy_version"]) for one in calls] == [("uji", 1), ("umum", 0)]


def next_of(slots: list[list[str]], turn: int, waiting: dict[str, list[Any]]) -> tuple[str, int]:
    """Whom the published rule calls, and the turn after it: what anybody may work out."""
    for step in range(len(slots)):
        slot = (turn + step) % len(slots)
        first = [waiting[lane][0] for lane in slots[slot] if waiting[lane]]
        if first:
            return min(first)[1], (slot + 1) % len(slots)
    raise AssertionError("a call, and nobody waited")


async def test_anybody_can_do_the_sum_of_each_call_again(queue: Queue) -> None:
    await goes_by(queue, policy_entry())
    counter_id = await queue.opened("K-01")
    for lane in ("reguler", "prioritas", "reguler", "prioritas", "prioritas", "reguler"):
        await asked(queue, lane, "lansia" if lane == "prioritas" else None)
        ticket = await queue.called(counter_id) if lane == "prioritas" else None
        if ticket is not None:
            await queue.finish(ticket["ticket_id"], counter_id, "no_show")
    await goes_by(queue, policy_entry(revision=2, slots=[[*OTHERS, "prioritas"]]), revision=3)
    await call_all(queue, counter_id)
    (line,) = await queue.board()
    found: list[dict[str, Any]] = []
    while True:
        page = {"after": len(found), "limit": 5}
        answer = await queue.probe.client.get(f"/v1/lines/{line['line_id']}/steps", params=page)
        found += answer.json()["steps"]
        if len(found) == answer.json()["step"]:
            break
    assert [one["step"] for one in found] == [*range(1, 13)]
    await recompute(queue, found)


async def recompute(queue: Queue, steps: list[dict[str, Any]]) -> None:
    waiting: dict[str, list[Any]] = {lane: [] for lane in [*OTHERS, "prioritas"]}
    turn, stamp = 0, None
    for one in steps:
        place = (one["place_at"], one["ticket_id"])
        if one["what"] == "issued":
            waiting[one["lane"]].append(place)
            continue
        named = f"{one['policy']}/{one['policy_version']}"
        turn, stamp = (turn if named == stamp else 0), named
        assert one["turn"] == turn
        policy = (await queue.probe.client.get(f"/v1/policies/{named}")).json()
        ticket_id, turn = next_of(policy["terms"]["slots"], turn, waiting)
        assert ticket_id == one["ticket_id"]
        for standing in waiting.values():
            standing[:] = [place for place in standing if place[1] != ticket_id]


async def test_what_is_not_there_has_no_steps_and_no_terms(queue: Queue) -> None:
    client = queue.probe.client
    nobody = "00000000-0000-7000-8000-000000000000"
    for path, code in [
        (f"lines/{nobody}/steps", "line_unknown"),
        ("policies/uji", "policy_unknown"),
        ("policies/umum/7", "policy_unknown"),
    ]:
        answer = await client.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert (await client.get("/v1/policies/umum")).json()["version"] == 0
    await goes_by(queue, policy_entry(), policy_entry(revision=2))
    assert (await client.get("/v1/policies/uji")).json()["version"] == 2
    assert (await client.get("/v1/policies/uji/1")).json()["version"] == 1
