"""Reads and saves what queue decides on, as sets.

Locks counters, then devices, lines, tickets, presences, each in the order of ids, then sums of
surveys, then the head of the boards: always.
"""

from collections import Counter as Tally
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from chassis.database import Tx
from contracts.ids import CounterId, DeviceId, LineId, MallId, SurveyId, TicketId
from services.queue.domain.counter import Counter, counter_id_of
from services.queue.domain.device import DeviceIn, device_of
from services.queue.domain.line import (
    Line,
    LineOfTheDay,
    LineOn,
    NextFor,
    TicketInItsQueue,
    line_id_of,
)
from services.queue.domain.mall import Mall
from services.queue.domain.order import AheadOf, Behind
from services.queue.domain.policy import BUILT_IN
from services.queue.domain.presence import MallDay
from services.queue.domain.seats import Company, CounterOf, Seat, TicketAt
from services.queue.domain.sent_on import SentOn, service_meant
from services.queue.domain.series import SeriesOfTheDay, SeriesOn
from services.queue.domain.survey import VisitOf
from services.queue.domain.ticket_refusals import TransferNowhere
from services.queue.store import (
    boards,
    counters,
    devices,
    heads,
    lines,
    malls,
    presences,
    surveys,
    tickets,
)
from services.queue.store.kinds import of_kind

C = TypeVar("C", NextFor, Company)


