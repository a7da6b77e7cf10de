"""Tickets that are called and moved by many at once: in one group, and in two processes."""

import asyncio
from collections import Counter as Tally
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chassis import clock, testing
from chassis.database import OVERTAKEN
from chassis.decide import Outcome, Submission, decide
from chassis.eventlog import Cause
from contracts.base import Command
from contracts.ids import Actor, CounterId, MallId, ServiceCode, TicketId
from services.queue.commands.asides import HoldTicket, ResumeTicket, TransferTicket
from services.queue.commands.calls import CallNextTicket
from services.queue.commands.tickets import IssueTicket
from services.queue.wiring import DOMAIN, SERVICE
from tests.services.queue.conftest import COUNTERS, KIA, KTP, MALL, Fresh, Queue, mall_entry
from tests.services.queue.test_asides import act

pytestmark = pytest.mark.integration


@pytest.fixture
async def both(fresh_database: Fresh, key_file: Path) -> AsyncIterator[tuple[Queue, Queue]]:
    """Two processes of queue on one database."""
    addresses = await fresh_database("queue")
    async with (
        testing.running(SERVICE, addresses, code_key_file=key_file) as one,
        testing.running(SERVICE, addresses, code_key_file=key_file) as other,
    ):
        await one.deliver("queue.catalogue", one.arrival(mall_entry()))
        yield Queue(one), Queue(other)


async def opened(both: tuple[Queue, Queue], *codes: str) -> list[str]:
    """Counters that were opened by their officers, who may ask either process."""
    one, other = both
    at = [await one.opened(code) for code in codes]
    other.officers = {
        counter_id: other.officer_of(code) for counter_id, code in zip(at, codes, strict=True)
    }
    return at


async def steps_are_whole(queue: Queue) -> None:
    """Each queue has its steps 1..m once, and the line says the last."""
    rows = await queue.probe.rows(
        """
        SELECT lines.step, array_agg(steps.step ORDER BY steps.step) AS taken
        FROM lines JOIN steps ON steps.queue_id = lines.id GROUP BY lines.id
        """
    )
    assert [row["taken"] for row in rows] == [[*range(1, row["step"] + 1)] for row in rows]


async def test_fifty_calls_at_once_by_eight_counters_call_each_ticket_once(
    both: tuple[Queue, Queue],
) -> None:
    one, _ = both
    await one.issued(60)
    at = await opened(both, *list(COUNTERS)[:8])
    answers = await asyncio.gather(
        *(both[turn % 2].call_next(at[turn % len(at)]) for turn in range(50))
    )
    called = [answer.json()["ticket"] for answer in answers if answer.status_code == 200]
    assert Tally(answer.status_code for answer in answers) == {200: 8, 409: 42}
    assert sorted(ticket["number"] for ticket in called) == list(range(1, 9))
    assert len({ticket["counter"] for ticket in called}) == 8
    await steps_are_whole(one)


async def test_two_first_transfers_into_a_queue_that_is_not_there_yet(
    both: tuple[Queue, Queue],
) -> None:
    one, _ = both
    tickets = await one.issued(2)
    at = await opened(both, "K-01", "K-02")
    here = [(await one.called(counter_id))["ticket_id"] for counter_id in at]
    assert here == tickets
    said = {"to_service": KIA, "reason": "layanan_lain"}
    answers = await asyncio.gather(
        *(
            act(queue, ticket, "transfer", counter_id, **said)
            for queue, ticket, counter_id in zip(both, here, at, strict=True)
        )
    )
    assert sorted(answer.json()["step"] for answer in answers) == [1, 2]
    (kia, _) = await one.board()
    assert kia["lanes"]["lanjutan"] == 2
    await steps_are_whole(one)


