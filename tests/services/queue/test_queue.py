"""Queue over its API on a real database: the story of a ticket, and each rule that says no."""

from typing import Any

import pytest

from contracts.ids import CounterId, TicketId
from tests.services.queue.conftest import KIA, KTP, MALL, Queue, mall_entry

pytestmark = pytest.mark.integration


async def test_a_walk_in_is_called_served_and_finished(queue: Queue) -> None:
    issued = (await queue.issue()).json()
    assert (issued["label"], issued["number"]) == ("KTP-001", 1)
    counter_id = await queue.opened("K-03")
    called = await queue.called(counter_id)
    assert called == {
        "ticket_id": issued["ticket_id"],
        "label": "KTP-001",
        "service": KTP,
        "number": 1,
        "counter": "K-03",
    }
    assert (await queue.serve(issued["ticket_id"], counter_id)).json()["status"] == "served"
    assert (await queue.finish(issued["ticket_id"], counter_id)).json()["status"] == "finished"
    facts = await queue.probe.facts()
    assert [(fact["type"], fact["version"], fact["actor"]) for fact in facts] == [
        ("queue.ticket_issued.v1", 1, "kiosk:kiosk-1"),
        ("queue.counter_opened.v1", 1, "officer:officer-3"),
        ("queue.ticket_called.v1", 2, "officer:officer-3"),
        ("queue.ticket_served.v1", 3, "officer:officer-3"),
        ("queue.ticket_finished.v1", 4, "officer:officer-3"),
    ]
    assert facts[0]["payload"]["lane"] == "reguler"
    assert facts[4]["payload"]["outcome"] == "served"


async def test_the_board_shows_who_was_called_and_how_many_wait(queue: Queue) -> None:
    await queue.issued(3)
    await queue.issued(1, KIA)
    await queue.called(await queue.opened("K-01"))
    board = await queue.board()
    assert len({line.pop("line_id") for line in board}) == 2
    lanes = dict.fromkeys(("prioritas", "janji", "lanjutan"), 0)
    assert board == [
        {
            "service": KIA,
            "waiting": 1,
            "lanes": {"reguler": 1, **lanes},
            "numbers_closed": None,
            "issued": 1,
            "called_label": None,
            "called_to": None,
        },
        {
            "service": KTP,
            "waiting": 2,
            "lanes": {"reguler": 2, **lanes},
            "numbers_closed": None,
            "issued": 3,
            "called_label": "KTP-001",
            "called_to": "K-01",
        },
    ]


async def test_the_board_shows_today_only(queue: Queue) -> None:
    await queue.issued(1)
    await queue.probe.rows("UPDATE lines SET service_date = service_date - 1")
    assert await queue.board() == []


async def test_whoever_waits_longest_comes_first_across_the_lines_of_a_counter(
    queue: Queue,
) -> None:
    entered = [(await queue.issue(service)).json()["ticket_id"] for service in (KIA, KTP, KTP, KIA)]
    counter_id = await queue.opened("K-01")
    order = []
    for _ in entered:
        ticket = await queue.called(counter_id)
        order.append(ticket["ticket_id"])
        await queue.finish(ticket["ticket_id"], counter_id, "no_show")
    assert order == entered
    assert await queue.called(counter_id) is None


async def test_a_counter_calls_only_from_its_own_lines(queue: Queue) -> None:
    await queue.issued(2, KTP)
    assert await queue.called(await queue.opened("K-09")) is None


async def test_a_counter_has_one_ticket_at_a_time(queue: Queue) -> None:
    await queue.issued(2)
    counter_id = await queue.opened()
    ticket = await queue.called(counter_id)
    for answer in (
        await queue.call_next(counter_id),
        await queue.post("/v1/counters/K-01/close"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "counter_busy")
    await queue.finish(ticket["ticket_id"], counter_id, "no_show")
    assert (await queue.call_next(counter_id)).status_code == 200


async def test_the_same_key_press_twice_calls_one_ticket(queue: Queue) -> None:
    await queue.issued(2)
    counter_id = await queue.opened()
    first = await queue.call_next(counter_id, key="one-key-press")
    again = await queue.call_next(counter_id, key="one-key-press")
    assert first.json() == again.json()
    assert (await queue.board())[0]["waiting"] == 1


async def test_only_the_counter_that_called_may_serve_and_finish(queue: Queue) -> None:
    waiting, _ = await queue.issued(2)
    here, there = await queue.opened("K-01"), await queue.opened("K-02")
    assert (await queue.serve(waiting, here)).json()["code"] == "not_called_here"
    ticket_id = (await queue.called(here))["ticket_id"]
    for answer in (await queue.serve(ticket_id, there), await queue.finish(ticket_id, there)):
        assert (answer.status_code, answer.json()["code"]) == (409, "not_called_here")
    unknown = await queue.serve(str(TicketId.new()), here)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "ticket_unknown")


