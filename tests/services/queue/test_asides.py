"""Tickets that do not go straight, over HTTP: each rule as it says yes, and as it says no."""

from itertools import product
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contracts.base import Refused
from contracts.ids import TicketId
from services.queue.domain.ticket import ALLOWED, Move, Status, Ticket
from tests.services.queue.conftest import KIA, KTP, Queue
from tests.services.queue.test_lanes import asked

pytestmark = pytest.mark.integration
# By hand: what may happen where, and what is said otherwise.
MAY = {
    "waiting": "call reclassify lapse",
    "called": "recall serve no_show skip hold transfer hand_over",
    "served": "finish hold transfer hand_over",
    "held": "resume return lapse",
    "finished": "",
}


@pytest.mark.parametrize("status, move", list(product(Status, Move)))
def test_what_is_not_in_the_table_is_refused_by_name(status: Status, move: Move) -> None:
    assert ((status, move) in ALLOWED) == (move.value in MAY[status.value].split())
    ticket = object.__new__(Ticket)
    object.__setattr__(ticket, "status", status)
    if (status, move) in ALLOWED:
        ticket.must_allow(move)
        return
    with pytest.raises(Refused) as refusal:
        ticket.must_allow(move)
    expected = {
        "finished": "ticket_finished_already",
        "served": "already_served",
        "called": "not_served_yet",
    }
    if move.value in ["call", "reclassify", "lapse"] and status is not Status.FINISHED:
        assert refusal.value.code == "not_waiting"
    elif move.value in ["resume", "return"] and status is not Status.FINISHED:
        assert refusal.value.code == "not_held"
    else:
        assert refusal.value.code == expected.get(status.value, "not_called_here")


async def act(
    queue: Queue, ticket_id: str, what: str, counter_id: str | None = None, **said: Any
) -> httpx.Response:
    """Something an officer does with a ticket, at the counter that is named."""
    form = said if counter_id is None else {"counter_id": counter_id, **said}
    headers = queue.officers.get(counter_id or "")
    return await queue.post(f"/v1/tickets/{ticket_id}/{what}", form or None, headers=headers)


async def done(queue: Queue, *args: Any, **said: Any) -> dict[str, Any]:
    answer = await act(queue, *args, **said)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(answer: httpx.Response) -> str:
    assert 400 <= answer.status_code < 500, answer.text
    code: str = answer.json()["code"]
    return code


async def labels(queue: Queue, counter_id: str) -> list[str]:
    order = []
    while (ticket := await queue.called(counter_id)) is not None:
        order.append(ticket["label"])
        await queue.serve(ticket["ticket_id"], counter_id)
        await queue.finish(ticket["ticket_id"], counter_id)
    return order


async def test_nobody_is_missed_before_he_was_called_as_often_as_the_policy_says(
    queue: Queue,
) -> None:
    await queue.ruled(recall={"least_calls_before_no_show": 2, "least_seconds": 0})
    (ticket,) = await queue.issued(1)
    counter_id = await queue.opened()
    await queue.called(counter_id)
    assert refused(await queue.finish(ticket, counter_id, "no_show")) == "recall_first"
    moved = await done(queue, ticket, "recall", counter_id)
    assert (moved["status"], moved["calls"], moved["counter"]) == ("called", 2, "K-01")
    assert (await queue.finish(ticket, counter_id, "no_show")).status_code == 200


async def test_between_two_calls_there_is_time_to_come(queue: Queue) -> None:
    await queue.ruled(recall={"least_calls_before_no_show": 2, "least_seconds": 600})
    (ticket,) = await queue.issued(1)
    counter_id = await queue.opened()
    await queue.called(counter_id)
    assert refused(await act(queue, ticket, "recall", counter_id)) == "recalled_too_soon"
    await queue.serve(ticket, counter_id)
    assert refused(await act(queue, ticket, "recall", counter_id)) == "already_served"


