"""A pause ends by itself when its time is up: that one, once, and no other."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis import testing
from services.queue.wiring import SERVICE
from tests.services.queue.conftest import MALL, Fresh, Queue, mall_entry

pytestmark = pytest.mark.integration
_SECOND = timedelta(seconds=1)


async def paused(queue: Queue, code: str = "K-01") -> datetime:
    """Pause a counter; returns until when."""
    headers = queue.officer_of(code)
    answer = await queue.post(
        f"/v1/counters/{code}/pause", {"reason": "istirahat"}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    return datetime.fromisoformat(answer.json()["paused_until"])


async def resumptions(queue: Queue) -> list[tuple[str, str]]:
    """Who resumed each counter, in order: its officer or the clock."""
    return [
        (fact["payload"]["counter"], fact["payload"]["reason"])
        for fact in await queue.probe.facts()
        if fact["type"] == "queue.counter_resumed.v1"
    ]


async def test_when_its_time_is_up_the_counter_calls_again(queue: Queue) -> None:
    await queue.issued(1)
    counter_id = await queue.opened()
    until = await paused(queue)
    await queue.probe.time_comes(until - _SECOND)
    assert (await queue.call_next(counter_id)).json()["code"] == "counter_paused"
    for moment in (until, until + _SECOND, until - _SECOND, until + _SECOND):
        await queue.probe.time_comes(moment)
    assert await resumptions(queue) == [("K-01", "pause_over")]
    assert await queue.called(counter_id) is not None


async def test_a_pause_that_its_officer_ended_or_began_anew_is_left_alone(queue: Queue) -> None:
    await queue.opened()
    first = await paused(queue)
    await queue.post("/v1/counters/K-01/resume")
    second = await paused(queue)
    assert second > first
    await queue.probe.time_comes(first)
    assert await resumptions(queue) == [("K-01", "by_officer")]
    await queue.probe.time_comes(second)
    assert await resumptions(queue) == [("K-01", "by_officer"), ("K-01", "pause_over")]


async def test_a_counter_that_closed_in_its_pause_is_not_opened(queue: Queue) -> None:
    await queue.opened()
    until = await paused(queue)
    await queue.post("/v1/counters/K-01/close")
    await queue.probe.time_comes(until)
    assert await resumptions(queue) == []
    shown: list[dict[str, Any]] = (
        await queue.probe.client.get("/v1/counters", params={"mall": MALL})
    ).json()
    assert [one["is_open"] for one in shown] == [False]


async def test_two_processes_and_the_officer_at_once_resume_it_once(
    fresh_database: Fresh, key_file: Path
) -> None:
    addresses = await fresh_database("queue")
    async with (
        testing.running(SERVICE, addresses, code_key_file=key_file) as one,
        testing.running(SERVICE, addresses, code_key_file=key_file) as other,
    ):
        await one.deliver("queue.catalogue", one.arrival(mall_entry()))
        queue = Queue(one)
        codes = [f"K-{number:02d}" for number in range(1, 9)]
        await asyncio.gather(*(queue.opened(code) for code in codes))
        latest = max([await paused(queue, code) for code in codes])
        await asyncio.gather(
            one.time_comes(latest),
            other.time_comes(latest),
            *(
                queue.post(f"/v1/counters/{code}/resume", headers=queue.officer_of(code))
                for code in codes
            ),
        )
        assert sorted(code for code, _ in await resumptions(queue)) == codes
