"""What a policy makes of a day: when and how its places are given out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from contracts.booking import AnnouncedPart, DayAnnounced
from contracts.booking_entries import (
    BookingPolicy,
    FirstComeRelease,
    LotteryRelease,
    Moment,
    ReleasedPart,
    StaggeredRelease,
)
from contracts.ids import ServiceDayId
from services.booking.domain.day import DayKey
from services.booking.domain.offer import Mall
from services.booking.domain.parts import ALL_PERCENT
from services.booking.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class NewDay:
    """What an edge makes up for a day that may not be announced yet; `most` is its quota."""

    id: ServiceDayId
    seed_digest: str
    most: int | None = None


def announced(new: NewDay, key: DayKey, mall: Mall, policy: Policy) -> DayAnnounced:
    """The day as its policy has it, by the clock on the mall's wall; times may be past already."""
    fact = DayAnnounced(
        day_id=new.id,
        mall=key.mall,
        service=key.service,
        service_date=key.service_date,
        policy=policy.rules.code,
        policy_version=policy.version,
        mode=policy.rules.release.mode,
        most=new.most,
    )
    if fact.mode == "open":
        return fact
    how = _released(policy.rules, key.service_date, mall.zone)
    return fact.model_copy(update={"seed_digest": new.seed_digest, **how})


def _released(rules: BookingPolicy, on: date, zone: str) -> dict[str, object]:
    match rules.release:
        case FirstComeRelease() as release:
            spread_s = release.spread_seconds if release.room_minutes else 0
            return {"opens_at": _instant(release, on, zone), "spread_s": spread_s}
        case StaggeredRelease(parts=parts):
            moments = [_instant(part, on, zone) for part in parts]
            return {"opens_at": moments[0], "parts": _parts(parts, moments)}
        case LotteryRelease() as release:
            opens = Moment(days_before=release.opens_days_before, at=time())
            return {
                "opens_at": _instant(opens, on, zone),
                "closes_at": _instant(release.closes, on, zone),
            }
        case _:
            return {}


def _parts(parts: Sequence[ReleasedPart], moments: Sequence[datetime]) -> tuple[AnnouncedPart, ...]:
    """The shares in the order of time; the last one is what is left over."""
    percents = [part.percent for part in parts]
    before = [0, *accumulate(percents)]
    percents[-1] = max(1, ALL_PERCENT - before[-2])
    return tuple(
        AnnouncedPart(at=at, percent=percent) for at, percent in zip(moments, percents, strict=True)
    )


def _instant(moment: Moment, on: date, zone: str) -> datetime:
    day = on - timedelta(days=moment.days_before)
    return datetime.combine(day, moment.at, ZoneInfo(zone))
