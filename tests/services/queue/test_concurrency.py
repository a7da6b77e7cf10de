"""What must hold when many issue and call at once, also when somebody goes round the domain."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.dialects import postgresql

from chassis import clock
from chassis.decide import Outcome, Submission, decide
from chassis.eventlog import Cause
from contracts.base import Command
from contracts.ids import Actor, CounterId, MallId, ServiceCode, TicketId
from services.queue.commands.calls import CallNextTicket, FinishTicket
from services.queue.commands.tickets import IssueTicket
from services.queue.store.heads import HEADS
from services.queue.tables import metadata
from services.queue.wiring import DOMAIN
from tests.services.queue.conftest import KIA, KTP, MALL, Fresh, Queue, two_processes

pytestmark = pytest.mark.integration


async def call_until_empty(queue: Queue, code: str) -> list[dict[str, Any]]:
    """Work at one counter until nobody waits: call, serve, finish."""
    counter_id = await queue.opened(code)
    called: list[dict[str, Any]] = []
    while (ticket := await queue.called(counter_id)) is not None:
        called.append(ticket)
        assert (await queue.serve(ticket["ticket_id"], counter_id)).status_code == 200
        assert (await queue.finish(ticket["ticket_id"], counter_id)).status_code == 200
    return called


async def test_eight_counters_call_200_tickets_once_each_and_in_order(queue: Queue) -> None:
    await queue.issued(200)
    shifts = await asyncio.gather(
        *(call_until_empty(queue, f"K-{number:02d}") for number in range(1, 9))
    )
    numbers = [ticket["number"] for shift in shifts for ticket in shift]
    assert sorted(numbers) == list(range(1, 201))
    for shift in shifts:
        assert [ticket["number"] for ticket in shift] == sorted(t["number"] for t in shift)
    facts = await queue.probe.facts()
    calls = [fact["payload"] for fact in facts if fact["type"] == "queue.ticket_called.v1"]
    assert [call["number"] for call in calls] == list(range(1, 201))
    assert Counter(fact["type"] for fact in facts)["queue.ticket_finished.v1"] == 200
    (line,) = await queue.board()
    assert (line["waiting"], line["issued"], line["called_label"]) == (0, 200, "KTP-200")


async def test_numbers_have_no_gap_and_no_repeat_when_all_come_at_once(queue: Queue) -> None:
    answers = await asyncio.gather(*(queue.issue() for _ in range(300)))
    assert sorted(answer.json()["number"] for answer in answers) == list(range(1, 301))
    assert await queue.numbers() == list(range(1, 301))


async def test_two_processes_number_and_call_one_line_together(
    fresh_database: Fresh, key_file: Path
) -> None:
    async with two_processes(fresh_database, key_file) as both:
        answers = await asyncio.gather(*(both[turn % 2].issue() for turn in range(120)))
        numbers = sorted(answer.json()["number"] for answer in answers)
        assert numbers == list(range(1, 121))
        shifts = await asyncio.gather(
            *(call_until_empty(both[turn % 2], f"K-{turn + 1:02d}") for turn in range(4))
        )
        called = sorted(ticket["number"] for shift in shifts for ticket in shift)
        assert called == list(range(1, 121))


async def test_two_processes_begin_a_line_together(fresh_database: Fresh, key_file: Path) -> None:
    async with two_processes(fresh_database, key_file) as both:
        one = both[0].probe
        for service in (KTP, KIA):
            answers = await asyncio.gather(*(queue.issue(service) for queue in both * 10))
            assert sorted(answer.json()["number"] for answer in answers) == list(range(1, 21))
        steps = await one.rows("SELECT queue_id, step FROM steps ORDER BY queue_id, step")
        assert [row["step"] for row in steps] == [*range(1, 21)] * 2


async def test_issuing_and_calling_at_once_keeps_the_order(queue: Queue) -> None:
    counter_ids = [await queue.opened(f"K-{number:02d}") for number in range(1, 9)]
    calls = [queue.call_next(counter_id) for counter_id in counter_ids]
    issues = [queue.issue(KIA) for _ in range(30)]
    answers = await asyncio.gather(*issues[:5], *calls, *issues[5:])
    tickets = [one.json()["ticket"] for one in answers[5:13]]
    called = [ticket["number"] for ticket in tickets if ticket is not None]
    assert sorted(called) == list(range(1, len(called) + 1))
    assert called
    assert await queue.numbers() == list(range(1, 31))


async def test_a_counter_may_finish_and_call_in_one_transaction(queue: Queue) -> None:
    (first,) = await queue.issued(1)
    counter_id = CounterId(await queue.opened())
    await queue.called(str(counter_id))
    second, third = TicketId.new(), TicketId.new()
    own: dict[str, Any] = {"staff_mall": MallId(MALL), "at": clock.now()}
    commands: list[Command] = [
        IssueTicket(ticket_id=second, mall=MallId(MALL), service=ServiceCode(KTP), **who(1), **own),
        IssueTicket(ticket_id=third, mall=MallId(MALL), service=ServiceCode(KTP), **who(4), **own),
        FinishTicket(
            ticket_id=TicketId(first), counter_id=counter_id, outcome="no_show", **who(2), **own
        ),
        CallNextTicket(counter_id=counter_id, **who(3), **own),
        FinishTicket(ticket_id=second, counter_id=counter_id, outcome="no_show", **who(5), **own),
        CallNextTicket(counter_id=counter_id, **who(6), **own),
    ]
    async with queue.probe.running.database.transaction() as tx:
        group = [Submission(command, Cause("test")) for command in commands]
        results = await decide(DOMAIN, tx, group)
    assert [type(result) for result in results] == [Outcome] * 6
    rows = await queue.probe.rows("SELECT id, status FROM tickets ORDER BY number")
    assert [row["status"] for row in rows] == ["finished", "finished", "called"]


def who(number: int) -> dict[str, Any]:
    return {"actor": Actor("officer:officer-1"), "key": f"key-of-test-{number}"}


async def test_twenty_equal_requests_at_once_issue_one_ticket(queue: Queue) -> None:
    answers = await asyncio.gather(*(queue.issue(key="one-intention") for _ in range(20)))
    assert len({answer.text for answer in answers}) == 1
    assert await queue.numbers() == [1]


async def test_calling_next_reads_no_more_of_a_line_than_it_calls(queue: Queue) -> None:
    await queue.issued(1)
    await queue.probe.rows(
        """
        INSERT INTO tickets (id, version, line_id, service, number, lane, status, issued_at,
                             queue_id, label, place_at, first_place_at)
        SELECT gen_random_uuid(), 1, line_id, service, number + step, lane, status, issued_at,
               queue_id, label, place_at, first_place_at
        FROM tickets, generate_series(1, 5000) AS step
        """
    )
    (line,) = await queue.probe.rows("SELECT id FROM lines")
    statement = f"EXPLAIN (ANALYZE, FORMAT TEXT) {HEADS}"
    plan = await queue.probe.rows(statement, [line["id"]], ["reguler"], [8])
    text = "\n".join(row[0] for row in plan)
    assert "tickets_heap" in text
    assert "Sort" not in text
    assert "rows=8" in text


BROKEN_RULES = [
    ("UPDATE tickets SET number = 1", "tickets_number_once_per_line"),
    ("UPDATE tickets SET status = 'called'", "tickets_at_a_counter_or_not"),
    ("UPDATE tickets SET status = 'held'", "tickets_at_a_counter_or_not"),
    ("UPDATE tickets SET status = 'lost'", "tickets_status_known"),
    ("UPDATE tickets SET lane = 'vip'", "tickets_lane_known"),
    ("UPDATE tickets SET lane = 'prioritas'", "tickets_priority_has_a_reason"),
    ("UPDATE lines SET waiting = 3", "lines_lanes_add_up"),
    ("UPDATE lines SET waiting = -1, wait_reguler = -1", "lines_lanes_never_below_zero"),
    ("UPDATE lines SET last_number = 1", "lines_only_go_on"),
    ("UPDATE lines SET step = step - 1", "lines_only_go_on"),
    ("UPDATE lines SET most = 1", "lines_within_their_cap"),
    ("UPDATE lines SET priority_most = 0, priority_issued = 1", "lines_within_priority_cap"),
    ("UPDATE lines SET series = 'B'", "lines_series_of_a_device"),
    (
        """
        INSERT INTO lines (id, mall, service, service_date, last_number, waiting)
        SELECT gen_random_uuid(), mall, service, service_date, 0, 0 FROM lines
        """,
        "lines_once",
    ),
    (
        "INSERT INTO steps SELECT queue_id, step, gen_random_uuid(), 1 FROM steps",
        "steps_taken_once",
    ),
    ("UPDATE counters SET officer = 'officer:one'", "counters_one_per_officer"),
    (
        "UPDATE counters SET is_open = false, ticket_id = NULL, officer = 'officer:one'",
        "counters_officer_while_open",
    ),
    (
        """
        UPDATE counters SET is_open = false, ticket_id = NULL, officer = NULL,
                            paused_reason = 'ibadah'
        """,
        "counters_pause_while_open",
    ),
    ("UPDATE counters SET is_open = false", "counters_call_while_open"),
    (
        "UPDATE counters SET ticket_id = (SELECT ticket_id FROM counters WHERE code = 'K-01')",
        "counters_never_share_a_ticket",
    ),
    (
        "UPDATE tickets SET status = 'called', counter_id = (SELECT id FROM counters LIMIT 1)",
        "tickets_one_at_a_counter",
    ),
    (
        "UPDATE tickets SET appointment_id = (SELECT appointment_id FROM tickets LIMIT 1)",
        "tickets_one_per_appointment",
    ),
]


async def test_the_database_itself_refuses_what_no_rule_allows(queue: Queue) -> None:
    await queue.issued(2)
    await queue.called(await queue.opened("K-01"))
    await queue.opened("K-02")
    await queue.probe.rows("UPDATE tickets SET appointment_id = gen_random_uuid()")
    for statement, rule in BROKEN_RULES:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=rule):
            await queue.probe.rows(statement)


async def test_tables_are_as_the_migrations_make_them(queue: Queue) -> None:
    rows = await queue.probe.rows(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
    )
    made = {(row["table_name"], row["column_name"]): tuple(row)[2:] for row in rows}
    dialect = postgresql.dialect()
    for table in metadata.tables.values():
        declared = {
            (table.name, column.name): (
                column.type.compile(dialect=dialect).lower(),
                "YES" if column.nullable else "NO",
            )
            for column in table.columns
        }
        assert declared == {key: kind for key, kind in made.items() if key[0] == table.name}
