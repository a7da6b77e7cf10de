"""Counting time as offices do: working days, opening hours, due dates. Pure; calendars are data.

The day on which a complete file is accepted is day 0. A file that comes after closing time, or on a
day without work, counts as accepted on the next working day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contracts.entries import Calendar, PromisedTime
from contracts.entry_base import Weekday

_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)


class YearWithoutCalendar(Exception):
    """A count ran into a year whose holidays are not known; `year` tells which to publish."""

    def __init__(self, year: int) -> None:
        super().__init__(f"there is no calendar for {year}: publish one in the catalogue")
        self.year = year


class WorkingDays:
    """The days on which one office works, over the years of the given calendars."""

    def __init__(
        self, calendars: Iterable[Calendar], open_days: Iterable[Weekday] | None = None
    ) -> None:
        """`open_days` is the office's own week; without it the week of each calendar holds."""
        own = None if open_days is None else frozenset(open_days)
        self._weeks: dict[int, frozenset[Weekday]] = {}
        self._holidays: set[date] = set()
        for calendar in calendars:
            self._weeks[calendar.year] = frozenset(calendar.working_days) if own is None else own
            self._holidays.update(holiday.date for holiday in calendar.holidays)

    def __contains__(self, day: date) -> bool:
        """Whether the office works on this day. Raises YearWithoutCalendar."""
        week = self._weeks.get(day.year)
        if week is None:
            raise YearWithoutCalendar(day.year)
        return _WEEKDAYS[day.weekday()] in week and day not in self._holidays

    def on_or_after(self, day: date) -> date:
        """The first working day from this day on. Raises YearWithoutCalendar."""
        while day not in self:
            day += _DAY
        return day

    def after(self, day: date, count: int = 1) -> date:
        """The working day that is `count` (0 or more) working days after a day, itself not counted.

        Raises YearWithoutCalendar.
        """
        for _ in range(count):
            day = self.on_or_after(day + _DAY)
        return day

    def between(self, start: date, end: date) -> int:
        """How many working days lie after `start` and up to `end`. Raises YearWithoutCalendar."""
        span = (end - start).days
        return sum(start + timedelta(days=offset) in self for offset in range(1, span + 1))


@dataclass(frozen=True, slots=True)
class Office:
    """When an office works: its days, its zone, and its opening hours in local time."""

    days: WorkingDays
    zone: ZoneInfo
    opens_at: time
    closes_at: time

    def day_zero(self, accepted_at: datetime) -> date:
        """The working day on which a file accepted at this moment counts as accepted."""
        local = accepted_at.astimezone(self.zone)
        late = local.time() > self.closes_at
        return self.days.on_or_after(local.date() + _DAY if late else local.date())

    def due_date(self, accepted_at: datetime, promised: PromisedTime) -> date:
        """The last local day on which the promise is kept. Raises YearWithoutCalendar."""
        return self.due_at(accepted_at, promised).date()

    def due_at(self, accepted_at: datetime, promised: PromisedTime) -> datetime:
        """The moment, in local time, up to which the promise is kept. Raises YearWithoutCalendar.

        Days end at closing time. Calendar days run from the very day of acceptance, closed or not.
        """
        match promised.unit:
            case "working_days":
                day = self.days.after(self.day_zero(accepted_at), promised.value)
                return self._moment(day, self.closes_at)
            case "calendar_days":
                day = accepted_at.astimezone(self.zone).date()
                return self._moment(day + promised.value * _DAY, self.closes_at)
            case "hours":
                return self._open_time_later(accepted_at, timedelta(hours=promised.value))
            case "minutes":
                return self._open_time_later(accepted_at, timedelta(minutes=promised.value))

    def _open_time_later(self, accepted_at: datetime, wanted: timedelta) -> datetime:
        """Let the time run while the office is open, from acceptance or the next opening."""
        day = self.day_zero(accepted_at)
        now = max(accepted_at.astimezone(self.zone), self._moment(day, self.opens_at))
        while (left := self._moment(day, self.closes_at) - now) < wanted:
            wanted -= left
            day = self.days.after(day)
            now = self._moment(day, self.opens_at)
        return now + wanted

    def _moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone)
