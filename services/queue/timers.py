"""What time makes due in queue: agencies that have not come, pauses that are over."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from chassis import metrics
from chassis.database import Tx
from chassis.service import Running
from chassis.timers import Due, Timer
from contracts.ids import Actor, AgencyId, MallId, ServiceCode
from services.queue.commands.pauses import EndPause
from services.queue.commands.presence import RecordAbsence
from services.queue.domain.mall import Mall
from services.queue.domain.presence import Offices, expected_at, grace_of
from services.queue.store import malls, presences

ACTOR = Actor("system:queue")
# A mall without policy minds no hours.
_MINDFUL = "SELECT code FROM malls WHERE opens_at IS NOT NULL AND more ->> 'policy' IS NOT NULL"
_TOLD = """
SELECT mall, service_date, agency FROM unnest($1::text[], $2::date[]) AS asked (mall, service_date)
JOIN presences USING (mall, service_date)
"""
_OPEN = """
SELECT mall, service FROM counters CROSS JOIN jsonb_array_elements_text(services) AS at (service)
WHERE is_open AND mall = ANY($1::text[])
"""
_PAUSES_OVER = """
SELECT id, mall, code, paused_until FROM counters WHERE paused_until <= $1
ORDER BY paused_until, id LIMIT $2
"""
Told = frozenset[tuple[str, date, str]]
Open = dict[MallId, set[ServiceCode]]


def timers(_running: Running) -> Sequence[Timer]:
    """All of them."""
    return (Timer("presence", due_absences), Timer("pauses", due_pauses))


async def due_absences(tx: Tx, now: datetime, most: int) -> Sequence[Due]:
    """The agencies that were expected a while ago, and of which nothing has been told today."""
    codes = [MallId(row["code"]) for row in await tx.fetch(_MINDFUL)]
    known = await malls.find(tx, codes)
    days = {mall.id: day for mall in known.values() if (day := _day_of_waiting(mall, now))}
    if not days:
        return ()
    offices = await presences.find_offices(tx)
    years = {day.year for day in days.values()}
    metrics.CALENDAR_MISSING().set(sum(not offices.knows(year) for year in years))
    rows = await tx.fetch(_TOLD, list(days), list(days.values()))
    told = frozenset((row["mall"], row["service_date"], row["agency"]) for row in rows)
    open_: Open = {}
    for row in await tx.fetch(_OPEN, list(days)):
        open_.setdefault(MallId(row["mall"]), set()).add(ServiceCode(row["service"]))
    found = [
        Due(since, _absence(code, agency, day, now))
        for code, day in days.items()
        for agency, since in _missed(known[code], day, offices, told, open_)
    ]
    return sorted(found, key=lambda due: (due.since, due.command.key))[:most]


async def due_pauses(tx: Tx, now: datetime, most: int) -> Sequence[Due]:
    """The pauses whose time is up."""
    return [
        Due(
            row["paused_until"],
            EndPause(
                actor=ACTOR,
                at=now,
                key=f"pause:{row['id']}:{row['paused_until'].isoformat()}",
                mall=row["mall"],
                counter=row["code"],
                until=row["paused_until"],
            ),
        )
        for row in await tx.fetch(_PAUSES_OVER, now, most)
    ]


def _day_of_waiting(mall: Mall, now: datetime) -> date | None:
    """The mall's day, from when an agency may be told absent until the mall closes."""
    day, grace = mall.date_of(now), grace_of(mall)
    expected = expected_at(mall, day)
    if expected is None or grace is None or now < expected + grace:
        return None
    closed = mall.closes_at is not None and now.astimezone(expected.tzinfo).time() >= mall.closes_at
    return None if closed else day


def _missed(
    mall: Mall, day: date, offices: Offices, told: Told, open_: Open
) -> Iterator[tuple[AgencyId, datetime]]:
    expected, grace = expected_at(mall, day), grace_of(mall)
    if expected is None or grace is None:
        return
    # A counter may be open since before anybody wrote down who comes.
    here = offices.of(open_.get(mall.id, ()))
    for agency in sorted(offices.at_counters_of(mall) - here):
        if offices.works(agency, day) and (mall.id, day, agency) not in told:
            yield agency, expected + grace


def _absence(mall: MallId, agency: AgencyId, day: date, now: datetime) -> RecordAbsence:
    return RecordAbsence(
        actor=ACTOR,
        at=now,
        key=f"absent:{mall}:{agency}:{day.isoformat()}",
        mall=mall,
        agency=agency,
        service_date=day,
    )