async def test_who_steps_aside_comes_back_to_any_free_counter_of_the_service(queue: Queue) -> None:
    first, second = await queue.issued(2)
    one, other, only_kia = [await queue.opened(code) for code in ("K-01", "K-02", "K-09")]
    await queue.called(one)
    await done(queue, first, "hold", one, reason="fotokopi", minutes=10)
    assert (await queue.called(one))["ticket_id"] == second
    assert refused(await act(queue, first, "resume", one)) == "counter_busy"
    assert refused(await act(queue, first, "resume", only_kia)) == "service_elsewhere"
    assert refused(await act(queue, second, "resume", other)) == "not_held"
    moved = await done(queue, first, "resume", other)
    assert (moved["status"], moved["counter"]) == ("called", "K-02")
    assert (await queue.serve(first, other)).status_code == 200


async def test_a_hold_has_a_published_reason_and_an_end(queue: Queue) -> None:
    (ticket,) = await queue.issued(1)
    counter_id = await queue.opened()
    await queue.called(counter_id)
    for reason, minutes, code in [
        ("merokok", 5, "hold_reason_unknown"),
        ("bayar", 31, "hold_too_long"),
    ]:
        answer = await act(queue, ticket, "hold", counter_id, reason=reason, minutes=minutes)
        assert refused(answer) == code
    await done(queue, ticket, "hold", counter_id, reason="bayar", minutes=30)
    (row,) = await queue.probe.rows("SELECT status, counter_id, held_until FROM tickets")
    assert (row["status"], row["counter_id"]) == ("held", None)
    assert refused(await act(queue, ticket, "recall", counter_id)) == "not_called_here"


async def test_who_stepped_aside_may_wait_again_at_the_place_that_he_had(queue: Queue) -> None:
    first, *_ = await queue.issued(3)
    counter_id = await queue.opened()
    await queue.called(counter_id)
    await done(queue, first, "hold", counter_id, reason="bayar", minutes=5)
    moved = await done(queue, first, "return")
    assert (moved["status"], moved["lane"]) == ("waiting", "lanjutan")
    assert refused(await act(queue, first, "return")) == "not_held"
    assert (await queue.board())[0]["lanes"]["lanjutan"] == 1
    assert await labels(queue, counter_id) == ["KTP-001", "KTP-002", "KTP-003"]


@pytest.mark.parametrize(
    "waiting, order",
    [(5, [2, 3, 4, 1, 5, 6]), (3, [2, 3, 4, 1]), (2, [2, 3, 1]), (0, [1])],
)
async def test_a_skipped_ticket_lets_three_others_go_first(
    queue: Queue, waiting: int, order: list[int]
) -> None:
    first, *_ = await queue.issued(1 + waiting)
    counter_id = await queue.opened()
    await queue.called(counter_id)
    moved = await done(queue, first, "skip", counter_id)
    assert (moved["status"], moved["skips"], moved["counter"]) == ("waiting", 1, None)
    assert await labels(queue, counter_id) == [f"KTP-00{number}" for number in order]


async def test_who_was_skipped_often_enough_is_a_no_show(queue: Queue) -> None:
    (ticket,) = await queue.issued(1)
    counter_id = await queue.opened()
    for _ in range(2):
        await queue.called(counter_id)
        await done(queue, ticket, "skip", counter_id)
    await queue.called(counter_id)
    assert refused(await act(queue, ticket, "skip", counter_id)) == "skipped_too_often"
    assert (await queue.finish(ticket, counter_id, "no_show")).status_code == 200


async def test_a_skipped_ticket_may_be_put_behind_all(queue: Queue) -> None:
    await queue.ruled(skip={"then": "no_show", "behind": "last", "most": 2})
    first, *_ = await queue.issued(5)
    counter_id = await queue.opened()
    await queue.called(counter_id)
    await done(queue, first, "skip", counter_id)
    assert await labels(queue, counter_id) == [f"KTP-00{number}" for number in (2, 3, 4, 5, 1)]