async def load_many(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The states behind these keys; a counter brings its mall along."""
    calls, of_the_day = of_kind(keys, NextFor), of_kind(keys, LineOfTheDay)
    in_queues = [one.ticket_id for one in of_kind(keys, TicketInItsQueue)]
    company, officers = of_kind(keys, Company), of_kind(keys, CounterOf)
    targets = of_kind(keys, SentOn)
    where = await tickets.whereabouts(tx, in_queues)
    known = await counters.lock(
        tx,
        {
            *of_kind(keys, CounterId),
            *(call.counter_id for call in calls),
            *await counters.where(tx, [one.officer for one in officers]),
            *await counters.beside(tx, [one.counter_id for one in company]),
        },
    )
    left = {one.counter_id for one in of_kind(keys, TicketAt)}
    in_hand = [one.ticket_id for one in known.values() if one.id in left and one.ticket_id]
    where |= await tickets.whereabouts(tx, in_hand)
    offers = await malls.find(
        tx,
        {
            *of_kind(keys, MallId),
            *(line.mall for line in of_the_day),
            *(one.mall for one in of_kind(keys, DeviceIn)),
            *(one.mall for one in of_kind(keys, MallDay)),
            *(one.mall for one in targets),
            *(counter.mall for counter in known.values()),
        },
    )
    working = _devices(of_kind(keys, DeviceIn), offers)
    at_work = await devices.lock(tx, of_kind(keys, DeviceId), working)
    reach = _reach(calls, known, offers)
    locked = await lines.lock(
        tx,
        {
            *of_kind(keys, LineId),
            *(queue_id for queues in reach.values() for queue_id in queues),
            *(one.queue_id for one in where.values()),
            *_behind(company, known, offers),
        },
        [*of_kind(keys, LineOn), *_begun([*of_the_day, *_sent_on(targets, known, where)], offers)],
    )
    letters = await devices.letters(tx, _days(of_kind(keys, SeriesOfTheDay), offers))
    asked_for = await tickets.lock(tx, {*of_kind(keys, TicketId), *in_queues, *in_hand}, where)
    put_back = _put_back(of_kind(keys, Behind), where, locked, offers)
    first = await heads.read(tx, _depths(calls, reach, where, put_back), locked)
    ahead = await heads.ahead_of(
        tx,
        [one.ticket_id for one in of_kind(keys, AheadOf)],
        {ticket_id: one.queue_id for ticket_id, one in where.items()},
        locked,
    )
    meant = await _meant(tx, calls, reach, locked)
    attending = await presences.attend(tx, of_kind(keys, MallDay), offers)
    # A ticket that was asked for by its id may stand in a head as well: it is the same row.
    found = [
        *known.values(),
        *offers.values(),
        *locked.values(),
        *first.heads,
        *meant.heads,
        *ahead,
        *first.tickets,
        *meant.tickets,
        *asked_for,
        *_seats(officers, known),
        *at_work.values(),
        *letters,
        *attending,
        *await surveys.find_visits(tx, of_kind(keys, VisitOf)),
        *await surveys.find(tx, of_kind(keys, SurveyId)),
    ]
    return {state.id: state for state in found}


async def save_many(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the new form of all these, the steps taken, and what boards show of it."""
    await counters.save(tx, states)
    await devices.save(tx, states)
    await lines.save(tx, states)
    await tickets.save(tx, states)
    await presences.save(tx, states)
    await surveys.save(tx, states)
    await boards.save(tx, states)


def _begun(asked: Iterable[LineOfTheDay], offers: Mapping[MallId, Mall]) -> list[LineOn]:
    """The lines of today; none for what the mall does not offer, which would only be refused."""
    return [
        LineOn(one.mall, one.service, offers[one.mall].date_of(one.at))
        for one in asked
        if one.mall in offers and offers[one.mall].offers(one.service)
    ]


def _seats(officers: Iterable[CounterOf], known: Mapping[CounterId, Counter]) -> list[Seat]:
    """Where each of these officers is, as the locked rows say."""
    at = {counter.officer: counter.id for counter in known.values()}
    return [Seat(one, at.get(one.officer)) for one in officers]


def _devices(asked: Iterable[DeviceIn], offers: Mapping[MallId, Mall]) -> set[DeviceId]:
    """The devices that these clients are."""
    found = (device_of(offers[one.mall], one.client) for one in asked if one.mall in offers)
    return {device_id for device_id in found if device_id is not None}


def _days(asked: Iterable[SeriesOfTheDay], offers: Mapping[MallId, Mall]) -> list[SeriesOn]:
    """The days that these instants are on the walls of the malls."""
    return list(
        {
            SeriesOn(one.mall, one.service, offers[one.mall].date_of(one.at)): None
            for one in asked
            if one.mall in offers
        }
    )


def _behind(
    company: Iterable[Company],
    known: Mapping[CounterId, Counter],
    offers: Mapping[MallId, Mall],
) -> set[LineId]:
    """The lines in which people wait for these counters."""
    return {queue_id for queues in _reach(company, known, offers).values() for queue_id in queues}


def _reach(
    calls: Iterable[C],
    known: Mapping[CounterId, Counter],
    offers: Mapping[MallId, Mall],
) -> dict[C, list[LineId]]:
    """The queues from which each of these counters may call."""
    reach: dict[C, list[LineId]] = {}
    for call in calls:
        counter = known.get(call.counter_id)
        mall = offers.get(counter.mall) if counter is not None else None
        if counter is not None and mall is not None:
            day = mall.date_of(call.at)
            reach[call] = [line_id_of(mall.id, service, day) for service in counter.services]
    return reach


def _depths(
    calls: Iterable[NextFor],
    reach: Mapping[NextFor, list[LineId]],
    where: Mapping[TicketId, tickets.Whereabouts],
    put_back: Mapping[LineId, int],
) -> Tally[LineId]:
    """How many of each queue a group may need.

    One for each call, one for each who leaves, and those behind whom somebody is put back.
    """
    depths = Tally(queue_id for call in calls for queue_id in reach.get(call, ()))
    depths.update(put_back)
    for one in where.values():
        if one.queue_id in depths:
            depths[one.queue_id] += 1
    return depths


def _put_back(
    asked: Iterable[Behind],
    where: Mapping[TicketId, tickets.Whereabouts],
    locked: Mapping[LineId, Line],
    offers: Mapping[MallId, Mall],
) -> dict[LineId, int]:
    """Behind how many of each queue somebody may be put, by the policy of its line."""
    queues = {where[one.ticket_id].queue_id for one in asked if one.ticket_id in where}
    found: dict[LineId, int] = {}
    for line in (locked[queue_id] for queue_id in queues if queue_id in locked):
        mall = offers.get(line.mall)
        policy = mall.policy_for(line.service) if mall is not None else BUILT_IN
        behind = policy.terms.skip.behind
        found[line.id] = behind if isinstance(behind, int) else 0
    return found


def _sent_on(
    asked: Iterable[SentOn],
    known: Mapping[CounterId, Counter],
    where: Mapping[TicketId, tickets.Whereabouts],
) -> list[LineOfTheDay]:
    """The lines to which tickets are sent, where that is clear; else the handler refuses."""
    found = []
    for one in asked:
        target = one.to_counter and known.get(counter_id_of(one.mall, one.to_counter))
        if one.ticket_id in where:
            with suppress(TransferNowhere):
                stood = where[one.ticket_id].service
                service = service_meant(one.to_service, stood, target or None)
                found.append(LineOfTheDay(one.mall, service, one.at))
    return found


async def _meant(
    tx: Tx,
    calls: Iterable[NextFor],
    reach: Mapping[NextFor, list[LineId]],
    locked: Mapping[LineId, Line],
) -> heads.Heads:
    """Those who wait for the counters of these calls only, where anybody waits like that."""
    asked: Tally[CounterId] = Tally()
    queues: dict[CounterId, set[LineId]] = {}
    for call in calls:
        asked[call.counter_id] += 1
        queues.setdefault(call.counter_id, set()).update(
            queue_id
            for queue_id in reach.get(call, ())
            if queue_id in locked and locked[queue_id].waiting.meant
        )
    return await heads.read_meant(tx, asked, queues)
