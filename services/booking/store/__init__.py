"""Reads and saves what booking decides on, as sets. Locks sessions, then appointments: always."""

from collections.abc import Hashable, Sequence
from typing import Any

from chassis.database import Tx
from contracts.ids import AppointmentId, MallId, ServiceCode, SessionId
from services.booking.domain.session import PersonInSession
from services.booking.store import appointments, offers, sessions
from services.booking.store.kinds import of_kind


async def load_many(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The states behind these keys; an appointment brings its session and mall along."""
    appointment_ids, persons = of_kind(keys, AppointmentId), of_kind(keys, PersonInSession)
    session_ids = {*of_kind(keys, SessionId), *(person.session_id for person in persons)}
    session_ids |= await appointments.sessions_of(tx, appointment_ids)
    locked = {session.id: session for session in await sessions.lock(tx, session_ids)}
    found: list[Any] = [*locked.values(), *await appointments.lock(tx, appointment_ids)]
    days = [
        locked[person.session_id].day_of(person.person_id)
        for person in persons
        if person.session_id in locked
    ]
    found += await appointments.holdings(tx, days)
    malls = {*of_kind(keys, MallId), *(session.mall for session in locked.values())}
    found += await offers.find(tx, malls, of_kind(keys, ServiceCode))
    return {state.id: state for state in found}


async def save_many(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the new form of sessions and appointments."""
    await sessions.save(tx, states)
    await appointments.save(tx, states)