async def test_who_is_sent_on_keeps_place_and_label_in_the_other_queue(queue: Queue) -> None:
    ticket = (await queue.issue(KTP)).json()["ticket_id"]
    await queue.issued(2, KIA)
    counter_id, other = await queue.opened("K-01"), await queue.opened("K-09")
    await queue.called(counter_id)
    await queue.serve(ticket, counter_id)
    moved = await done(queue, ticket, "transfer", counter_id, to_service=KIA, reason="layanan_lain")
    assert (moved["service"], moved["lane"], moved["label"]) == (KIA, "lanjutan", "KTP-001")
    assert (await queue.called(other))["label"] == "KTP-001"
    (kia, ktp) = await queue.board()
    assert (kia["called_label"], kia["waiting"], ktp["waiting"]) == ("KTP-001", 2, 0)
    (row,) = await queue.probe.rows("SELECT line_id, queue_id FROM tickets WHERE id = $1", ticket)
    assert row["line_id"] != row["queue_id"]


async def test_the_policy_may_give_a_new_place_instead(queue: Queue) -> None:
    await queue.ruled(transfer={"place": "now"}, slots=[["reguler", "lanjutan"], ["prioritas"]])
    ticket = (await queue.issue(KTP)).json()["ticket_id"]
    await queue.issued(1, KIA)
    counter_id, other = await queue.opened("K-01"), await queue.opened("K-09")
    await queue.called(counter_id)
    await done(queue, ticket, "transfer", counter_id, to_service=KIA, reason="layanan_lain")
    assert await labels(queue, other) == ["KIA-001", "KTP-001"]


async def test_who_is_sent_to_one_counter_is_called_by_no_other_and_there_first(
    queue: Queue,
) -> None:
    first, _, _ = await queue.issued(3)
    one, other = await queue.opened("K-01"), await queue.opened("K-02")
    await queue.called(one)
    await done(queue, first, "transfer", one, to_counter="K-02", reason="petugas_lain")
    assert (await queue.called(one))["label"] == "KTP-002"
    (line,) = await queue.board()
    assert (line["waiting"], line["lanes"]["lanjutan"]) == (2, 0)
    assert (await queue.called(other))["label"] == "KTP-001"


async def test_a_ticket_is_handed_over_to_a_free_counter_at_once(queue: Queue) -> None:
    first, second = await queue.issued(2)
    one, other = await queue.opened("K-01"), await queue.opened("K-02")
    await queue.called(one)
    await queue.serve(first, one)
    moved = await done(
        queue, first, "transfer", one, to_counter="K-02", hand_over=True, reason="petugas_lain"
    )
    assert (moved["status"], moved["counter"]) == ("served", "K-02")
    assert refused(await queue.finish(first, one)) == "not_called_here"
    assert (await queue.called(one))["ticket_id"] == second
    again = {"to_counter": "K-01", "hand_over": True, "reason": "kembali"}
    assert refused(await act(queue, first, "transfer", other, **again)) == "counter_busy"
    assert (await queue.finish(first, other)).status_code == 200


async def test_it_is_clear_where_somebody_is_sent(queue: Queue) -> None:
    (ticket,) = await queue.issued(1)
    counter_id, _ = await queue.opened("K-01"), await queue.opened("K-09")
    await queue.called(counter_id)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "transfer_nowhere"),
        ({"hand_over": True}, "transfer_nowhere"),
        ({"to_counter": "K-01", "hand_over": True}, "transfer_nowhere"),
        ({"to_service": "IMI-PAS"}, "service_unknown"),
        ({"to_counter": "K-09", "to_service": KTP}, "service_elsewhere"),
        ({"to_counter": "K-05"}, "counter_unknown"),
    ]
    for said, code in wrong:
        answer = await act(queue, ticket, "transfer", counter_id, reason="lanjut", **said)
        assert refused(answer) == code, said
    # A counter with one service only says by itself which.
    moved = await done(queue, ticket, "transfer", counter_id, to_counter="K-09", reason="lanjut")
    assert moved["service"] == KIA