async def test_two_processes_send_on_in_opposite_directions(both: tuple[Queue, Queue]) -> None:
    one, _ = both
    at = await opened(both, "K-01", "K-02")
    for _ in range(5):
        tickets = [*await one.issued(1, KTP), *await one.issued(1, KIA)]
        reason = {"reason": "salah_panggil"}
        for ticket, counter_id in zip(tickets, at, strict=True):
            answer = await act(one, ticket, "call", counter_id, **reason)
            if answer.status_code != 200:
                assert answer.json()["code"] == "in_its_turn"
                assert (await one.called(counter_id))["ticket_id"] == ticket
        answers = await asyncio.gather(
            *(
                act(queue, ticket, "transfer", counter_id, to_service=to, reason="lain")
                for queue, ticket, counter_id, to in zip(both, tickets, at, (KIA, KTP), strict=True)
            )
        )
        assert [answer.status_code for answer in answers] == [200, 200]
    (row,) = await one.probe.rows(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    assert row["deadlocks"] == 0
    await steps_are_whole(one)


def told(number: int, counter: int = 1) -> dict[str, Any]:
    actor = Actor(f"officer:officer-{counter}")
    return {"actor": actor, "key": f"key-of-test-{number}", "at": clock.now(), "staff_mall": MALL}


async def in_one_group(queue: Queue, commands: list[Command]) -> list[Any]:
    async with queue.probe.running.database.transaction() as tx:
        return await decide(DOMAIN, tx, [Submission(one, Cause("test")) for one in commands])


async def test_two_counters_swap_their_tickets_in_one_group(queue: Queue) -> None:
    first, second = map(TicketId, await queue.issued(2))
    one, other = [CounterId(await queue.opened(code)) for code in ("K-01", "K-02")]
    for counter_id in (one, other):
        await queue.called(str(counter_id))
    aside = {"reason": "bayar", "minutes": 5}
    swap: list[Command] = [
        HoldTicket(ticket_id=first, counter_id=one, **aside, **told(1)),
        TransferTicket(
            ticket_id=second,
            counter_id=other,
            to_counter="K-01",
            hand_over=True,
            reason="tukar",
            **told(2, 2),
        ),
        ResumeTicket(ticket_id=first, counter_id=other, **told(3, 2)),
    ]
    # Row by row the indexes see both tickets at one counter, whatever the order: then each alone.
    try:
        results = await in_one_group(queue, swap)
    except OVERTAKEN:
        results = [result for one in swap for result in await in_one_group(queue, [one])]
    assert [type(result) for result in results] == [Outcome] * 3
    rows = await queue.probe.rows("SELECT code, ticket_id FROM counters ORDER BY code")
    assert [(row["code"], row["ticket_id"]) for row in rows] == [("K-01", second), ("K-02", first)]


class Counted:
    """A transaction that counts its statements."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.statements = 0

    def __getattr__(self, name: str) -> Any:
        self.statements += name in {"fetch", "fetchrow", "fetchval", "execute"}
        self.statements += name == "copy_records_to_table"
        return getattr(self._tx, name)


async def test_a_group_has_as_many_statements_whatever_its_size(queue: Queue) -> None:
    await queue.issued(20)
    at = [CounterId(await queue.opened(code)) for code in list(COUNTERS)[:8]]

    async def count(size: int, base: int) -> int:
        commands: list[Command] = []
        for number in range(size):
            new = {"ticket_id": TicketId.new(), "mall": MallId(MALL), "service": ServiceCode(KTP)}
            commands.append(IssueTicket(**new, **told(base + 2 * number)))
            place = base // 100 + number
            call = told(base + 2 * number + 1, place + 1)
            commands.append(CallNextTicket(counter_id=at[place], **call))
        async with queue.probe.running.database.transaction() as tx:
            counted: Any = Counted(tx)
            results = await decide(DOMAIN, counted, [Submission(c, Cause("t")) for c in commands])
        assert {type(result) for result in results} == {Outcome}
        statements: int = counted.statements
        return statements

    assert await count(1, 100) == await count(6, 200) <= 16
