"""A counter without link serves by slips and tells it later: what happened, or a dispute."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis import clock
from contracts.ids import TicketId
from services.queue.settings import TicketCodes
from tests.services.queue.conftest import KIA, KTP, Fresh, Queue, two_processes
from tests.services.queue.test_devices import Kiosk, listed

pytestmark = pytest.mark.integration


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class Console:
    """A counter's console with its log of slips."""

    def __init__(self, queue: Queue, key_file: Path, counter_id: str) -> None:
        self.queue, self.counter_id = queue, counter_id
        self.codes = TicketCodes(key_file)

    def took(self, ticket: str, **changes: Any) -> dict[str, Any]:
        now = clock.now()
        return {
            "ticket_id": ticket,
            "code": self.codes.code_of(TicketId(ticket)),
            "called_at": now.isoformat(),
            "ended_at": now.isoformat(),
            **changes,
        }

    async def tell(self, *slips: dict[str, Any], key: str | None = None) -> httpx.Response:
        path = f"/v1/counters/{self.counter_id}/merge"
        officer = self.queue.officers[self.counter_id]
        return await self.queue.post(path, {"services": slips}, headers=officer, key=key)

    async def told(self, *slips: dict[str, Any]) -> list[str]:
        answer = await self.tell(*slips)
        assert answer.status_code == 200, answer.text
        return [slip["outcome"] for slip in answer.json()["slips"]]


async def console_at(queue: Queue, key_file: Path, code: str = "K-01") -> Console:
    return Console(queue, key_file, await queue.opened(code))


async def states(queue: Queue) -> list[tuple[str, str | None]]:
    rows = await queue.probe.rows("SELECT status, outcome FROM tickets ORDER BY number")
    return [(row["status"], row["outcome"]) for row in rows]


async def test_who_was_served_by_a_slip_is_not_called_any_more(
    queue: Queue, key_file: Path
) -> None:
    first, second, third = await queue.issued(3)
    console = await console_at(queue, key_file)
    called = await queue.called(console.counter_id)  # the link breaks here
    assert called["ticket_id"] == first
    slips = [console.took(third), console.took(first)]
    assert sorted(await console.told(*slips)) == ["merged", "merged"]
    assert await states(queue) == [
        ("finished", "served"),
        ("waiting", None),
        ("finished", "served"),
    ]
    assert (await queue.called(console.counter_id))["ticket_id"] == second
    facts = [fact["payload"] for fact in await queue.probe.facts()]
    (late,) = (one for one in facts if one.get("reason") == "luring" and "step" in one)
    assert late["ticket_id"] == third
    assert late["occurred_at"] is not None
    steps = await queue.probe.rows("SELECT step FROM steps ORDER BY step")
    assert [row["step"] for row in steps] == list(range(1, 7))
    assert await console.told(*slips) == ["known", "known"]
    (shown,) = await queue.probe.rows("SELECT count(*) AS n FROM board_feed WHERE kind = 'called'")
    assert shown["n"] == 2  # nobody is called by the voice who was served long ago


async def test_a_turn_is_not_used_by_who_came_with_a_slip(queue: Queue, key_file: Path) -> None:
    await queue.ruled()
    tickets = await queue.issued(4)
    console = await console_at(queue, key_file)
    await console.told(console.took(tickets[2]), console.took(tickets[3]))
    (line,) = await queue.probe.rows("SELECT turn, waiting FROM lines")
    assert tuple(line) == (0, 2)


async def test_two_counters_that_took_the_same_paper_make_one_service_and_one_dispute(
    fresh_database: Fresh, key_file: Path
) -> None:
    async with two_processes(fresh_database, key_file) as both:
        one = both[0].probe
        tickets = await both[0].issued(10)
        consoles = [
            await console_at(both[0], key_file, "K-01"),
            await console_at(both[1], key_file, "K-02"),
        ]
        slips = [[console.took(ticket) for ticket in tickets] for console in consoles]
        outcomes = await asyncio.gather(
            *(console.told(*taken) for console, taken in zip(consoles, slips, strict=True))
        )
        for pair in zip(*outcomes, strict=True):
            assert sorted(pair) == ["disputed", "merged"]
        rows = await one.rows("SELECT status, count(*) AS n FROM tickets GROUP BY 1")
        assert [tuple(row) for row in rows] == [("finished", 10)]
        steps = await one.rows("SELECT step FROM steps ORDER BY step")
        assert [row["step"] for row in steps] == list(range(1, 21))


