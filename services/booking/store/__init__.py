"""Reads and saves what booking decides on, as sets.

Locks malls (for what is opened and closed), then days, sessions, appointments, visits, entries,
closures: always, each kind in the order of its ids.
"""

from collections.abc import Hashable, Sequence
from typing import Any

from chassis.database import Overtaken, Tx
from contracts.ids import (
    AppointmentId,
    MallId,
    ServiceCode,
    ServiceDayId,
    SessionId,
    VisitId,
    WaitId,
)
from services.booking.domain.claims import Asked, AskedToMove
from services.booking.domain.day import DayKey, DayOfSpan, SessionsOf
from services.booking.domain.offer import Mall
from services.booking.domain.policy import PolicyOf
from services.booking.store import (
    appointments,
    claims,
    closures,
    days,
    offers,
    people,
    policies,
    sessions,
    visits,
    waits,
)
from services.booking.store.kinds import of_kind


async def load_many(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The states behind these keys.

    A session brings its day, policy and mall along, an appointment its session and its claims. A
    day for which somebody waits brings all of its sessions. Raises Overtaken when an appointment
    went to another session meanwhile.
    """
    touched, stops = await closures.find(tx, keys), await visits.stops_of(tx, keys)
    asked, spans = of_kind(keys, Asked), of_kind(keys, DayOfSpan)
    entries = await waits.known(tx, of_kind(keys, WaitId))
    appointment_ids = {
        *of_kind(keys, AppointmentId),
        *touched.appointments,
        *stops,
        *(one.appointment_id for one in entries if one.appointment_id is not None),
    }
    session_ids = {*of_kind(keys, SessionId), *(one.session_id for one in asked), *touched.sessions}
    session_ids |= await appointments.sessions_of(tx, appointment_ids)
    standing = await sessions.standing(tx, session_ids)
    by_service = touched.sessions or visits.with_services(keys) or any(one.also for one in asked)
    listed = {*waits.days_named_by(keys), *(one.day_id for one in entries)}
    states: list[Any] = await offers.find(
        tx,
        {
            *of_kind(keys, MallId),
            *(one.mall for one in standing),
            *await waits.malls_of(tx, listed),
        },
        {*of_kind(keys, ServiceCode), *(one.service for one in standing if by_service)},
    )
    malls = of_kind(states, Mall)
    named = await days.named(tx, {*_names(spans, malls), *of_kind(keys, DayKey)})
    whole = {one.day_id for one in of_kind(keys, SessionsOf)}
    day_ids = {*(one.day_id for one in standing), *(one.day_id for one in named), *listed}
    day_ids |= {*of_kind(keys, ServiceDayId), *whole}
    locked_days = await days.lock(tx, day_ids)
    states += [*named, *locked_days, *await policies.stamped(tx, locked_days)]
    wanted = {*of_kind(keys, PolicyOf), *(PolicyOf(one.mall, one.service) for one in spans)}
    states += await policies.newest(tx, wanted, malls)
    states += await policies.plans(tx, wanted)
    lists = await waits.lists(tx, locked_days, keys)
    states += lists
    session_ids |= await sessions.ids_of(tx, whole)
    session_ids |= {session for one in lists for session in one.sessions}
    states += await sessions.lock(tx, session_ids)
    found = await appointments.lock(tx, appointment_ids)
    if not session_ids.issuperset(one.session_id for one in found):
        raise Overtaken("an appointment was moved")
    states += [*found, *await claims.of_appointments(tx, appointment_ids)]
    states += await visits.lock(tx, of_kind(keys, VisitId))
    states += await waits.who(tx, keys, found)
    states += await closures.lock(tx, touched.closures)
    states += await closures.conflicts(tx, keys, appointment_ids)
    asked += waits.wishes(keys, states)
    states += asked
    loaded = {state.id: state for state in states}
    seats = await claims.seats(tx, asked, of_kind(keys, AskedToMove), loaded)
    loaded |= {state.id: state for state in seats}
    return loaded | {state.id: state for state in await people.known(tx, asked, loaded)}


async def save_many(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the new form of what was changed, what others refer to first."""
    await days.save(tx, states)
    await sessions.save(tx, states)
    await appointments.save(tx, states)
    await claims.save(tx, states)
    await visits.save(tx, states)
    await closures.save(tx, states)
    await waits.save(tx, states)


def _names(spans: Sequence[DayOfSpan], malls: Sequence[Mall]) -> set[DayKey]:
    known = {mall.id: mall for mall in malls}
    return {
        DayKey(span.mall, span.service, known[span.mall].date_of(span.starts_at))
        for span in spans
        if span.mall in known
    }