async def test_a_ticket_goes_through_its_life_in_order(queue: Queue) -> None:
    (ticket_id,) = await queue.issued(1)
    counter_id = await queue.opened()
    await queue.called(counter_id)
    assert (await queue.finish(ticket_id, counter_id)).json()["code"] == "not_served_yet"
    await queue.serve(ticket_id, counter_id)
    assert (await queue.serve(ticket_id, counter_id)).json()["code"] == "already_served"
    refused = await queue.finish(ticket_id, counter_id, "no_show")
    assert refused.json()["code"] == "already_served"
    await queue.finish(ticket_id, counter_id)
    for answer in (
        await queue.serve(ticket_id, counter_id),
        await queue.finish(ticket_id, counter_id),
    ):
        assert answer.json()["code"] == "ticket_finished_already"


async def test_counters_open_and_close_in_turn(queue: Queue) -> None:
    never_opened = await queue.post("/v1/counters/K-01/close")
    assert (never_opened.status_code, never_opened.json()["code"]) == (404, "counter_unknown")
    counter_id = await queue.opened("K-01")
    again = await queue.post("/v1/counters/K-01/open")
    assert (again.status_code, again.json()["code"]) == (409, "counter_already_open")
    closed = await queue.post("/v1/counters/K-01/close")
    assert (closed.status_code, closed.json()["is_open"]) == (200, False)
    for answer in (
        await queue.post("/v1/counters/K-01/close"),
        await queue.call_next(counter_id),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "counter_closed")
    assert await queue.opened("K-01") == counter_id
    versions = [fact["version"] for fact in await queue.probe.facts()]
    assert versions == [1, 2, 3]


async def test_a_counter_must_be_in_the_catalogue(queue: Queue) -> None:
    answer = await queue.post("/v1/counters/Z9-99/open")
    assert (answer.status_code, answer.json()["code"]) == (404, "counter_unknown")
    answer = await queue.call_next(str(CounterId.new()))
    assert (answer.status_code, answer.json()["code"]) == (404, "counter_unknown")
    nowhere = queue.probe.bearer("officer-7", "officer", mall="mpp-x")
    answer = await queue.post("/v1/counters/K-01/open", headers=nowhere)
    assert (answer.status_code, answer.json()["code"]) == (422, "mall_unknown")


async def test_staff_act_for_their_own_mall_only(queue: Queue) -> None:
    (ticket_id,) = await queue.issued(1)
    counter_id = await queue.opened()
    foreign = queue.probe.bearer("officer-9", "officer", mall="mpp-lain")
    form = {"mall": MALL, "service": KTP}
    for path, body in (
        ("/v1/tickets", form),
        (f"/v1/counters/{counter_id}/call-next", None),
        (f"/v1/tickets/{ticket_id}/serve", {"counter_id": counter_id}),
        (f"/v1/tickets/{ticket_id}/finish", {"counter_id": counter_id, "outcome": "served"}),
    ):
        answer = await queue.post(path, body, headers=foreign)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_yours"), path
    homeless = queue.probe.bearer("officer-8", "officer")
    assert (await queue.post("/v1/tickets", form, headers=homeless)).status_code == 403
    assert (await queue.post("/v1/counters/K-02/open", headers=queue.kiosk)).status_code == 403


async def test_nobody_queues_for_what_is_not_there(queue: Queue) -> None:
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"service": "IMI-PAS"}, 422, "service_unknown"),
        ({"service": "ktp"}, 400, "invalid_fields"),
        ({"mall": None}, 400, "invalid_fields"),
        ({"name": "x"}, 400, "invalid_fields"),
    ]
    for changes, status, code in wrong:
        form = {"mall": MALL, "service": KTP, **changes}
        answer = await queue.post("/v1/tickets", form, headers=queue.kiosk)
        assert (answer.status_code, answer.json()["code"]) == (status, code), changes
    assert await queue.numbers() == []


async def test_a_repeated_request_gets_the_same_ticket(queue: Queue) -> None:
    first = await queue.issue(key="the-same-key")
    assert (await queue.issue(key="the-same-key")).json() == first.json()
    other = await queue.issue(KIA, key="the-same-key")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert await queue.numbers() == [1]


async def test_a_mall_that_cannot_be_read_is_parked_and_others_go_on(queue: Queue) -> None:
    broken = queue.probe.arrival(mall_entry("mpp-rusak", zone="Europe/Paris"))
    good = queue.probe.arrival(mall_entry("mpp-baru"))
    await queue.probe.deliver("queue.catalogue", broken, good)
    malls = await queue.probe.rows("SELECT code FROM malls ORDER BY code")
    assert [row["code"] for row in malls] == ["mpp-baru", MALL]
    (parked,) = await queue.probe.rows("SELECT reason, detail FROM parked")
    assert parked["reason"] == "handler_failed"
