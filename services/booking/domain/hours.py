"""When an office is open: its week, holidays, closures and special openings, and since when known.

Two rulings about the same time: the later one holds. Either beats the week and a holiday.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from contracts.entries import Calendar
from contracts.entry_base import Weekday

_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
Why = Literal["week", "holiday", "closure", "special_opening"]


class CalendarMissing(Exception):
    """The holidays of `year` are not known, so nobody can say what is open then."""

    def __init__(self, year: int) -> None:
        super().__init__(f"there is no calendar for {year}")
        self.year = year


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """From when to when a mall is open on a working day, in one revision of the catalogue."""

    revision: int
    opens_at: time
    closes_at: time
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """A closure or a special opening; `lifted_at` ends it as if it had never been."""

    id: UUID
    kind: Literal["closure", "special_opening"]
    from_at: datetime
    until_at: datetime
    known_at: datetime
    lifted_at: datetime | None = None

    def holds(self, as_of: datetime) -> bool:
        """Whether it was declared and not lifted at this moment."""
        return self.known_at <= as_of and (self.lifted_at is None or as_of < self.lifted_at)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some time of a day with what holds in it and why. `revision` or `ruling` says by what."""

    starts_at: datetime
    ends_at: datetime
    is_open: bool
    why: Why
    known_at: datetime
    revision: int | None = None
    ruling: UUID | None = None
    holiday: str | None = None


@dataclass(frozen=True, slots=True)
class Office:
    """All that decides when one office is open. `open_days`: its own week instead of the mall's."""

    zone: ZoneInfo
    hours: Sequence[OpeningHours]
    calendars: Mapping[int, Calendar]
    open_days: frozenset[Weekday] | None = None
    rulings: Iterable[Ruling] = ()

    def day(self, on: date, as_of: datetime) -> list[Stretch]:
        """The stretches of a day in the order of time, by what was known at `as_of`.

        For a day that is over, hours that came into the catalogue later do not count.
        Raises CalendarMissing.
        """
        midnight = datetime.combine(on, time(), self.zone)
        end = datetime.combine(on + _DAY, time(), self.zone)
        usual = self._usual(on, min(as_of, end))
        known = [one for one in self.rulings if one.holds(as_of)]
        pieces = ruled(midnight, end, known, {usual.starts_at, usual.ends_at})
        found = (_stretch(start, stop, ruling, usual) for start, stop, ruling in pieces)
        return _joined(piece for piece in found if piece is not None)

    def is_open(self, starts_at: datetime, ends_at: datetime, as_of: datetime) -> bool:
        """Whether it is open for the whole span, which lies within one day. Raises as `day`."""
        on = starts_at.astimezone(self.zone).date()
        reached = starts_at
        for stretch in self.day(on, as_of):
            if stretch.is_open and stretch.starts_at <= reached < stretch.ends_at:
                reached = stretch.ends_at
        return reached >= ends_at

    def _usual(self, on: date, as_of: datetime) -> Stretch:
        calendar = self.calendars.get(on.year)
        if calendar is None:
            raise CalendarMissing(on.year)
        hours = self._hours(as_of)
        holiday = next((one.name for one in calendar.holidays if one.date == on), None)
        week = self.open_days or frozenset(calendar.working_days)
        return Stretch(
            datetime.combine(on, hours.opens_at, self.zone),
            datetime.combine(on, hours.closes_at, self.zone),
            is_open=holiday is None and _WEEKDAYS[on.weekday()] in week,
            why="week" if holiday is None else "holiday",
            known_at=hours.known_at,
            revision=hours.revision,
            holiday=holiday,
        )

    def _hours(self, as_of: datetime) -> OpeningHours:
        # What was read from the catalogue first stands for the time before it was read.
        in_order = sorted(self.hours, key=lambda one: (one.known_at, one.revision))
        known = [one for one in in_order if one.known_at <= as_of]
        return known[-1] if known else in_order[0]


def ruled(
    starts_at: datetime,
    ends_at: datetime,
    rulings: Iterable[Ruling],
    borders: AbstractSet[datetime] = frozenset(),
) -> list[tuple[datetime, datetime, Ruling | None]]:
    """A span cut at every border in it; each piece with the ruling that holds there, if any does.

    The ruling that was declared last holds; of two at one moment, the one with the greater id.
    """
    touching = [one for one in rulings if one.from_at < ends_at and starts_at < one.until_at]
    edges = {starts_at, ends_at, *borders}
    for one in touching:
        edges |= {max(one.from_at, starts_at), min(one.until_at, ends_at)}
    found: list[tuple[datetime, datetime, Ruling | None]] = []
    for start, stop in pairwise(sorted(edges)):
        covering = [one for one in touching if one.from_at <= start and stop <= one.until_at]
        found.append(
            (start, stop, max(covering, key=lambda one: (one.known_at, one.id), default=None))
        )
    return found


def _stretch(
    start: datetime, stop: datetime, ruling: Ruling | None, usual: Stretch
) -> Stretch | None:
    if ruling is not None:
        is_open = ruling.kind == "special_opening"
        return Stretch(start, stop, is_open, ruling.kind, ruling.known_at, ruling=ruling.id)
    if usual.starts_at <= start and stop <= usual.ends_at:
        return replace(usual, starts_at=start, ends_at=stop)
    return None


def _joined(pieces: Iterable[Stretch]) -> list[Stretch]:
    """Neighbours that hold by the same cause are one stretch."""
    found: list[Stretch] = []
    for piece in pieces:
        last = found[-1] if found else None
        if last and last.ends_at == piece.starts_at and _cause(last) == _cause(piece):
            found[-1] = replace(last, ends_at=piece.ends_at)
        else:
            found.append(piece)
    return found


def _cause(stretch: Stretch) -> tuple[bool, Why, int | None, UUID | None]:
    return stretch.is_open, stretch.why, stretch.revision, stretch.ruling
