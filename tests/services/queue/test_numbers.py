"""When a line gives numbers: until they are stopped, within hours, so many a day; and no longer."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from contracts.ids import AppointmentId, MallId, PersonId, ServiceCode, TicketId
from services.queue.domain.line import Line, Wish
from services.queue.domain.mall import Mall
from services.queue.domain.number_refusals import NumbersClosedNow
from services.queue.domain.numbers import must_give_numbers, within_cap
from services.queue.domain.policy import BUILT_IN, Policy
from tests.services.queue.conftest import (
    KIA,
    KTP,
    MALL,
    Fresh,
    Queue,
    today,
    two_processes,
)
from tests.services.queue.test_appointments import checked_in

integration = pytest.mark.integration
MAKASSAR = Mall(MallId("mpp-wita"), "Asia/Makassar", {}, time(8), time(15))


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def policy(**changes: Any) -> Policy:
    said = {**BUILT_IN.terms.model_dump(mode="json"), **changes}
    return Policy.of(type(BUILT_IN.terms).model_validate(said))


async def numbers(queue: Queue, what: str, service: str = KTP, **kw: Any) -> httpx.Response:
    body = {"reason": "akhir_hari"}
    headers = kw.get("headers", queue.supervisor)
    return await queue.post(f"/v1/lines/{service}/{what}-numbers", body, headers=headers)


@integration
async def test_a_stop_is_for_new_numbers_and_not_for_those_that_are_out(queue: Queue) -> None:
    (ticket,) = await queue.issued(1)
    counter_id = await queue.opened()
    stopped = (await numbers(queue, "close")).json()
    assert (stopped["numbers_closed"], stopped["issued"]) == ("akhir_hari", 1)
    assert refused(await queue.issue()) == (409, "numbers_closed")
    assert refused(await numbers(queue, "close")) == (409, "numbers_closed")
    assert (await queue.issue(KIA)).is_success  # another line
    assert (await queue.board())[1]["numbers_closed"] == "akhir_hari"
    assert (await queue.called(counter_id))["ticket_id"] == ticket
    assert (await numbers(queue, "reopen")).json()["numbers_closed"] is None
    assert refused(await numbers(queue, "reopen")) == (409, "numbers_open")
    assert (await queue.issue()).json()["number"] == 2


@integration
async def test_only_a_supervisor_stops_numbers_and_only_of_what_there_is(queue: Queue) -> None:
    assert refused(await numbers(queue, "close", headers=queue.officer)) == (403, "not_allowed")
    assert refused(await numbers(queue, "close", "IMI-PAS")) == (422, "service_unknown")
    assert (await numbers(queue, "close")).is_success  # before the first number, too
    assert refused(await queue.issue()) == (409, "numbers_closed")
    assert (await numbers(queue, "reopen")).is_success
    assert (await queue.issue()).json()["number"] == 1


@integration
async def test_a_stop_among_many_who_want_a_number_loses_none_and_lets_none_through(
    queue: Queue,
) -> None:
    answers = await asyncio.gather(
        *(queue.issue() for _ in range(30)),
        numbers(queue, "close"),
        *(queue.issue() for _ in range(30)),
    )
    issued = sorted(one.json()["number"] for one in answers if one.status_code == 201)
    assert issued == list(range(1, len(issued) + 1)) == await queue.numbers()
    facts = await queue.probe.facts()
    order = [fact["type"] for fact in facts]
    assert order.index("queue.numbers_closed.v1") == len(order) - 1  # nothing behind the stop
    assert (await queue.issue()).status_code == 409


@integration
async def test_a_stop_in_one_process_holds_in_the_other_and_appointments_still_come(
    fresh_database: Fresh, key_file: Path
) -> None:
    async with two_processes(fresh_database, key_file) as both:
        one, other = both[0].probe, both[1].probe
        counter_id = await both[0].opened()
        arrivals = [checked_in(both[1])[1] for _ in range(5)]
        answers = await asyncio.gather(
            *(both[turn % 2].issue() for turn in range(20)),
            numbers(both[0], "close"),
            both[0].call_next(counter_id),
            other.deliver("queue", *(one for pair in arrivals for one in pair)),
            *(both[turn % 2].issue() for turn in range(20)),
        )
        issued = [one for one in answers if one is not None and one.status_code == 201]
        facts = [fact["type"].split(".")[1] for fact in await one.facts()]
        behind = facts[facts.index("numbers_closed") :]
        assert len(issued) + 5 == facts.count("ticket_issued")
        assert await both[0].numbers() == list(range(1, len(issued) + 6))
        # Behind the stop only those get a number who were promised a place.
        assert behind.count("ticket_issued") <= 5
        for queue in both:
            assert refused(await queue.issue()) == (409, "numbers_closed")


@integration
async def test_the_numbers_of_a_day_are_used_up_for_who_comes_not_for_who_was_promised(
    queue: Queue,
) -> None:
    await queue.ruled(cut_off={"most": 5})
    answers = await asyncio.gather(*(queue.issue() for _ in range(20)))
    assert Counter(one.status_code for one in answers) == {201: 5, 409: 15}
    assert {one.json()["code"] for one in answers if one.status_code == 409} == {"numbers_used_up"}
    _, arrivals = checked_in(queue)
    await queue.probe.deliver("queue", *arrivals)
    assert await queue.numbers() == [1, 2, 3, 4, 5, 6]
    assert refused(await queue.issue()) == (409, "numbers_used_up")
    with pytest.raises(asyncpg.CheckViolationError, match="lines_within_their_cap"):
        await queue.probe.rows("UPDATE lines SET last_number = last_number + 1")


def test_a_number_too_many_would_not_be_written() -> None:
    capped = policy(cut_off={"most": 1})
    line = Line.begun(MallId(MALL), ServiceCode(KTP), today()).with_number(2)
    walk_in = line.issue(Wish(TicketId.new()), datetime.now(UTC), capped, "KTP")
    assert within_cap(line.with_number(3), walk_in, capped).numbering.most == 1
    promised = Wish(
        TicketId.new(), "janji", appointment_id=AppointmentId.new(), person_id=PersonId.new()
    )
    fact = line.issue(promised, datetime.now(UTC), capped, "KTP")
    assert within_cap(line.with_number(3), fact, capped).numbering.most == 3


# In Makassar it is eight hours later than in Greenwich.
HOURS = [
    ("any", None, "23:00", True),
    ("enforced", None, "23:59", False),
    ("enforced", None, "00:00", True),
    ("enforced", None, "06:59", True),
    ("enforced", None, "07:00", False),
    ("enforced", 60, "05:59", True),
    ("enforced", 60, "06:00", False),
    ("any", 60, "06:00", False),
    ("any", 60, "22:00", True),
]


@pytest.mark.parametrize("hours, early, at, open_", HOURS)
def test_numbers_are_given_by_the_clock_on_the_wall_of_the_mall(
    hours: str,
    early: int | None,
    at: str,
    open_: bool,
) -> None:
    ruled = policy(hours=hours, cut_off={"minutes_before_close": early})
    line = Line.begun(MAKASSAR.id, ServiceCode(KTP), today())
    moment = datetime.combine(datetime(2026, 3, 2, tzinfo=UTC), time.fromisoformat(at), UTC)
    if open_:
        must_give_numbers(line, MAKASSAR, ruled, moment)
    else:
        with pytest.raises(NumbersClosedNow):
            must_give_numbers(line, MAKASSAR, ruled, moment)
