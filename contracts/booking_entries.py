"""What the catalogue says about booking: the rules by which places are given out, and how many.

A policy is public; its revision is stamped on each day that goes by it. A rule that is left out
does not exist there. Times of day are local ones of the mall. The policy that is built in, where a
mall names none, is `umum` in version 0: it lets everything be booked at any time.
"""

from datetime import date, time
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from contracts.base import ShortText
from contracts.entry_base import Entry, Part, Weekday
from contracts.ids import MallId, PolicyCode, ServiceCode

Days = Annotated[int, Field(ge=0, le=365)]
Minutes = Annotated[int, Field(ge=0, le=10_080)]
Hours = Annotated[int, Field(ge=1, le=720)]
Percent = Annotated[int, Field(ge=0, le=100)]
Most = Annotated[int, Field(ge=1, le=10_000)]
Live = Annotated[int, Field(ge=1, le=100)]
Zone = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,4}$")]
PlanCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([.-][a-z0-9]+)*$", max_length=40)]


class WindowRule(Part):
    """When a day may be booked: from midnight so many days before, until before a session begins.

    Without `opens_days` as soon as the session is there, without `closes_minutes` until it ends.
    """

    opens_days: Days | None = None
    closes_minutes: Minutes | None = None


class KeepRule(Part):
    """For how long a place is held until it is confirmed, and how many one person may hold."""

    minutes: Annotated[int, Field(ge=1, le=1440)]
    most_live: Live


class LimitRule(Part):
    """How many live bookings there may be at once; `network_day` for one address and day."""

    person_live: Live | None = None
    identity_live: Live | None = None
    device_live: Live | None = None
    network_day: Most | None = None


class Moment(Part):
    """A time of day so many days before the day that it is about."""

    days_before: Days
    at: time


class OpenRelease(Part):
    """Places may be booked as soon as the window is open."""

    mode: Literal["open"]


class FirstComeRelease(Moment):
    """All places at one moment; who is in the room by then has a turn in the spread after it."""

    mode: Literal["first_come"]
    room_minutes: Annotated[int, Field(ge=0, le=120)]
    spread_seconds: Annotated[int, Field(ge=0, le=3600)]


class ReleasedPart(Moment):
    """So many of hundred places, from this moment on."""

    percent: Annotated[int, Field(ge=1, le=100)]


class StaggeredRelease(Part):
    """Places come in parts; the last one is what is left over."""

    mode: Literal["staggered"]
    parts: Annotated[tuple[ReleasedPart, ...], Field(min_length=1, max_length=10)]


class LotteryRelease(Part):
    """Who enters until it closes takes part in a draw; a winner confirms within so many hours.

    They count from the end of entries, and are never less than the minutes of any offer.
    """

    mode: Literal["lottery"]
    opens_days_before: Days
    closes: Moment
    confirm_hours: Annotated[int, Field(ge=0, le=168)]


class ChannelRule(Part):
    """Of hundred places, how many are for each channel; open to all so many hours before."""

    online: Percent
    counter: Percent
    partner: Percent
    open_before_hours: Annotated[int, Field(ge=0, le=168)]


class CheckInRule(Part):
    """How early one may check in, and how late; without the rule all day, and nobody is missed."""

    before_minutes: Minutes
    grace_minutes: Minutes


class MoveRule(Part):
    """How often an appointment may be moved, and until when before it begins."""

    most: Annotated[int, Field(ge=0, le=100)] | None = None
    until_minutes: Minutes


class Quiet(Part):
    """Hours, perhaps over midnight, in which nobody has to answer."""

    starts_at: time
    ends_at: time


class ListRule(Part):
    """The wait list: how long it may be, and how freed places are offered to it.

    An offer holds for `minutes`, not counting quiet hours, and ends `before_start_minutes` before
    the session. A place for which less than `least_minutes` are left is offered to nobody. After
    so many offers (`most_offers`) an entry is off the list.
    """

    most: Most
    minutes: Annotated[int, Field(ge=1, le=1440)]
    quiet: Quiet | None = None
    least_minutes: Annotated[int, Field(ge=1, le=1440)]
    before_start_minutes: Minutes
    most_offers: Annotated[int, Field(ge=1, le=10)]


class ApprovalRule(Part):
    """Each booking is a request; one that is not granted in time is declined."""

    within_hours: Hours


class MissRule(Part):
    """Who missed so many appointments within so many days cannot book online for as long."""

    block_after: Annotated[int, Field(ge=1, le=100)]
    within_days: Annotated[int, Field(ge=1, le=365)]


class FlagRule(Part):
    """A booking so soon after somebody gave the place up is published as worth a look."""

    rebook_within_seconds: Annotated[int, Field(ge=1, le=3600)]


class OverbookRule(Part):
    """How many places of hundred may be given out on top, at which risk that all come."""

    most_percent: Annotated[int, Field(ge=0, le=20)]
    risk_percent: Annotated[int, Field(ge=1, le=50)]


class BookingPolicy(Entry):
    """How the places of a service in a mall are given out.

    `identity` says whether a NIK is asked for, which is never kept. One booking of the service
    takes `weight` places. Without a `waiting` rule there is no wait list.
    """

    kind: ClassVar[str] = "booking_policy"

    code: PolicyCode
    name_id: ShortText
    name_en: ShortText
    window: WindowRule
    hold: KeepRule
    identity: Literal["none", "optional", "required"]
    limits: LimitRule
    release: OpenRelease | FirstComeRelease | StaggeredRelease | LotteryRelease
    weight: Annotated[int, Field(ge=1, le=6)]
    channels: ChannelRule | None = None
    check_in: CheckInRule | None = None
    moves: MoveRule
    waiting: ListRule | None = None
    approve: ApprovalRule | None = None
    reminders_hours: Annotated[tuple[Hours, ...], Field(max_length=5)]
    misses: MissRule | None = None
    flag: FlagRule | None = None
    overbook: OverbookRule


class PlannedSession(Part):
    """A span of a day and its number of places."""

    starts_at: time
    ends_at: time
    places: Most


class PlannedDays(Part):
    """The sessions of these weekdays, and the quota of each, if any."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)]
    most: Most | None = None
    sessions: Annotated[tuple[PlannedSession, ...], Field(min_length=1, max_length=50)]


class SessionPlan(Entry):
    """The sessions that are opened by themselves for a service of a mall, some days ahead."""

    kind: ClassVar[str] = "session_plan"

    code: PlanCode
    mall: MallId
    service: ServiceCode
    valid_from: date
    days_ahead: Annotated[int, Field(ge=1, le=90)]
    week: Annotated[tuple[PlannedDays, ...], Field(min_length=1, max_length=7)]


class MallBooking(Part):
    """What is special about booking one service of a mall: its own policy."""

    service: ServiceCode
    policy: PolicyCode


class Walk(Part):
    """How long one walks between two zones, which are the first part of counters' codes."""

    zones: Annotated[tuple[Zone, ...], Field(min_length=2, max_length=2)]
    minutes: Annotated[int, Field(ge=0, le=120)]
