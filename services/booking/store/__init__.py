"""Reads and saves what booking decides on, as sets.

Locks malls (for what is opened and closed), then days, sessions, appointments, closures: always,
each kind in the order of its ids.
"""

from collections.abc import Hashable, Sequence
from typing import Any

from chassis.database import Overtaken, Tx
from contracts.ids import AppointmentId, MallId, ServiceCode, ServiceDayId, SessionId
from services.booking.domain.claims import Asked
from services.booking.domain.day import DayKey, DayOfSpan, SessionsOf
from services.booking.domain.offer import Mall
from services.booking.store import appointments, claims, closures, days, offers, sessions
from services.booking.store.kinds import of_kind


async def load_many(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The states behind these keys.

    A session brings its day and mall along, an appointment its session and its claims. Raises
    Overtaken when an appointment went to another session meanwhile.
    """
    touched = await closures.find(tx, keys)
    appointment_ids = list({*of_kind(keys, AppointmentId), *touched.appointments})
    asked = of_kind(keys, Asked)
    session_ids = {*of_kind(keys, SessionId), *(one.session_id for one in asked), *touched.sessions}
    session_ids |= await appointments.sessions_of(tx, appointment_ids)
    standing = await sessions.standing(tx, session_ids)
    spans = of_kind(keys, DayOfSpan)
    offered = await offers.find(
        tx,
        {*of_kind(keys, MallId), *(one.mall for one in standing)},
        {*of_kind(keys, ServiceCode), *(one.service for one in standing if touched.sessions)},
    )
    wanted = {*_names(spans, of_kind(offered, Mall)), *of_kind(keys, DayKey)}
    named = await days.named(tx, wanted)
    whole = {one.day_id for one in of_kind(keys, SessionsOf)}
    day_ids = {*(one.day_id for one in standing), *(one.day_id for one in named)}
    day_ids |= {*of_kind(keys, ServiceDayId), *whole}
    locked_days = await days.lock(tx, day_ids)
    session_ids |= await sessions.ids_of(tx, whole)
    locked = {one.id: one for one in await sessions.lock(tx, session_ids)}
    found = await appointments.lock(tx, appointment_ids)
    if any(one.session_id not in locked for one in found):
        raise Overtaken("an appointment was moved")
    states: list[Any] = [*offered, *named, *locked_days, *locked.values(), *found]
    states += await claims.of_appointments(tx, appointment_ids)
    states += await claims.seats(tx, asked, locked)
    states += await closures.lock(tx, touched.closures)
    states += await closures.conflicts(tx, keys, set(appointment_ids))
    return {state.id: state for state in states}


async def save_many(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the new form of what was changed, what others refer to first."""
    await days.save(tx, states)
    await sessions.save(tx, states)
    await appointments.save(tx, states)
    await claims.save(tx, states)
    await closures.save(tx, states)


def _names(spans: Sequence[DayOfSpan], malls: Sequence[Mall]) -> set[DayKey]:
    known = {mall.id: mall for mall in malls}
    return {
        DayKey(span.mall, span.service, known[span.mall].date_of(span.starts_at))
        for span in spans
        if span.mall in known
    }
