"""Claims in their table, and which seats are taken."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from chassis.database import Row, Tx, row_of, save_rows
from contracts.ids import AppointmentId
from services.booking import tables
from services.booking.domain import claims
from services.booking.domain.claims import (
    Asked,
    AskedToMove,
    Claim,
    Claims,
    ClaimsOf,
    Kind,
    Seats,
    SeatsOf,
)
from services.booking.domain.policy import rules_of
from services.booking.domain.states import States, get_day, get_mall
from services.booking.store.kinds import of_kind

_row = row_of(Claim)

_OF_APPOINTMENTS = "SELECT * FROM claims WHERE appointment_id = ANY($1::uuid[])"
_SEATS = """
SELECT kind, digest, nth FROM claims
JOIN unnest($1::text[], $2::bytea[]) AS asked (kind, digest) USING (kind, digest)
WHERE live
"""


async def of_appointments(tx: Tx, ids: Collection[AppointmentId]) -> list[Claims]:
    """The claims of appointments that are locked."""
    held: dict[AppointmentId, list[Claim]] = defaultdict(list)
    for row in await tx.fetch(_OF_APPOINTMENTS, ids) if ids else []:
        claim = _claim(row)
        held[claim.appointment_id].append(claim)
    return [Claims(ClaimsOf(id_), tuple(found)) for id_, found in held.items()]


async def seats(
    tx: Tx, asked: Sequence[Asked], moving: Sequence[AskedToMove], states: States
) -> list[Seats]:
    """What is taken of the seats that these would need, as far as what they name exists."""
    wanted: dict[SeatsOf, set[int]] = {}
    for one in asked:
        session = states.get(one.session_id)
        if session is not None:
            rules = rules_of(states, get_day(states, session.day_id))
            today = get_mall(states, session.mall).date_of(one.at)
            wanted |= {key: set() for key in claims.asked_for(one, session, rules, today)}
    for move in moving:
        session, appointment = states.get(move.session_id), states.get(move.appointment_id)
        if session is not None and appointment is not None:
            known = states.get(ClaimsOf(move.appointment_id))
            there = replace(appointment, service_date=session.service_date)
            identity = known.identity if known is not None else None
            wanted |= {key: set() for key in claims.on_its_day(there, identity)}
    if not wanted:
        return []
    kinds, digests = [key.kind for key in wanted], [key.digest for key in wanted]
    for row in await tx.fetch(_SEATS, kinds, digests):
        wanted[SeatsOf(Kind(row["kind"]), row["digest"])].add(row["nth"])
    return [Seats(key, frozenset(taken)) for key, taken in wanted.items()]


async def save(tx: Tx, states: Sequence[Any]) -> None:
    """Write down the claims among these states: those that end leave their seats first."""
    changed = [claim for one in of_kind(states, Claims) for claim in one.all]
    changed.sort(key=lambda claim: claim.live)
    await save_rows(tx, tables.claims, [_row(one) for one in changed])


def _claim(row: Row) -> Claim:
    return Claim(
        AppointmentId(row["appointment_id"]),
        Kind(row["kind"]),
        row["digest"],
        row["nth"],
        row["most"],
        row["live"],
        row["at"],
    )
