"""Claims in their table, and which seats are taken."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from chassis.database import Row, Tx, row_of, save_rows
from contracts.ids import AppointmentId, SessionId
from services.booking import tables
from services.booking.domain import claims as rules
from services.booking.domain.claims import Asked, Claim, Claims, ClaimsOf, Kind, Seats, SeatsOf
from services.booking.domain.session import Session
from services.booking.store.kinds import of_kind

_row = row_of(Claim)

_OF_APPOINTMENTS = "SELECT * FROM claims WHERE appointment_id = ANY($1::uuid[]) AND live"
_SEATS = """
SELECT kind, digest, nth FROM claims
JOIN unnest($1::text[], $2::bytea[]) AS asked (kind, digest) USING (kind, digest)
WHERE live
"""


async def of_appointments(tx: Tx, ids: Sequence[AppointmentId]) -> list[Claims]:
    """The live claims of appointments that are locked."""
    held: dict[AppointmentId, list[Claim]] = defaultdict(list)
    for row in await tx.fetch(_OF_APPOINTMENTS, ids) if ids else []:
        claim = _claim(row)
        held[claim.appointment_id].append(claim)
    return [Claims(ClaimsOf(id_), tuple(found)) for id_, found in held.items()]


async def seats(
    tx: Tx, asked: Sequence[Asked], sessions: Mapping[SessionId, Session]
) -> list[Seats]:
    """What is taken of the seats that these new appointments would need."""
    wanted: dict[SeatsOf, set[int]] = {
        key: set()
        for one in asked
        if one.session_id in sessions
        for key in rules.asked_for(one, sessions[one.session_id])
    }
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
