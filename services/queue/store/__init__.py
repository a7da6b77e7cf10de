"""Reads and saves what queue decides on, as sets.

Locks counters, then lines, then tickets, then the head of the boards: always.
"""

from collections import Counter as Tally
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from chassis.database import Tx
from contracts.ids import CounterId, LineId, MallId, TicketId
from services.queue.domain.counter import Counter
from services.queue.domain.line import LineOfTheDay, NextFor, line_id_of
from services.queue.domain.mall import Mall
from services.queue.store import boards, counters, lines, malls, tickets
from services.queue.store.kinds import of_kind


async def load_many(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The states behind these keys; a counter brings its mall along."""
    calls, of_the_day = of_kind(keys, NextFor), of_kind(keys, LineOfTheDay)
    known = await counters.lock(
        tx, {*of_kind(keys, CounterId), *(call.counter_id for call in calls)}
    )
    offers = await malls.find(
        tx,
        {
            *of_kind(keys, MallId),
            *(line.mall for line in of_the_day),
            *(counter.mall for counter in known.values()),
        },
    )
    called_from = _calls_by_line(calls, known, offers)
    line_ids = {
        *of_kind(keys, LineId),
        *called_from,
        *(
            line_id_of(one.mall, one.service, offers[one.mall].date_of(one.at))
            for one in of_the_day
            if one.mall in offers
        ),
    }
    locked = await lines.lock(tx, line_ids)
    asked_for = await tickets.lock(tx, of_kind(keys, TicketId))
    heads = await tickets.heads(tx, called_from)
    # A ticket that was asked for by its id may stand in a head as well: it is the same row.
    found = [*known.values(), *offers.values(), *locked, *heads, *asked_for]
    return {state.id: state for state in found}


async def save_many(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the new form of counters, lines and tickets, and what boards show of it."""
    await counters.save(tx, states)
    await lines.save(tx, states)
    await tickets.save(tx, states)
    await boards.save(tx, states)


def _calls_by_line(
    calls: Iterable[NextFor], known: dict[CounterId, Counter], offers: dict[MallId, Mall]
) -> Tally[LineId]:
    """How many calls may take from each line: at most one per call and line."""
    tally: Tally[LineId] = Tally()
    for call in calls:
        counter = known.get(call.counter_id)
        mall = offers.get(counter.mall) if counter is not None else None
        if counter is not None and mall is not None:
            day = mall.date_of(call.at)
            tally.update(line_id_of(mall.id, service, day) for service in counter.services)
    return tally
