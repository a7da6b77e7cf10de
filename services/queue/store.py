"""Reads and saves what queue decides on, as sets. Locks counters, then lines, then tickets: always.

Whoever changes a waiting ticket holds the lock of its line, so heads are read without one.
"""

import json
from collections import Counter as Tally
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar

from chassis.database import Row, Tx, lock_rows, row_of, save_rows
from contracts.ids import (
    AppointmentId,
    CounterCode,
    CounterId,
    LineId,
    MallId,
    ServiceCode,
    TicketId,
)
from services.queue import tables
from services.queue.domain.counter import Counter
from services.queue.domain.line import (
    HeadOf,
    Line,
    LineHead,
    LineOfTheDay,
    NextFor,
    line_id_of,
)
from services.queue.domain.mall import Mall
from services.queue.domain.ticket import Status, Ticket

K = TypeVar("K")

_line_row, _ticket_row = row_of(Line), row_of(Ticket)

# As text: what the driver makes of jsonb depends on who configured the connection.
_MALLS = "SELECT code, zone, counters::text AS counters FROM malls WHERE code = ANY($1::text[])"
_COUNTERS = """
SELECT id, version, mall, code, services::text AS services, is_open, ticket_id FROM counters
WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""
# Of each line only as many as will be called, however long it is.
_HEADS = """
SELECT ticket.* FROM unnest($1::uuid[], $2::integer[]) AS asked (line_id, calls)
CROSS JOIN LATERAL (
    SELECT * FROM tickets WHERE line_id = asked.line_id AND status = 'waiting'
    ORDER BY number LIMIT asked.calls
) AS ticket
"""


async def load_many(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The states behind these keys; a counter brings its mall along."""
    calls, of_the_day = _kind(keys, NextFor), _kind(keys, LineOfTheDay)
    counters = await _counters(tx, {*_kind(keys, CounterId), *(call.counter_id for call in calls)})
    malls = await _malls(
        tx,
        {
            *_kind(keys, MallId),
            *(line.mall for line in of_the_day),
            *(counter.mall for counter in counters.values()),
        },
    )
    called_from = _calls_by_line(calls, counters, malls)
    line_ids = {
        *_kind(keys, LineId),
        *called_from,
        *(
            line_id_of(one.mall, one.service, malls[one.mall].date_of(one.at))
            for one in of_the_day
            if one.mall in malls
        ),
    }
    lines = [_line(row) for row in await lock_rows(tx, tables.lines, line_ids)]
    tickets = [_ticket(row) for row in await lock_rows(tx, tables.tickets, _kind(keys, TicketId))]
    heads = await _heads(tx, called_from)
    # A ticket that was asked for by its id may stand in a head as well: it is the same row.
    found = [*counters.values(), *malls.values(), *lines, *heads, *tickets]
    return {state.id: state for state in found}


async def save_many(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the new form of counters, lines and tickets."""
    tickets = _kind(states, Ticket)
    # What is finished goes first, so that its counter may have the next in the same statement.
    tickets.sort(key=lambda ticket: ticket.status is not Status.FINISHED)
    counters = [
        (
            one.id,
            one.version,
            one.mall,
            one.code,
            json.dumps(one.services),
            one.is_open,
            one.ticket_id,
        )
        for one in _kind(states, Counter)
    ]
    await save_rows(tx, tables.counters, counters)
    await save_rows(tx, tables.lines, [_line_row(one) for one in _kind(states, Line)])
    await save_rows(tx, tables.tickets, [_ticket_row(one) for one in tickets])


async def save_malls(tx: Tx, malls: Iterable[Mall]) -> None:
    """Keep malls, each named once, as the catalogue has them now."""
    rows = [(mall.id, mall.zone, json.dumps(dict(mall.counters))) for mall in malls]
    await save_rows(tx, tables.malls, rows)


def _calls_by_line(
    calls: Iterable[NextFor], counters: dict[CounterId, Counter], malls: dict[MallId, Mall]
) -> Tally[LineId]:
    """How many calls may take from each line: at most one per call and line."""
    tally: Tally[LineId] = Tally()
    for call in calls:
        counter = counters.get(call.counter_id)
        mall = malls.get(counter.mall) if counter is not None else None
        if counter is not None and mall is not None:
            day = mall.date_of(call.at)
            tally.update(line_id_of(mall.id, service, day) for service in counter.services)
    return tally


async def _heads(tx: Tx, calls: Tally[LineId]) -> list[Ticket | LineHead]:
    """The head of each of these lines, empty where nobody waits, and the tickets in them."""
    if not calls:
        return []
    rows = await tx.fetch(_HEADS, list(calls), list(calls.values()))
    tickets = sorted((_ticket(row) for row in rows), key=lambda ticket: ticket.number)
    waiting: dict[LineId, list[TicketId]] = {line_id: [] for line_id in calls}
    for ticket in tickets:
        waiting[ticket.line_id].append(ticket.id)
    heads = [LineHead(HeadOf(line_id), tuple(ids)) for line_id, ids in waiting.items()]
    return [*tickets, *heads]


async def _counters(tx: Tx, ids: Iterable[CounterId]) -> dict[CounterId, Counter]:
    wanted = list(ids)
    rows = await tx.fetch(_COUNTERS, wanted) if wanted else []
    return {counter.id: counter for counter in map(_counter, rows)}


async def _malls(tx: Tx, ids: Iterable[MallId]) -> dict[MallId, Mall]:
    wanted = list(ids)
    rows = await tx.fetch(_MALLS, wanted) if wanted else []
    return {mall.id: mall for mall in map(_mall, rows)}


def _kind(items: Iterable[Any], kind: type[K]) -> list[K]:
    return [item for item in items if isinstance(item, kind)]


def _services(codes: Iterable[str]) -> tuple[ServiceCode, ...]:
    return tuple(map(ServiceCode, codes))


def _mall(row: Row) -> Mall:
    counters = json.loads(row["counters"])
    return Mall(
        MallId(row["code"]),
        row["zone"],
        {CounterCode(code): _services(services) for code, services in counters.items()},
    )


def _counter(row: Row) -> Counter:
    return Counter(
        CounterId(row["id"]),
        row["version"],
        MallId(row["mall"]),
        CounterCode(row["code"]),
        _services(json.loads(row["services"])),
        row["is_open"],
        TicketId(row["ticket_id"]) if row["ticket_id"] else None,
    )


def _line(row: Row) -> Line:
    return Line(
        LineId(row["id"]),
        MallId(row["mall"]),
        ServiceCode(row["service"]),
        row["service_date"],
        row["last_number"],
        row["waiting"],
        row["called_number"],
        CounterCode(row["called_to"]) if row["called_to"] else None,
    )


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
