"""Tickets in their table.

Whoever changes a waiting ticket holds the lock of its queue.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from chassis.database import Overtaken, Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import (
    AppointmentId,
    CounterId,
    DeviceId,
    LineId,
    PersonId,
    ServiceCode,
    TicketId,
)
from services.queue import tables
from services.queue.domain.ticket import Status, Ticket
from services.queue.store.kinds import of_kind

_row = row_of(Ticket)

_WHEREABOUTS = "SELECT id, queue_id, service FROM tickets WHERE id = ANY($1::uuid[])"
_FREED_FIRST = {Status.FINISHED: 0, Status.HELD: 1, Status.WAITING: 2}
_AT_A_COUNTER = 3


class Whereabouts(NamedTuple):
    """Where a ticket waits, or waited last, and for what."""

    queue_id: LineId
    service: ServiceCode


async def whereabouts(tx: Tx, ids: Iterable[TicketId]) -> dict[TicketId, Whereabouts]:
    """Where these tickets are, before anything is locked: it may be over before the next look."""
    wanted = list(ids)
    rows = await tx.fetch(_WHEREABOUTS, wanted) if wanted else []
    return {
        TicketId(row["id"]): Whereabouts(LineId(row["queue_id"]), ServiceCode(row["service"]))
        for row in rows
    }


async def lock(
    tx: Tx, ids: Iterable[TicketId], expected: dict[TicketId, Whereabouts]
) -> list[Ticket]:
    """The tickets with these ids, locked in the order of ids.

    Raises Overtaken when one is not where it was expected: the lock of its queue is missing.
    """
    tickets = [ticket_of(row) for row in await lock_rows(tx, tables.tickets, ids)]
    for ticket in tickets:
        where = expected.get(ticket.id)
        if where is not None and where != (ticket.queue_id, ticket.service):
            raise Overtaken
    return tickets


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the tickets among these states."""
    tickets = of_kind(states, Ticket)
    # What left its counter goes first, so that another may be there in the same statement.
    tickets.sort(key=lambda ticket: _FREED_FIRST.get(ticket.status, _AT_A_COUNTER))
    await save_rows(tx, tables.tickets, [_row(one) for one in tickets])


def ticket_of(row: Row) -> Ticket:
    """The ticket of a row of its table."""
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
        LineId(row["queue_id"]),
        row["label"],
        row["place_at"],
        row["first_place_at"],
        row["entered_step"],
        row["lane_reason"],
        PersonId(row["person_id"]) if row["person_id"] else None,
        CounterId(row["for_counter"]) if row["for_counter"] else None,
        DeviceId(row["device_id"]) if row["device_id"] else None,
        row["occurred_at"],
        row["calls"],
        row["skips"],
        row["called_at"],
        row["held_until"],
        row["low_s"],
        row["high_s"],
        row["near_told"],
        row["outcome"],
    )
