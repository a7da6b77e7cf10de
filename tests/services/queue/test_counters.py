"""Officers and counters: who sits where, pauses, consent of somebody else, and what breaks them."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from chassis import clock
from tests.services.queue.conftest import KIA, MALL, Fresh, Queue, two_processes

pytestmark = pytest.mark.integration


def refused(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["title_id"] != body["title_en"]
    return answer.status_code, body["code"]


async def ask(queue: Queue, what: str, body: Any = None, *, code: str = "K-01", **kw: Any) -> Any:
    headers = kw.pop("headers", None) or queue.officer_of(code)
    session = kw.pop("session", None)
    if session:
        headers = {**headers, "Counter-Session": session}
    return await queue.post(f"/v1/counters/{code}/{what}", body, headers=headers, **kw)


async def shown(queue: Queue, code: str = "K-01") -> dict[str, Any]:
    answer = await queue.probe.client.get("/v1/counters", params={"mall": MALL})
    [found] = [one for one in answer.json() if one["counter"] == code]
    return dict(found)


async def types(queue: Queue) -> list[str]:
    return [fact["type"].split(".")[1] for fact in await queue.probe.facts()]


# --- one officer, one counter


async def test_an_officer_holds_one_counter_at_a_time(queue: Queue) -> None:
    await queue.opened("K-01")
    there = await ask(queue, "open", code="K-02", headers=queue.officer_of("K-01"))
    assert refused(there) == (409, "officer_at_another_counter")
    assert there.json()["details"]["counter"] == "K-01"
    assert refused(await ask(queue, "open", headers=queue.officer_of("K-02"))) == (
        409,
        "counter_has_officer",
    )
    assert refused(await ask(queue, "open")) == (409, "counter_already_open")
    assert (await ask(queue, "close")).status_code == 200
    assert (await ask(queue, "open", code="K-02", headers=queue.officer_of("K-01"))).is_success


async def test_of_twenty_openings_of_eight_counters_by_one_officer_one_wins(
    fresh_database: Fresh, key_file: Path
) -> None:
    async with two_processes(fresh_database, key_file) as both:
        one = both[0].probe
        answers = await asyncio.gather(
            *(
                ask(
                    both[turn % 2],
                    "open",
                    code=f"K-{turn % 8 + 1:02d}",
                    headers=both[turn % 2].officer,
                )
                for turn in range(20)
            )
        )
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 19}
        codes = {answer.json()["code"] for answer in answers if answer.status_code == 409}
        assert codes <= {"officer_at_another_counter", "counter_already_open"}
        rows = await one.rows("SELECT code FROM counters WHERE officer = 'officer:officer-1'")
        assert len(rows) == 1


async def test_one_officer_at_two_counters_is_what_the_database_itself_refuses(
    queue: Queue,
) -> None:
    await queue.opened("K-01")
    await queue.opened("K-02")
    for statement, rule in (
        ("UPDATE counters SET officer = 'officer:one'", "counters_one_per_officer"),
        ("UPDATE counters SET is_open = false", "counters_officer_while_open"),
        (
            "UPDATE counters SET is_open = false, officer = NULL, paused_reason = 'rapat'",
            "counters_pause_while_open",
        ),
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=rule):
            await queue.probe.rows(statement)


async def test_only_the_officer_of_a_counter_acts_there(queue: Queue) -> None:
    await queue.issued(1)
    counter_id = await queue.opened("K-01")
    ticket = (await queue.called(counter_id))["ticket_id"]
    other = queue.officer_of("K-02")
    here = {"counter_id": counter_id}
    for path, body in (
        (f"/v1/counters/{counter_id}/call-next", None),
        (f"/v1/tickets/{ticket}/serve", here),
        (f"/v1/tickets/{ticket}/finish", {**here, "outcome": "no_show"}),
        ("/v1/counters/K-01/close", None),
        ("/v1/counters/K-01/pause", {"reason": "istirahat"}),
        ("/v1/counters/K-01/resume", None),
        ("/v1/counters/K-01/ask", {"wants": "close", "reason": "sakit"}),
        ("/v1/counters/K-01/withdraw", None),
    ):
        answer = await queue.post(path, body, headers=other)
        assert refused(answer) == (403, "not_your_counter"), path
    assert (await queue.serve(ticket, counter_id)).is_success


async def test_a_screen_that_was_replaced_is_told_so(queue: Queue) -> None:
    first = (await ask(queue, "open")).json()
    counter_id = first["counter_id"]
    again = (await ask(queue, "take-over")).json()
    assert (again["is_open"], again["counter_id"], again["left"]) == (True, *[counter_id] * 2)
    assert again["session_id"] != first["session_id"]
    path = f"/v1/counters/{counter_id}/call-next"
    old = {**queue.officer, "Counter-Session": first["session_id"]}
    new = {**queue.officer, "Counter-Session": again["session_id"]}
    assert refused(await queue.post(path, headers=old)) == (409, "session_replaced")
    assert refused(await ask(queue, "close", session=first["session_id"])) == (
        409,
        "session_replaced",
    )
    assert (await queue.post(path, headers=new)).is_success
    assert (await queue.post(path)).is_success  # who sends none is not asked
    assert (await ask(queue, "close", session=again["session_id"])).is_success


async def test_taking_over_elsewhere_closes_what_is_left(queue: Queue) -> None:
    await queue.issued(1)
    counter_id = await queue.opened("K-01")
    ticket = (await queue.called(counter_id))["ticket_id"]
    me = queue.officer_of("K-01")
    busy = await ask(queue, "take-over", code="K-02", headers=me)
    assert refused(busy) == (409, "counter_busy")
    await queue.finish(ticket, counter_id, "no_show")
    moved = await ask(queue, "take-over", code="K-02", headers=me)
    assert (moved.status_code, moved.json()["counter"]) == (200, "K-02")
    assert moved.json()["left"] == counter_id
    assert not (await shown(queue, "K-01"))["is_open"]
    assert (await types(queue))[-2:] == ["counter_closed", "counter_opened"]
    taken = await ask(queue, "take-over", code="K-02", headers=queue.officer_of("K-03"))
    assert refused(taken) == (409, "counter_has_officer")


async def test_two_officers_who_change_seats_at_once_end_with_one_each(queue: Queue) -> None:
    one, two = queue.officer_of("K-01"), queue.officer_of("K-02")
    await queue.opened("K-01")
    await queue.opened("K-02")
    for _ in range(5):
        await asyncio.gather(
            ask(queue, "take-over", code="K-03", headers=one),
            ask(queue, "take-over", code="K-03", headers=two),
            ask(queue, "take-over", code="K-04", headers=one),
            ask(queue, "take-over", code="K-01", headers=two),
        )
        rows = await queue.probe.rows("SELECT officer FROM counters WHERE is_open")
        assert sorted(row["officer"] for row in rows) == ["officer:officer-1", "officer:officer-2"]


async def test_a_counter_that_was_open_before_officers_were_kept_takes_any(queue: Queue) -> None:
    counter_id = await queue.opened("K-01")
    await queue.probe.rows("UPDATE counters SET officer = NULL, session_id = NULL")
    answer = await queue.post(
        f"/v1/counters/{counter_id}/call-next", headers=queue.officer_of("K-05")
    )
    assert answer.is_success
    assert (await ask(queue, "close", headers=queue.officer_of("K-05"))).is_success
    await queue.opened("K-01")
    assert refused(await ask(queue, "close", headers=queue.officer_of("K-05"))) == (
        403,
        "not_your_counter",
    )


# --- pauses


async def test_a_free_pause_calls_nobody_and_ends_by_itself_at_most_so_late(queue: Queue) -> None:
    await queue.issued(1)
    counter_id = await queue.opened()
    paused = (await ask(queue, "pause", {"reason": "istirahat"})).json()
    assert paused["paused_reason"] == "istirahat"
    assert paused["paused_until"] is not None
    assert refused(await queue.call_next(counter_id)) == (409, "counter_paused")
    assert refused(await ask(queue, "pause", {"reason": "ibadah"})) == (409, "counter_paused")
    assert (await shown(queue))["paused_reason"] == "istirahat"
    resumed = (await ask(queue, "resume")).json()
    assert (resumed["paused_reason"], resumed["paused_until"]) == (None, None)
    assert refused(await ask(queue, "resume")) == (409, "counter_not_paused")
    assert (await queue.called(counter_id)) is not None


async def test_what_is_not_free_is_refused_and_says_why(queue: Queue) -> None:
    await queue.opened()
    soon = clock.now() + timedelta(minutes=5)
    late = clock.now() + timedelta(minutes=40)
    for reason, until, expected in (
        ("malas", None, (422, "pause_reason_unknown")),
        ("rapat", None, (409, "approval_needed")),
        ("istirahat", late, (409, "approval_needed")),
        ("istirahat", clock.now() - timedelta(minutes=1), (422, "until_is_past")),
    ):
        body = {"reason": reason, **({"until": until.isoformat()} if until else {})}
        assert refused(await ask(queue, "pause", body)) == expected, body
    answer = await ask(queue, "pause", {"reason": "ibadah", "until": soon.isoformat()})
    assert answer.is_success


async def test_a_pause_is_no_way_to_leave_a_ticket(queue: Queue) -> None:
    await queue.issued(1)
    counter_id = await queue.opened()
    ticket = (await queue.called(counter_id))["ticket_id"]
    assert (await ask(queue, "pause", {"reason": "istirahat"})).is_success
    assert (await queue.serve(ticket, counter_id)).is_success
    assert (await queue.finish(ticket, counter_id)).is_success
    assert (await ask(queue, "close")).is_success
    await queue.opened()
    assert (await shown(queue))["paused_reason"] is None


# --- four eyes


async def test_a_request_waits_for_somebody_else(queue: Queue) -> None:
    await queue.opened()
    wish = {"wants": "pause", "reason": "sistem_mati"}
    asked = (await ask(queue, "ask", wish)).json()
    assert (asked["asked"], asked["paused_reason"]) == ("pause", None)
    assert refused(await ask(queue, "ask", wish)) == (409, "approval_pending")
    assert refused(await ask(queue, "pause", {"reason": "ibadah"})) == (409, "approval_pending")
    yes = {"approve": True}
    mine = queue.probe.bearer("officer-1", "officer", "supervisor", mall=MALL)
    assert refused(await ask(queue, "decide", yes, headers=mine)) == (403, "own_request")
    assert (await ask(queue, "decide", yes)).status_code == 403  # no supervisor
    decided = (await ask(queue, "decide", yes, headers=queue.supervisor)).json()
    assert (decided["asked"], decided["paused_reason"]) == (None, "sistem_mati")
    late = await ask(queue, "decide", yes, headers=queue.supervisor)
    assert refused(late) == (409, "nothing_asked")
    assert (await types(queue))[-3:] == [
        "counter_change_requested",
        "counter_change_decided",
        "counter_paused",
    ]


async def test_a_request_may_be_refused_or_withdrawn(queue: Queue) -> None:
    await queue.opened()
    wish = {"wants": "close", "reason": "sakit"}
    await ask(queue, "ask", wish)
    no = {"approve": False, "reason": "masih_ramai"}
    assert (await ask(queue, "decide", no, headers=queue.supervisor)).json()["is_open"]
    await ask(queue, "ask", wish)
    assert (await ask(queue, "withdraw")).json()["asked"] is None
    assert refused(await ask(queue, "withdraw")) == (409, "nothing_asked")
    after = await ask(queue, "decide", {"approve": True}, headers=queue.supervisor)
    assert refused(after) == (409, "nothing_asked")
    payloads = [fact["payload"] for fact in await queue.probe.facts()]
    decisions = [(one["approved"], one["reason"]) for one in payloads if "approved" in one]
    assert decisions == [(False, "masih_ramai"), (False, "withdrawn")]


async def test_of_two_supervisors_who_decide_at_once_one_is_too_late(queue: Queue) -> None:
    await queue.opened()
    await ask(queue, "ask", {"wants": "close", "reason": "sakit"})
    second = queue.probe.bearer("boss-2", "officer", "supervisor", mall=MALL)
    answers = await asyncio.gather(
        ask(queue, "decide", {"approve": True}, headers=queue.supervisor),
        ask(queue, "decide", {"approve": False}, headers=second),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert (await types(queue)).count("counter_change_decided") == 1


async def test_consent_to_a_close_waits_until_the_counter_is_free(queue: Queue) -> None:
    await queue.issued(1)
    counter_id = await queue.opened()
    ticket = (await queue.called(counter_id))["ticket_id"]
    await ask(queue, "ask", {"wants": "close", "reason": "sakit"})
    yes = {"approve": True}
    busy = await ask(queue, "decide", yes, headers=queue.supervisor)
    assert refused(busy) == (409, "counter_busy")
    await queue.finish(ticket, counter_id, "no_show")
    assert not (await ask(queue, "decide", yes, headers=queue.supervisor)).json()["is_open"]


async def test_a_supervisor_decides_in_the_own_mall_only(queue: Queue) -> None:
    await queue.opened()
    await ask(queue, "ask", {"wants": "close", "reason": "sakit"})
    foreign = queue.probe.bearer("boss-9", "officer", "supervisor", mall="mpp-lain")
    answer = await ask(queue, "decide", {"approve": True}, headers=foreign)
    assert refused(answer) == (404, "counter_unknown")


# --- early ends


async def test_nobody_is_left_behind_without_consent(queue: Queue) -> None:
    await queue.ruled(close_needs_approval=True)
    await queue.issued(1, KIA)
    await queue.opened("K-01")
    needed = await ask(queue, "close")
    assert refused(needed) == (409, "approval_needed")
    assert needed.json()["details"] == {"service": KIA, "waiting": 1}
    await queue.opened("K-09")  # serves the same service: now somebody is there
    assert (await ask(queue, "close")).is_success
    assert refused(await ask(queue, "close", code="K-09")) == (409, "approval_needed")
    await ask(queue, "ask", {"wants": "close", "reason": "sakit"}, code="K-09")
    yes = {"approve": True}
    decided = await ask(queue, "decide", yes, code="K-09", headers=queue.supervisor)
    assert not decided.json()["is_open"]


async def test_of_two_counters_that_close_at_once_one_stays(queue: Queue) -> None:
    await queue.ruled(close_needs_approval=True)
    await queue.issued(1)
    await queue.opened("K-01")
    await queue.opened("K-02")
    answers = await asyncio.gather(ask(queue, "close"), ask(queue, "close", code="K-02"))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_where_nobody_waits_a_counter_closes_without_consent(queue: Queue) -> None:
    await queue.ruled(close_needs_approval=True)
    await queue.issued(1)
    counter_id = await queue.opened("K-01")
    ticket = (await queue.called(counter_id))["ticket_id"]
    await queue.serve(ticket, counter_id)
    await queue.finish(ticket, counter_id)
    assert (await ask(queue, "close")).is_success


# --- an officer who is gone


async def test_a_supervisor_frees_a_counter_and_nobody_loses_a_place(queue: Queue) -> None:
    first, second = await queue.issued(2)
    for served in (False, True):
        counter_id = await queue.opened("K-01")
        assert (await queue.called(counter_id))["ticket_id"] == first
        if served:
            await queue.serve(first, counter_id)
        assert (await ask(queue, "release")).status_code == 403
        freed = await ask(queue, "release", headers=queue.supervisor)
        assert not freed.json()["is_open"]
        late = await queue.finish(first, counter_id, "no_show")
        assert refused(late) == (409, "counter_closed")
        again = await ask(queue, "release", headers=queue.supervisor)
        assert refused(again) == (409, "counter_closed")
        assert (await types(queue))[-2:] == ["ticket_skipped", "counter_closed"]
    assert (await queue.board())[0]["waiting"] == 2
    counter_id = await queue.opened("K-02")
    for ticket in (first, second):
        assert (await queue.called(counter_id))["ticket_id"] == ticket
        await queue.finish(ticket, counter_id, "no_show")
    steps = await queue.probe.rows("SELECT step FROM steps ORDER BY step")
    assert [row["step"] for row in steps] == list(range(1, 9))


async def test_a_release_while_the_officer_finishes_ends_the_ticket_or_returns_it(
    queue: Queue,
) -> None:
    for _ in range(6):
        (ticket,) = await queue.issued(1)
        counter_id = await queue.opened("K-01")
        assert (await queue.called(counter_id))["ticket_id"] == ticket
        finished, _freed = await asyncio.gather(
            queue.finish(ticket, counter_id, "no_show"),
            ask(queue, "release", headers=queue.supervisor),
        )
        (row,) = await queue.probe.rows("SELECT status FROM tickets WHERE id = $1", ticket)
        assert row["status"] == ("finished" if finished.is_success else "waiting")
        if row["status"] == "waiting":
            await queue.opened("K-02")
            counter_id = next(one for one in queue.officers if one != counter_id)
            await queue.called(counter_id)
            await queue.finish(ticket, counter_id, "no_show")
            await ask(queue, "close", code="K-02")