async def test_the_same_telling_twenty_times_at_once_happens_once(
    queue: Queue, key_file: Path
) -> None:
    tickets = await queue.issued(5)
    console = await console_at(queue, key_file)
    slips = [console.took(ticket) for ticket in tickets]
    outcomes = await asyncio.gather(*(console.told(*slips) for _ in range(20)))
    assert sorted(one for told in outcomes for one in told) == ["known"] * 95 + ["merged"] * 5
    facts = [fact["type"] for fact in await queue.probe.facts()]
    assert facts.count("queue.ticket_finished.v1") == 5


async def test_what_was_done_elsewhere_since_is_disputed_and_stays(
    queue: Queue, key_file: Path
) -> None:
    away, done = await queue.issued(2)
    console = await console_at(queue, key_file)
    there = await queue.opened("K-02")
    assert (await queue.called(there))["ticket_id"] == away
    assert await console.told(console.took(away)) == ["disputed"]
    await queue.finish(away, there, "no_show")
    await queue.called(there)
    await queue.serve(done, there)
    await queue.finish(done, there)
    assert await console.told(console.took(away), console.took(done)) == ["disputed"] * 2
    assert await states(queue) == [("finished", "no_show"), ("finished", "served")]
    claims = [
        (fact["payload"]["claim"], fact["payload"]["found"])
        for fact in await queue.probe.facts()
        if fact["type"] == "queue.ticket_disputed.v1"
    ]
    assert claims == [("served", "called"), ("served", "finished"), ("served", "finished")]


async def test_a_slip_of_a_kiosk_that_has_not_told_it_waits_for_the_kiosk(
    queue: Queue, key_file: Path
) -> None:
    await listed(queue)
    kiosk = await (await Kiosk(queue).begin()).series()
    (printed,) = kiosk.print(1)
    console = await console_at(queue, key_file)
    slip = console.took(printed["ticket_id"])
    assert await console.told(slip) == ["unknown"]
    assert (await kiosk.merge([printed])).is_success
    assert await console.told(slip) == ["merged"]
    assert await states(queue) == [("finished", "served")]


async def test_times_that_cannot_be_are_brought_between_issue_and_now(
    queue: Queue, key_file: Path
) -> None:
    (ticket,) = await queue.issued(1)
    console = await console_at(queue, key_file)
    never = clock.now() + timedelta(days=300)
    slip = console.took(ticket, called_at="2001-01-01T00:00:00+00:00", ended_at=never.isoformat())
    assert await console.told(slip) == ["merged"]
    (issued, *_) = await queue.probe.rows("SELECT issued_at FROM tickets")
    facts = [fact for fact in await queue.probe.facts() if fact["payload"].get("occurred_at")]
    called, served, finished = (fact["payload"]["occurred_at"] for fact in facts)
    assert called == served
    assert called < finished < clock.now().isoformat()
    assert called[:19] == issued["issued_at"].isoformat()[:19]


async def test_who_may_not_tell(queue: Queue, key_file: Path) -> None:
    ticket, other = await queue.issued(2)
    (elsewhere,) = await queue.issued(1, KTP)
    console = await console_at(queue, key_file)
    false = console.took(ticket, code="AAAAA-AAAAA-AAAAA-AAAAA")
    assert refused(await console.tell(console.took(other), false)) == (403, "slip_not_genuine")
    path = f"/v1/counters/{console.counter_id}/merge"
    body = {"services": [console.took(ticket)]}
    stranger = await queue.post(path, body, headers=queue.officer_of("K-05"))
    assert refused(stranger) == (403, "not_your_counter")
    await queue.called(console.counter_id)
    assert refused(await console.tell(console.took(other))) == (409, "counter_busy")
    only_kia = await console_at(queue, key_file, "K-09")
    assert await only_kia.told(only_kia.took(elsewhere)) == ["disputed"]
    assert (await queue.board())[0]["waiting"] == 2
    assert KIA != KTP
