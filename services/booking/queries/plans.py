"""Which sessions of plans are due to be opened: those of the next days that are not there yet.

Of a day the mall is shut only what lies in its opening hours counts. What was asked for is left
alone for an hour in this process; that is only to ask less, since what is opened has fixed ids.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from chassis.database import Database, Tx
from chassis.timers import Due
from contracts.booking_entries import PlannedDays, SessionPlan
from contracts.ids import Actor, AgencyId, ServiceDayId, SessionId
from services.booking.commands.sessions import OpenPlanned, PlannedSpan
from services.booking.domain import draw
from services.booking.domain.closure_refusals import CalendarUnknown
from services.booking.domain.refusals import MallUnknown
from services.booking.queries.hours import DayView, hours_of
from services.booking.tables import malls, plans, services

ACTOR = Actor("system:booking")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ASKED_AGAIN_SECONDS = 3600.0
_LOOKED_AGAIN_SECONDS = 600.0
_REMEMBERED = 100_000
_DAYS_AT_ONCE = 31
_DAY = timedelta(days=1)


class Plans:
    """All plans of sessions. Seeds of days derive from `secret`."""

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database, self._secret = database, secret
        self._asked: OrderedDict[str, float] = OrderedDict()
        self._told: tuple[object, ...] = ()
        self._looked_at: float | None = None

    async def due(self, _tx: Tx, now: datetime, most: int) -> Sequence[Due]:
        """Days to open sessions on, at most so many."""
        found: list[Due] = []
        (told,) = await self._database.fetch(_TOLD)
        rows = await self._database.fetch(_PLANS) if self._is_time(tuple(told.values())) else []
        for row in rows:
            if len(found) >= most:
                self._looked_at = None
                break
            plan, zone = SessionPlan.model_validate(row["body"]), ZoneInfo(row["zone"])
            wanted = [day for day in self._days(plan, now, zone) if self._is_new(plan, day)]
            if wanted:
                room = most - len(found)
                found += await self._commands(plan, row["agency"], zone, wanted[:room], now)
        return found

    def _is_time(self, told: tuple[object, ...]) -> bool:
        """All plans are read when one has changed, when some were left over, and now and then."""
        now, before = time.monotonic(), self._looked_at
        if told == self._told and before is not None and now - before < _LOOKED_AGAIN_SECONDS:
            return False
        self._told, self._looked_at = told, now
        return True

    def _days(self, plan: SessionPlan, now: datetime, zone: ZoneInfo) -> Iterator[date]:
        today = now.astimezone(zone).date()
        for ahead in range(plan.days_ahead + 1):
            day = today + ahead * _DAY
            if day >= plan.valid_from and _planned(plan, day) is not None:
                yield day

    def _is_new(self, plan: SessionPlan, day: date) -> bool:
        asked_at = self._asked.get(_key(plan, day))
        return asked_at is None or time.monotonic() - asked_at > _ASKED_AGAIN_SECONDS

    async def _commands(
        self,
        plan: SessionPlan,
        agency: AgencyId,
        zone: ZoneInfo,
        wanted: Sequence[date],
        now: datetime,
    ) -> list[Due]:
        found: list[Due] = []
        for first in range(0, len(wanted), _DAYS_AT_ONCE):
            some = wanted[first : first + _DAYS_AT_ONCE]
            for day, hours in (await self._hours(plan, agency, some, now)).items():
                self._note(_key(plan, day))
                if command := self._command(plan, hours, zone, day, now):
                    found.append(Due(now, command))
        return found

    async def _hours(
        self, plan: SessionPlan, agency: AgencyId, some: Sequence[date], now: datetime
    ) -> dict[date, DayView]:
        """The opening hours of these days, as far as they are known."""
        last = min(some[-1], some[0] + (_DAYS_AT_ONCE - 1) * _DAY)
        try:
            days = await hours_of(self._database, plan.mall, agency, (some[0], last), now)
        except (MallUnknown, CalendarUnknown):
            return {}
        return {one.date: one for one in days if one.date in some}

    def _command(
        self, plan: SessionPlan, hours: DayView, zone: ZoneInfo, day: date, now: datetime
    ) -> OpenPlanned | None:
        planned = _planned(plan, day)
        assert planned is not None  # noqa: S101 - only such days are asked for
        spans = [one for one in _spans(plan, planned, day, zone) if _is_within(one, hours)]
        if not spans:
            return None
        day_id = ServiceDayId.new()
        return OpenPlanned(
            actor=ACTOR,
            at=now,
            key=f"{_key(plan, day)}:{_digest(spans)}",
            day_id=day_id,
            seed_digest=draw.digest_of(draw.seed_of(self._secret, day_id)),
            mall=plan.mall,
            service=plan.service,
            service_date=day,
            plan_revision=plan.revision,
            most=planned.most,
            spans=tuple(spans),
        )

    def _note(self, key: str) -> None:
        self._asked[key] = time.monotonic()
        self._asked.move_to_end(key)
        if len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)


_TOLD = select(
    func.count().label("plans"),
    func.sum(plans.c.revision).label("revisions"),
    select(func.count()).select_from(malls).scalar_subquery().label("malls"),
    select(func.count()).select_from(services).scalar_subquery().label("services"),
).select_from(plans)
_PLANS = (
    select(plans.c.body, malls.c.zone, services.c.agency)
    .join_from(plans, malls, malls.c.code == plans.c.mall)
    .join(services, services.c.code == plans.c.service)
    .order_by(plans.c.mall, plans.c.service)
)


def _key(plan: SessionPlan, day: date) -> str:
    return f"plan:{plan.mall}:{plan.service}:{day.isoformat()}:{plan.revision}"


def _digest(spans: Sequence[PlannedSpan]) -> str:
    """Another one when other sessions lie in the opening hours than when it was last asked."""
    text = ",".join(str(one.session_id) for one in spans)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _planned(plan: SessionPlan, day: date) -> PlannedDays | None:
    name = _WEEKDAYS[day.weekday()]
    return next((one for one in plan.week if name in one.days), None)


def _spans(
    plan: SessionPlan, planned: PlannedDays, day: date, zone: ZoneInfo
) -> Iterator[PlannedSpan]:
    for one in planned.sessions:
        starts_at = one.starts_at.isoformat("minutes")
        yield PlannedSpan(
            session_id=SessionId.of("plan", plan.mall, plan.service, day.isoformat(), starts_at),
            starts_at=datetime.combine(day, one.starts_at, zone),
            ends_at=datetime.combine(day, one.ends_at, zone),
            places=one.places,
        )


def _is_within(span: PlannedSpan, hours: DayView) -> bool:
    return any(
        one.open and one.starts_at <= span.starts_at and span.ends_at <= one.ends_at
        for one in hours.stretches
    )
