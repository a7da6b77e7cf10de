"""Who came and who did not, and what holds many places: numbers without people. No locks."""

from collections import Counter
from datetime import date, timedelta

from pydantic import BaseModel

from chassis.database import Database
from contracts.booking_entries import BookingPolicy
from contracts.ids import MallId, ServiceCode
from services.booking.domain.advice import advised

SPAN_DAYS = 92
"""No longer span is asked about at once; advice looks back so far."""
LEAST_SHOWN = 5
"""Fewer people, devices or addresses are not told apart."""

_CAME = """
SELECT sessions.service_date, count(*) AS known,
       count(*) FILTER (WHERE appointments.status = 'missed') AS missed
FROM sessions JOIN appointments ON appointments.session_id = sessions.id
WHERE sessions.mall = $1 AND sessions.service = $2 AND sessions.service_date BETWEEN $3 AND $4
  AND appointments.status IN ('checked_in', 'missed')
GROUP BY sessions.service_date ORDER BY sessions.service_date
"""
_NEWEST_POLICY = """
SELECT policies.body::text AS body FROM days
JOIN policies ON (policies.code, policies.revision) = (days.policy, days.policy_version)
WHERE days.mall = $1 AND days.service = $2 ORDER BY days.service_date DESC LIMIT 1
"""
_HELD_BY = """
SELECT claims.kind, claims.digest, count(*) AS places
FROM days
JOIN sessions ON sessions.day_id = days.id
JOIN appointments ON appointments.session_id = sessions.id
     AND appointments.status IN ('held', 'requested', 'booked')
JOIN claims ON claims.appointment_id = appointments.id
     AND claims.kind IN ('device_live', 'network_day')
WHERE days.mall = $1 AND days.service = $2 AND days.service_date = $3
GROUP BY claims.kind, claims.digest
"""


class Attendance(BaseModel):
    """Of `known` appointments of a day that are past, so many were missed."""

    service_date: date
    known: int
    missed: int


class NoShows(BaseModel):
    """The same over a span; days with fewer than five are counted in the sums only."""

    known: int
    missed: int
    days: list[Attendance]


class OverbookingAdvice(BaseModel):
    """What is known of those who did not come, and how many places on top that would bear.

    `more` places could be given out of a session with `capacity`; then more people come than there
    are places with the chance `risk`. `allowed_percent` is what the policy allows: 0 is off.
    """

    known: int
    missed: int
    capacity: int
    show_rate: float
    more: int
    risk: float
    risk_percent: int
    allowed_percent: int


class HeldPlaces(BaseModel):
    """So many devices, or connections to the network, hold so many places of the day each."""

    places: int
    devices: int
    networks: int


class Hoarding(BaseModel):
    """How unevenly the places of a day are held; what fewer than five share is left out as 0."""

    mall: MallId
    service: ServiceCode
    service_date: date
    held: list[HeldPlaces]


async def no_shows(
    database: Database, mall: MallId, service: ServiceCode, from_: date, to: date
) -> NoShows:
    """Who came and who did not, by day."""
    found = await _attendance(database, mall, service, from_, to)
    return NoShows(
        known=sum(one.known for one in found),
        missed=sum(one.missed for one in found),
        days=[one for one in found if one.known >= LEAST_SHOWN],
    )


async def overbooking_advice(
    database: Database, mall: MallId, service: ServiceCode, capacity: int, today: date
) -> OverbookingAdvice | None:
    """What the last three months say about a session of this size; None if they say too little."""
    since, until = today - timedelta(days=SPAN_DAYS), today + timedelta(days=1)
    # A day more: in the east of the country it is tomorrow already.
    found = await _attendance(database, mall, service, since, until)
    known, missed = sum(one.known for one in found), sum(one.missed for one in found)
    async with database.transaction() as tx:
        rows = await tx.fetch(_NEWEST_POLICY, mall, service)
    rules = BookingPolicy.model_validate_json(rows[0]["body"]) if rows else None
    risk = rules.overbook.risk_percent if rules is not None else 5
    advice = advised(capacity, known, missed, risk)
    if advice is None:
        return None
    return OverbookingAdvice(
        known=known,
        missed=missed,
        capacity=capacity,
        show_rate=round(advice.show_rate, 4),
        more=advice.more,
        risk=round(advice.risk, 4),
        risk_percent=risk,
        allowed_percent=rules.overbook.most_percent if rules is not None else 0,
    )


async def hoarding(
    database: Database, mall: MallId, service: ServiceCode, service_date: date
) -> Hoarding:
    """How many devices and connections hold how many places of a day."""
    async with database.transaction() as tx:
        rows = await tx.fetch(_HELD_BY, mall, service, service_date)
    devices = Counter(row["places"] for row in rows if row["kind"] == "device_live")
    networks = Counter(row["places"] for row in rows if row["kind"] == "network_day")
    held = [
        HeldPlaces(
            places=places, devices=_shown(devices, places), networks=_shown(networks, places)
        )
        for places in sorted({*devices, *networks})
    ]
    shown = [one for one in held if one.devices or one.networks]
    return Hoarding(mall=mall, service=service, service_date=service_date, held=shown)


def _shown(found: Counter[int], places: int) -> int:
    return found[places] if found[places] >= LEAST_SHOWN else 0


async def _attendance(
    database: Database, mall: MallId, service: ServiceCode, from_: date, to: date
) -> list[Attendance]:
    async with database.transaction() as tx:
        rows = await tx.fetch(_CAME, mall, service, from_, to)
    return [Attendance.model_validate(dict(row)) for row in rows]
