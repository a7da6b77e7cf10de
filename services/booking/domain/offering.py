"""Until when an offer holds: a while in which one may be asked, and never too close to its time."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from contracts.booking_entries import ListRule

_DAY = 24 * 60
_MINUTE = timedelta(minutes=1)


def offer_until(
    rule: ListRule, zone: str, at: datetime, starts_at: datetime, confirm_by: datetime | None = None
) -> datetime | None:
    """The end of an offer that is made now for a session that begins then.

    None: there is not time enough to answer, so it is not offered. `confirm_by` is the moment
    until which winners of a draw may take their time, if that is longer.
    """
    until = _awake(rule, zone, at)
    if confirm_by is not None:
        until = max(until, confirm_by)
    until = min(until, starts_at - timedelta(minutes=rule.before_start_minutes))
    return until if until - at >= timedelta(minutes=rule.least_minutes) else None


def _awake(rule: ListRule, zone: str, at: datetime) -> datetime:
    """So many minutes later that are not quiet ones."""
    left = timedelta(minutes=rule.minutes)
    if rule.quiet is None:
        return at + left
    starts, ends = _minute(rule.quiet.starts_at), _minute(rule.quiet.ends_at)
    length = (ends - starts) % _DAY * _MINUTE
    # The local times of a mall have no summer time, so minutes of its day are minutes.
    local = at.astimezone(ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    quiet_from = midnight + (starts - _DAY) * _MINUTE
    moment = local
    while True:
        if quiet_from <= moment < quiet_from + length:
            moment = quiet_from + length
        elif quiet_from > moment:
            if moment + left <= quiet_from:
                return (moment + left).astimezone(at.tzinfo)
            left -= quiet_from - moment
            moment = quiet_from + length
        quiet_from += timedelta(days=1)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
