"""Facts of booking about when places may be booked: sessions, and the days that they make up.

A day is one service in one mall on one service date. Its quota, its way of giving places out and
its wait list hold for all of its sessions together.
"""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.base import Code, Count, Fact
from contracts.ids import ClosureId, MallId, PolicyCode, ServiceCode, ServiceDayId, SessionId

Places = Annotated[int, Field(ge=0, le=10_000)]
Tally = Annotated[int, Field(ge=0, le=2_147_483_647)]
# 32 bytes in hexadecimal: a seed, or a SHA-256.
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _OfSession(Fact):
    """What the facts about one session share."""

    aggregate = "session"
    identity = "session_id"
    topic = "booking.sessions.v1"

    session_id: SessionId
    mall: MallId
    service: ServiceCode
    service_date: date


class SessionOpened(_OfSession):
    """Places may be booked in this span of time. `capacity` is the number of places.

    At most so many of them are for one channel until the channels are opened to each other; None
    stands for no bound. `approve`: a booking is a request until the office says yes. A session of
    the plan names its `plan_revision`.
    """

    type = "booking.session_opened"

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    capacity: Annotated[int, Field(ge=1, le=10_000)]
    day_id: ServiceDayId | None = None
    most_online: Places | None = None
    most_counter: Places | None = None
    most_partner: Places | None = None
    approve: bool = False
    plan_revision: Count | None = None


class SessionResized(_OfSession):
    """The session has another number of places; `overbook` are those given out on top."""

    type = "booking.session_resized"

    capacity: Annotated[int, Field(ge=1, le=10_000)]
    overbook: Places
    reason: Code


class PlacesReleased(_OfSession):
    """One more part of the places may be booked: from now on `released` of them in all."""

    type = "booking.places_released"

    released: Places
    part: Annotated[int, Field(ge=1, le=100)]


class ChannelsOpened(_OfSession):
    """Places that were kept for one channel may now be booked over any."""

    type = "booking.channels_opened"


class SessionClosed(_OfSession):
    """Nobody can be served in this span of time: a closure covers it."""

    type = "booking.session_closed"

    closure_id: ClosureId


class SessionReopened(_OfSession):
    """The closure does not hold any more, so places may be booked again."""

    type = "booking.session_reopened"

    closure_id: ClosureId


class _OfDay(Fact):
    """What the facts about one service-day share."""

    aggregate = "service_day"
    identity = "day_id"
    topic = "booking.days.v1"

    day_id: ServiceDayId
    mall: MallId
    service: ServiceCode
    service_date: date


class AnnouncedPart(BaseModel):
    """So many of hundred places may be booked from this instant on."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: AwareDatetime
    percent: Annotated[int, Field(ge=1, le=100)]


class DayAnnounced(_OfDay):
    """It is fixed how the places of this day are given out.

    `mode` is a code: `open`, `first_come`, `staggered` or `lottery`. `policy_version` 0 is the
    policy that is built in. `most` is the quota of the day. Where turns or ranks are drawn,
    `seed_digest` is the SHA-256 of a seed that is told only when nothing can be chosen any more,
    and `spread_s` the seconds over which turns are spread after `opens_at`. `parts` in the order of
    time add up to a hundred.
    """

    type = "booking.day_announced"

    policy: PolicyCode
    policy_version: Tally
    mode: Code
    most: Places | None = None
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    spread_s: Tally | None = None
    seed_digest: Digest | None = None
    parts: Annotated[tuple[AnnouncedPart, ...], Field(max_length=10)] = ()


class QuotaChanged(_OfDay):
    """The day has another quota; without `most` none."""

    type = "booking.quota_changed"

    reason: Code
    most: Places | None = None


class SeedRevealed(_OfDay):
    """The release has opened: its turns are fixed, so anybody may recompute them from the seed.

    The turn of whoever entered before the opening is that share of the spread, in milliseconds
    rounded down, which the first 64 bits of an HMAC-SHA256 are of 2^64: keyed with the seed, over
    `loket turn v1`, a zero byte and the holder. The holder of a person is the first 16 bytes of
    the SHA-256 over `loket room holder v1`, a zero byte and the 16 bytes of the person's id.
    """

    type = "booking.seed_revealed"

    seed: Digest


class LotteryDrawn(_OfDay):
    """The order of the entries is drawn: each one's rank follows from the seed and its id.

    A rank is the first 63 bits of the HMAC-SHA256, keyed with the seed, over `loket draw v1`, a
    zero byte and the 16 bytes of the id. `entries` took part; `entries_digest` is the SHA-256 over
    the bytes of their ids, sorted.
    """

    type = "booking.lottery_drawn"

    seed: Digest
    entries: Tally
    entries_digest: Digest
