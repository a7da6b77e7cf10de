"""Who waits, as they may see it, and what time has made due for lists and draws. No locks."""

from datetime import date, datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel

from chassis.database import Database, Tx
from contracts.ids import AppointmentId, MallId, ServiceCode, ServiceDayId, WaitId

_DAY = "SELECT id FROM days WHERE mall = $1 AND service = $2 AND service_date = $3"
_WAIT = """
SELECT waits.id AS wait_id, days.mall, days.service, days.service_date, waits.kind, waits.status,
       waits.offers, waits.appointment_id, waits.lane, waits.rank, waits.day_id,
       days.mode = 'lottery' AND days.step = 0 AS drawing,
       CASE WHEN waits.status = 'offered' THEN appointments.held_until END AS offered_until
FROM waits
JOIN days ON days.id = waits.day_id
LEFT JOIN appointments ON appointments.id = waits.appointment_id
WHERE waits.id = $1
"""
_BEFORE = """
SELECT count(*) AS before FROM waits
WHERE day_id = $1 AND status = 'waiting' AND (lane, rank, id) < ($2, $3, $4)
"""
# A place that is free online, of a session that begins later, where somebody waits for the day.
_DUE_OFFERS = """
SELECT days.id, days.mode, days.closes_at, malls.zone, policies.body::text AS body,
       max(sessions.starts_at) AS starts_at
FROM days
JOIN malls ON malls.code = days.mall
JOIN sessions ON sessions.day_id = days.id
LEFT JOIN policies ON (policies.code, policies.revision) = (days.policy, days.policy_version)
WHERE days.waiting > 0 AND days.free_online > 0
  AND (days.most IS NULL OR days.most > days.taken)
  AND (days.mode <> 'lottery' OR days.step > 0)
  AND sessions.starts_at > $1 AND sessions.closed_by IS NULL
  AND LEAST(sessions.capacity + sessions.overbook,
            COALESCE(sessions.released, sessions.capacity + sessions.overbook))
      > sessions.booked + sessions.held
  AND (sessions.channels_open OR sessions.most_online IS NULL
       OR sessions.most_online > sessions.taken_online)
GROUP BY days.id, malls.zone, policies.body
LIMIT $2
"""
_DUE_ENDS = """
SELECT days.id FROM days
WHERE days.waiting > 0
  AND NOT EXISTS (SELECT FROM sessions WHERE day_id = days.id AND ends_at > $1)
LIMIT $2
"""
_DUE_DRAWS = """
SELECT id, due_at, seed_digest FROM days
WHERE due_at <= $1 AND mode = 'lottery' AND step = 0 ORDER BY due_at LIMIT $2
"""


class WaitView(BaseModel):
    """Where an entry stands. `before` others are ahead of it; None while a draw is not drawn.

    An offer has the appointment's id and holds until `offered_until`.
    """

    wait_id: WaitId
    mall: MallId
    service: ServiceCode
    service_date: date
    kind: Literal["lottery", "list"]
    status: Literal["waiting", "offered", "got", "passed", "left", "over"]
    before: int | None
    offers: int
    appointment_id: AppointmentId | None
    offered_until: datetime | None


class DueOffer(NamedTuple):
    """A day with somebody who waits and a place that is free, as far as its rows tell."""

    day_id: ServiceDayId
    mode: str
    closes_at: datetime | None
    zone: str
    policy: str | None
    starts_at: datetime
    """Of the last of its sessions with a free place."""


class DueDraw(NamedTuple):
    """A draw whose entries are closed."""

    day_id: ServiceDayId
    since: datetime
    seed_digest: str


async def find_day(
    database: Database, mall: MallId, service: ServiceCode, service_date: date
) -> ServiceDayId | None:
    """The day of this name, if it is announced."""
    async with database.transaction() as tx:
        rows = await tx.fetch(_DAY, mall, service, service_date)
    return ServiceDayId(rows[0]["id"]) if rows else None


async def find_wait(database: Database, wait_id: WaitId) -> WaitView | None:
    """One entry, and how many are before it."""
    async with database.transaction() as tx:
        rows = await tx.fetch(_WAIT, wait_id)
        if not rows:
            return None
        row = dict(rows[0])
        before = None
        if row["status"] == "waiting" and not row["drawing"]:
            place = row["day_id"], row["lane"], row["rank"], row["wait_id"]
            before = (await tx.fetch(_BEFORE, *place))[0]["before"]
    return WaitView.model_validate({**row, "before": before})


async def due_offers(tx: Tx, now: datetime, most: int) -> list[DueOffer]:
    """Days of which places may have to be offered."""
    return [
        DueOffer(
            ServiceDayId(row["id"]),
            row["mode"],
            row["closes_at"],
            row["zone"],
            row["body"],
            row["starts_at"],
        )
        for row in await tx.fetch(_DUE_OFFERS, now, most)
    ]


async def due_ends(tx: Tx, now: datetime, most: int) -> list[ServiceDayId]:
    """Days that are over and for which somebody still waits."""
    return [ServiceDayId(row["id"]) for row in await tx.fetch(_DUE_ENDS, now, most)]


async def due_draws(tx: Tx, now: datetime, most: int) -> list[DueDraw]:
    """Draws that are to be drawn, the oldest first."""
    return [
        DueDraw(ServiceDayId(row["id"]), row["due_at"], row["seed_digest"])
        for row in await tx.fetch(_DUE_DRAWS, now, most)
    ]