async def test_a_call_out_of_order_has_a_published_reason_and_moves_no_turn(queue: Queue) -> None:
    await queue.ruled()
    _, _, third = await queue.issued(3)
    await asked(queue, "prioritas", "lansia")
    counter_id = await queue.opened()
    bad = await act(queue, third, "call", counter_id, reason="ingin_cepat")
    assert refused(bad) == "override_reason_unknown"
    await done(queue, third, "call", counter_id, reason="darurat_medis")
    (fact,) = [one for one in await queue.probe.facts() if "called" in one["type"]]
    said = fact["payload"]
    assert (said["reason"], said["before"], said["turn"]) == ("darurat_medis", 3, 0)
    assert (await queue.probe.rows("SELECT turn, turn_of FROM lines"))[0]["turn_of"] is None
    assert refused(await act(queue, third, "call", counter_id, reason="salah_panggil")) == (
        "not_waiting"
    )


async def test_what_comes_next_anyway_is_not_called_out_of_order(queue: Queue) -> None:
    first, second = await queue.issued(2)
    counter_id, other = await queue.opened(), await queue.opened("K-09")
    reason = {"reason": "salah_panggil"}
    assert refused(await act(queue, first, "call", counter_id, **reason)) == "in_its_turn"
    assert refused(await act(queue, second, "call", other, **reason)) == "service_elsewhere"
    assert (await done(queue, second, "call", counter_id, **reason))["counter"] == "K-01"


async def test_who_waits_may_be_let_in_first(queue: Queue) -> None:
    await queue.ruled(priority={"reasons": ["lansia"], "most_per_day": 1})
    _, second, third = await queue.issued(3)
    for reason, code in [(None, "priority_reason_missing"), ("kaya", "priority_reason_unknown")]:
        answer = await act(queue, second, "lane", lane="prioritas", reason=reason)
        assert refused(answer) == code
    first_in = {"lane": "prioritas", "reason": "lansia"}
    assert (await done(queue, second, "lane", **first_in))["lane"] == "prioritas"
    assert refused(await act(queue, second, "lane", **first_in)) == "already_priority"
    assert refused(await act(queue, third, "lane", **first_in)) == "priority_used_up"
    counter_id = await queue.opened()
    assert (await queue.called(counter_id))["label"] == "KTP-002"
    assert refused(await act(queue, second, "lane", **first_in)) == "not_waiting"


async def test_only_the_holder_gives_a_place_up(queue: Queue) -> None:
    made = [(await queue.issue()).json() for _ in range(2)]
    path = f"/v1/tickets/{made[0]['ticket_id']}/leave"

    async def leave(code: str | None) -> httpx.Response:
        headers = {"Idempotency-Key": uuid4().hex} | ({"Ticket-Code": code} if code else {})
        return await queue.probe.client.post(path, headers=headers)

    for code in (None, "WRONG", made[1]["code"]):
        assert (await leave(code)).status_code == 403
    assert (await leave(made[0]["code"])).json()["status"] == "finished"
    assert refused(await leave(made[0]["code"])) == "ticket_finished_already"
    assert (await queue.board())[0]["waiting"] == 1
    assert await labels(queue, await queue.opened()) == ["KTP-002"]


async def test_officers_of_other_malls_move_nothing(queue: Queue) -> None:
    (ticket,) = await queue.issued(1)
    foreign = queue.probe.bearer("officer-9", "officer", mall="mpp-lain")
    for what, body in [("return", None), ("lane", {"lane": "prioritas", "reason": "lansia"})]:
        answer = await queue.post(f"/v1/tickets/{ticket}/{what}", body, headers=foreign)
        assert refused(answer) == "not_yours"
    nobody = str(TicketId.new())
    assert refused(await act(queue, nobody, "return")) == "ticket_unknown"
