"""The waiting range of a ticket: told where something is known, put to the test, and published."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chassis import clock
from tests.services.queue.conftest import KTP, MALL, Queue, today

pytestmark = pytest.mark.integration


class Day:
    """A clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self.at = datetime.now().astimezone()

    def now(self) -> datetime:
        return self.at

    def passes(self, minutes: float) -> None:
        self.at += timedelta(minutes=minutes)


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Day:
    made = Day()
    monkeypatch.setattr(clock, "now", made.now)
    return made


async def look(queue: Queue, slip: dict[str, Any]) -> dict[str, Any]:
    headers = {"Ticket-Code": slip["code"]}
    answer = await queue.probe.client.get(f"/v1/tickets/{slip['ticket_id']}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def slip(queue: Queue) -> dict[str, Any]:
    found: dict[str, Any] = (await queue.issue()).json()
    return found


async def call_and_end(queue: Queue, counter_id: str) -> None:
    ticket = await queue.called(counter_id)
    await queue.serve(ticket["ticket_id"], counter_id)
    await queue.finish(ticket["ticket_id"], counter_id)


async def accuracy(queue: Queue) -> Any:
    asked = {"mall": MALL, "date": today().isoformat(), "service": KTP}
    return (await queue.probe.client.get("/v1/waiting-accuracy", params=asked)).json()


async def test_nothing_is_foreseen_before_something_is_known(queue: Queue, day: Day) -> None:
    first = await slip(queue)
    assert (first["before"], first["wait_low_minutes"]) == (0, None)
    assert (await look(queue, first))["why"] == "no_counter_open"
    await queue.opened()
    found = await look(queue, first)
    assert (found["why"], found["wait"], found["before"]) == ("not_enough_known", None, 0)


async def test_a_range_is_told_put_to_the_test_and_published(queue: Queue, day: Day) -> None:
    counter_id = await queue.opened()
    await queue.issued(2)
    await call_and_end(queue, counter_id)
    mine = await slip(queue)
    # One before, ten minutes for each until more is known: 15 in the middle, half as much more.
    assert (mine["before"], mine["wait_low_minutes"], mine["wait_high_minutes"]) == (1, 10, 25)
    found = await look(queue, mine)
    assert found["wait"] == {"low_minutes": 10, "high_minutes": 25, "right": 0, "of": 0}
    day.passes(10)
    await call_and_end(queue, counter_id)
    assert (await look(queue, mine))["before"] == 0
    day.passes(10)
    await queue.called(counter_id)
    found = await look(queue, mine)
    assert (found["status"], found["counter"], found["before"]) == ("called", "K-01", None)
    assert await accuracy(queue) == [{"service": KTP, "predicted": 1, "inside": 1}]
    late = await slip(queue)
    day.passes(100)
    await queue.serve(mine["ticket_id"], counter_id)
    await queue.finish(mine["ticket_id"], counter_id)
    assert (await look(queue, late))["why"] == "not_enough_known"  # nothing moves any more
    await call_and_end(queue, counter_id)
    assert await accuracy(queue) == [{"service": KTP, "predicted": 2, "inside": 1}]
    facts = [one for one in await queue.probe.facts() if "ticket_issued" in one["type"]]
    told = [(one["payload"].get("wait_low_s"), one["payload"].get("wait_high_s")) for one in facts]
    assert told[2] == (600, 1500)


async def test_only_the_holder_sees_where_a_ticket_stands(queue: Queue) -> None:
    mine = await slip(queue)
    path = f"/v1/tickets/{mine['ticket_id']}"
    assert (await queue.probe.client.get(path)).status_code == 403
    assert (await queue.probe.client.get(path, headers=queue.officer)).status_code == 403


async def test_who_came_before_counts_by_place(queue: Queue, day: Day) -> None:
    slips = [await slip(queue) for _ in range(4)]
    assert [(await look(queue, one))["before"] for one in slips] == [0, 1, 2, 3]
