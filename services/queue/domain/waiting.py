"""How long somebody will wait: a range learnt from what this queue did, as wide as it has to be.

The centre comes from the measured time between departures. The width comes from the misses: it
grows with each wait outside its range and shrinks with each inside, so that in the long run the
promised share of the ranges is right, whatever the day is like (adaptive conformal inference,
Gibbs and Candes 2021). All in integers, so that the same facts give the same ranges again.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

_MINUTE_MS = 60_000
_STEP_MINUTES = 5
_STEP_MS = _STEP_MINUTES * _MINUTE_MS
_ONE_MS = timedelta(milliseconds=1)

# Somebody was called lately, so the counters are at work.
_AT_WORK = timedelta(minutes=30)
# A lunch break is no time of service: a gap counts at most as half an hour.
_LONGEST_GAP_MS = 30 * _MINUTE_MS
_SHORTEST_GAP_MS = 1000
_WEIGHT = 8

_NARROWEST, _WIDEST = 1_100, 6_000
_AT_FIRST = 1_500
# e to the power of 0.05 * 0.8 and of -0.05 * 0.2, in millionths: at a share of four fifths inside
# the two cancel out, and only there.
_AFTER_A_MISS, _AFTER_A_HIT, _MILLION = 1_040_811, 990_050, 1_000_000


@dataclass(frozen=True, slots=True)
class WaitRange:
    """From `low_minutes` to `high_minutes`, both multiples of five."""

    low_minutes: int
    high_minutes: int

    @classmethod
    def told(cls, low_seconds: int | None, high_seconds: int | None) -> "WaitRange | None":
        """The range that somebody was told when the ticket was issued, if any."""
        if low_seconds is None or high_seconds is None:
            return None
        return cls(low_seconds // 60, high_seconds // 60)

    def holds(self, waited: timedelta) -> bool:
        """Whether the wait was what had been said."""
        low, high = (timedelta(minutes=one) for one in (self.low_minutes, self.high_minutes))
        return low <= waited <= high


@dataclass(frozen=True, slots=True)
class Pace:
    """What a queue has learnt: mean time between departures, and width as a factor in thousandths.

    `predicted` and `inside` count the ranges that were put to the test, and those that held.
    """

    gap_ms: int
    width_pm: int = _AT_FIRST
    last_call_at: datetime | None = None
    predicted: int = 0
    inside: int = 0

    @classmethod
    def at_first(cls, typical_minutes: int, open_counters: int) -> "Pace":
        """Before anything is known: the typical time of service, shared by the open counters."""
        return cls(typical_minutes * _MINUTE_MS // max(open_counters, 1))

    def next_day(self) -> "Pace":
        """What a new day goes on with: pace and width, not the counts and not the last call."""
        return Pace(self.gap_ms, self.width_pm)

    def is_moving(self, at: datetime) -> bool:
        """Whether there is something to go by: a call of this day, not too long ago."""
        return self.last_call_at is not None and at - self.last_call_at <= _AT_WORK

    def range_for(self, before: int) -> WaitRange:
        """What to say to somebody who has so many others before them."""
        centre_ms = (2 * before + 1) * self.gap_ms // 2
        low = centre_ms * 1000 // self.width_pm // _STEP_MS
        high = -(-centre_ms * self.width_pm // (1000 * _STEP_MS))
        return WaitRange(low * _STEP_MINUTES, high * _STEP_MINUTES)

    def after_call(self, at: datetime, place_at: datetime, told: WaitRange | None) -> "Pace":
        """After a call of whoever stood in line since `place_at` and had been told a range."""
        learnt = replace(self, gap_ms=self._gap_after(at, place_at), last_call_at=at)
        return learnt if told is None else learnt.put_to_the_test(held=told.holds(at - place_at))

    def put_to_the_test(self, *, held: bool) -> "Pace":
        """After a range turned out right or wrong."""
        factor = _AFTER_A_HIT if held else _AFTER_A_MISS
        width = (self.width_pm * factor + _MILLION // 2) // _MILLION
        return replace(
            self,
            width_pm=min(max(width, _NARROWEST), _WIDEST),
            predicted=self.predicted + 1,
            inside=self.inside + held,
        )

    def _gap_after(self, at: datetime, place_at: datetime) -> int:
        # Only while somebody waited does a gap say how fast the counters are. Else it would say
        # how fast people arrive.
        if self.last_call_at is None or place_at > self.last_call_at:
            return self.gap_ms
        gap = min(max((at - self.last_call_at) // _ONE_MS, 0), _LONGEST_GAP_MS)
        return max((self.gap_ms * (_WEIGHT - 1) + gap) // _WEIGHT, _SHORTEST_GAP_MS)
