"""How places are cut: into parts that are released one after another, and among channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ALL_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Part:
    """A share of the places, and when it is released: so many days before, at a local time."""

    days_before: int
    at: time
    percent: int

    def moment(self, service_date: date, zone: str) -> datetime:
        """The instant of the release for a day in this zone."""
        day = service_date - timedelta(days=self.days_before)
        return datetime.combine(day, self.at, ZoneInfo(zone))


def released(capacity: int, percents: Sequence[int], step: int) -> int:
    """How many places are released once `step` parts are; rounded down, the last is the rest."""
    if step >= len(percents):
        return capacity
    return capacity * sum(percents[:step]) // ALL_PERCENT


def step_at(moments: Sequence[datetime], at: datetime) -> int:
    """How many parts are due by then; one that was missed is made good with the next."""
    return sum(moment <= at for moment in moments)


def next_moment(moments: Sequence[datetime], step: int) -> datetime | None:
    """When the part behind these is due, if there is one."""
    return moments[step] if step < len(moments) else None


@dataclass(frozen=True, slots=True)
class Channels:
    """The most places that each way of booking may take."""

    online: int
    counter: int
    partner: int


def channels_of(capacity: int, *, counter_percent: int, partner_percent: int) -> Channels:
    """The shares of a session's places, rounded down; what is left over can be booked online."""
    counter = capacity * counter_percent // ALL_PERCENT
    partner = capacity * partner_percent // ALL_PERCENT
    return Channels(capacity - counter - partner, counter, partner)
