"""Whether the agencies of a mall have come: who is expected on a day, and who has opened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from contracts.calendar import WorkingDays, YearWithoutCalendar
from contracts.entries import Calendar
from contracts.entry_base import Weekday
from contracts.ids import AgencyId, MallId, PresenceId, ServiceCode
from contracts.queue_day import AgencyAbsent, AgencyPresent
from services.queue.domain.mall import Mall
from services.queue.domain.refusals import PresenceKnown

_WEEK: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OFFICE_DAYS: tuple[Weekday, ...] = _WEEK[:5]


@dataclass(frozen=True, slots=True)
class MallDay:
    """Asks who is expected in a mall on the day that `at` is there, and who has come."""

    mall: MallId
    at: datetime


@dataclass(frozen=True, slots=True)
class Offices:
    """What the catalogue says of agencies: their services, their own weeks, the calendars."""

    agency_of: Mapping[ServiceCode, AgencyId]
    open_days: Mapping[AgencyId, tuple[Weekday, ...] | None]
    calendars: tuple[Calendar, ...] = ()

    def works(self, agency: AgencyId, day: date) -> bool:
        """Whether an agency works on a day; by its week alone in a year without calendar."""
        own = self.open_days.get(agency)
        try:
            return day in WorkingDays(self.calendars, own)
        except YearWithoutCalendar:
            return _WEEK[day.weekday()] in (own or _OFFICE_DAYS)

    def knows(self, year: int) -> bool:
        """Whether the holidays of a year are known."""
        return any(calendar.year == year for calendar in self.calendars)

    def at_counters_of(self, mall: Mall) -> frozenset[AgencyId]:
        """The agencies of a mall that have a counter there."""
        return self.of(service for services in mall.counters.values() for service in services)

    def of(self, services: Iterable[ServiceCode]) -> frozenset[AgencyId]:
        """The agencies of these services."""
        return frozenset(self.agency_of[one] for one in services if one in self.agency_of)


@dataclass(frozen=True, slots=True)
class Attendance:
    """What has to be known to say whether somebody opens late. Never saved."""

    id: MallDay
    offices: Offices


@dataclass(frozen=True, slots=True)
class Presence:
    """An agency of a mall on one day: told absent, come, or both. Fields stand as columns do."""

    id: PresenceId
    version: int
    mall: MallId
    agency: AgencyId
    service_date: date
    expected_at: datetime | None = None
    absent_at: datetime | None = None
    present_at: datetime | None = None
    late_minutes: int | None = None

    @classmethod
    def begun(cls, fact: AgencyAbsent | AgencyPresent) -> "Presence":
        """Before anything was told of it."""
        return cls(fact.presence_id, 0, fact.mall, fact.agency, fact.service_date)

    def after(self, fact: AgencyAbsent | AgencyPresent, at: datetime) -> "Presence":
        """One fact later."""
        later = replace(self, version=self.version + 1)
        if isinstance(fact, AgencyAbsent):
            return replace(later, absent_at=at, expected_at=fact.expected_at)
        return replace(later, present_at=at, late_minutes=fact.late_minutes)


def grace_of(mall: Mall) -> timedelta | None:
    """How late an agency may open without being told absent; None where nobody minds."""
    minutes = mall.default_policy.terms.presence_grace_minutes
    return None if mall.opens_at is None or minutes is None else timedelta(minutes=minutes)


def expected_at(mall: Mall, day: date) -> datetime | None:
    """When agencies open on a day; None where nobody minds."""
    if mall.opens_at is None or grace_of(mall) is None:
        return None
    return datetime.combine(day, mall.opens_at, ZoneInfo(mall.zone))


def absent(mall: Mall, agency: AgencyId, day: date, known: Presence | None) -> AgencyAbsent:
    """Nobody of the agency has come. Raises PresenceKnown when it has, or was told absent."""
    expected = expected_at(mall, day)
    if known is not None or expected is None:
        raise PresenceKnown(agency=agency)
    return AgencyAbsent(
        presence_id=presence_id_of(mall.id, agency, day),
        mall=mall.id,
        agency=agency,
        service_date=day,
        expected_at=expected,
    )


def present(mall: Mall, agency: AgencyId, at: datetime) -> AgencyPresent:
    """The agency opens its first counter of the day; late is whole minutes, rounded down."""
    day = mall.date_of(at)
    expected = expected_at(mall, day) or at
    return AgencyPresent(
        presence_id=presence_id_of(mall.id, agency, day),
        mall=mall.id,
        agency=agency,
        service_date=day,
        late_minutes=max(0, int((at - expected).total_seconds()) // 60),
    )


def presence_id_of(mall: MallId, agency: AgencyId, day: date) -> PresenceId:
    """The id that this agency's day in this mall always has."""
    return PresenceId.of(mall, agency, day.isoformat())
