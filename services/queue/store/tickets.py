"""Tickets in their table, and the heads of lines.

Whoever changes a waiting ticket holds the lock of its line, so heads are read without one.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from typing import Any

from chassis.database import Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import AppointmentId, CounterId, LineId, ServiceCode, TicketId
from services.queue import tables
from services.queue.domain.line import HeadOf, LineHead
from services.queue.domain.ticket import Status, Ticket
from services.queue.store.kinds import of_kind

_row = row_of(Ticket)

# Of each line only as many as will be called, however long it is.
HEADS = """
SELECT ticket.* FROM unnest($1::uuid[], $2::integer[]) AS asked (line_id, calls)
CROSS JOIN LATERAL (
    SELECT * FROM tickets WHERE line_id = asked.line_id AND status = 'waiting'
    ORDER BY number LIMIT asked.calls
) AS ticket
"""


async def lock(tx: Tx, ids: Iterable[TicketId]) -> list[Ticket]:
    """The tickets with these ids, locked in the order of ids."""
    return [_ticket(row) for row in await lock_rows(tx, tables.tickets, ids)]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the tickets among these states."""
    tickets = of_kind(states, Ticket)
    # What is finished goes first, so that its counter may have the next in the same statement.
    tickets.sort(key=lambda ticket: ticket.status is not Status.FINISHED)
    await save_rows(tx, tables.tickets, [_row(one) for one in tickets])


async def heads(tx: Tx, calls: Tally[LineId]) -> list[Ticket | LineHead]:
    """The head of each of these lines, empty where nobody waits, and the tickets in them."""
    if not calls:
        return []
    rows = await tx.fetch(HEADS, list(calls), list(calls.values()))
    tickets = sorted((_ticket(row) for row in rows), key=lambda ticket: ticket.number)
    waiting: dict[LineId, list[TicketId]] = {line_id: [] for line_id in calls}
    for ticket in tickets:
        waiting[ticket.line_id].append(ticket.id)
    heads = [LineHead(HeadOf(line_id), tuple(ids)) for line_id, ids in waiting.items()]
    return [*tickets, *heads]


def _ticket(row: Row) -> Ticket:
    return Ticket(
        TicketId(row["id"]),
        row["version"],
        LineId(row["line_id"]),
        ServiceCode(row["service"]),
        row["number"],
        row["lane"],
        Status(row["status"]),
        row["issued_at"],
        AppointmentId(row["appointment_id"]) if row["appointment_id"] else None,
        CounterId(row["counter_id"]) if row["counter_id"] else None,
    )
