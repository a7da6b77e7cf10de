"""What is known of those who ask: what they missed, and what was given up just before."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from chassis.database import Row, Tx
from contracts.booking_entries import BookingPolicy
from contracts.ids import AppointmentId, PersonId, SessionId
from services.booking.domain.claims import Asked, Kind
from services.booking.domain.misses import Misses, MissesOf
from services.booking.domain.policy import rules_of
from services.booking.domain.rebooking import GivenUp, GivenUpIn
from services.booking.domain.states import States, get_day

_MISSED = """
SELECT person_id, service_date FROM appointments
WHERE status = 'missed' AND person_id = ANY($1::uuid[]) AND service_date > $2 AND NOT pardoned
"""
_GIVEN_UP = """
SELECT DISTINCT ON (session_id) session_id, id, person_id, ended_at FROM appointments
WHERE session_id = ANY($1::uuid[]) AND status IN ('cancelled', 'lapsed') AND ended_at > $2
ORDER BY session_id, ended_at DESC
"""
_DIGESTS = """
SELECT appointment_id, kind, digest FROM claims
WHERE appointment_id = ANY($1::uuid[]) AND kind IN ('device_live', 'network_day')
"""
_LONGEST = timedelta(hours=1)
"""No policy looks further back for what was given up."""


async def known(tx: Tx, asked: Sequence[Asked], states: States) -> list[Misses | GivenUp]:
    """As far as the policies of these wishes ask for it."""
    ruled = [(one, rules) for one in asked if (rules := _rules(one, states)) is not None]
    missing = {one.person_id for one, rules in ruled if rules.misses is not None}
    flagging = {one.session_id for one, rules in ruled if rules.flag is not None}
    found: list[Misses | GivenUp] = []
    if missing:
        longest = max(rules.misses.within_days for _, rules in ruled if rules.misses is not None)
        # A day more: the zone of the mall is known to the rule alone.
        since = min(one.at for one, _ in ruled).date() - timedelta(days=longest + 1)
        found += _misses(missing, await tx.fetch(_MISSED, list(missing), since))
    if flagging:
        since_at = min(one.at for one, _ in ruled) - _LONGEST
        rows = await tx.fetch(_GIVEN_UP, list(flagging), since_at)
        digests = await tx.fetch(_DIGESTS, [row["id"] for row in rows]) if rows else []
        found += [_given_up(row, digests) for row in rows]
    return found


def _rules(asked: Asked, states: States) -> BookingPolicy | None:
    session = states.get(asked.session_id)
    return None if session is None else rules_of(states, get_day(states, session.day_id))


def _misses(people: set[PersonId], rows: Sequence[Row]) -> list[Misses]:
    days: dict[PersonId, list[date]] = defaultdict(list)
    for row in rows:
        days[PersonId(row["person_id"])].append(row["service_date"])
    return [Misses(MissesOf(person), tuple(days[person])) for person in people]


def _given_up(row: Row, digests: Sequence[Row]) -> GivenUp:
    return GivenUp(
        GivenUpIn(SessionId(row["session_id"])),
        AppointmentId(row["id"]),
        PersonId(row["person_id"]),
        row["ended_at"],
        frozenset(
            (Kind(one["kind"]), one["digest"])
            for one in digests
            if one["appointment_id"] == row["id"]
        ),
    )
