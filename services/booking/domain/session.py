"""A session: a span of time of one service in one mall, with a number of places."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from contracts.booking import SessionOpened
from contracts.ids import ClosureId, MallId, ServiceCode, ServiceDayId, SessionId
from services.booking.domain.offer import Mall, Service
from services.booking.domain.refusals import (
    ChannelFull,
    SessionClosedNow,
    SessionFull,
    SessionOver,
    SpanImpossible,
)

OVERBOOK_SHARE = 5
"""At most one place in so many may be given out on top."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A session and how many of its places are taken: `booked` by appointments, `held` by holds."""

    id: SessionId
    version: int
    day_id: ServiceDayId
    mall: MallId
    service: ServiceCode
    service_date: date
    starts_at: datetime
    ends_at: datetime
    capacity: int
    booked: int = 0
    held: int = 0
    overbook: int = 0
    released: int | None = None
    taken_online: int = 0
    taken_counter: int = 0
    taken_partner: int = 0
    most_online: int | None = None
    most_counter: int | None = None
    most_partner: int | None = None
    channels_open: bool = False
    closed_by: ClosureId | None = None
    approve: bool = False
    due_at: datetime | None = None

    @classmethod
    def opened(cls, fact: SessionOpened) -> "Session":
        """The session that this fact begins."""
        return cls(
            fact.session_id,
            1,
            # A fact of the time before days names none; its day is named after what it is.
            fact.day_id or ServiceDayId.of(fact.mall, fact.service, fact.service_date.isoformat()),
            fact.mall,
            fact.service,
            fact.service_date,
            fact.starts_at,
            fact.ends_at,
            fact.capacity,
            most_online=fact.most_online,
            most_counter=fact.most_counter,
            most_partner=fact.most_partner,
            approve=fact.approve,
        )

    @property
    def taken(self) -> int:
        """Places that nobody else can have."""
        return self.booked + self.held

    @property
    def left(self) -> int:
        """Places of the part that is released, whoever may take them."""
        most = self.capacity + self.overbook
        released = most if self.released is None else min(most, self.released)
        return max(0, released - self.taken)

    def free(self, channel: str) -> int:
        """Places that can be taken in this way of booking."""
        if self.closed_by is not None:
            return 0
        most: int | None = getattr(self, f"most_{channel}")
        if most is None or self.channels_open:
            return self.left
        own: int = getattr(self, f"taken_{channel}")
        return max(0, min(self.left, most - own))

    def must_have(self, places: int, channel: str) -> None:
        """Raises SessionClosedNow, SessionFull or ChannelFull."""
        self.must_be_open()
        if self.left < places:
            raise SessionFull(capacity=self.capacity)
        if self.free(channel) < places:
            raise ChannelFull(channel=channel)

    def resized(self, capacity: int, overbook: int) -> "Session":
        """One fact later, with another number of places."""
        return replace(self, version=self.version + 1, capacity=capacity, overbook=overbook)

    def must_be_open(self) -> None:
        """Raises SessionClosedNow."""
        if self.closed_by is not None:
            raise SessionClosedNow

    def must_not_be_over(self, at: datetime) -> None:
        """Raises SessionOver."""
        if at >= self.ends_at:
            raise SessionOver(ended_at=self.ends_at.isoformat())

    def ruled(self, closed_by: ClosureId | None) -> "Session":
        """One fact later it is closed by this closure, or open."""
        return replace(self, version=self.version + 1, closed_by=closed_by)

    def channels_opened(self) -> "Session":
        """One fact later everybody may take what is left."""
        return replace(self, version=self.version + 1, channels_open=True, due_at=None)

    def with_places(self, places: int, channel: str, *, held: bool) -> "Session":
        """So many places more are taken, or fewer."""
        return replace(
            self,
            booked=self.booked + (0 if held else places),
            held=self.held + (places if held else 0),
            taken_online=self.taken_online + (places if channel == "online" else 0),
            taken_counter=self.taken_counter + (places if channel == "counter" else 0),
            taken_partner=self.taken_partner + (places if channel == "partner" else 0),
        )


def opened_session(
    session_id: SessionId,
    offer: tuple[Mall, Service],
    span: Span,
    capacity: int,
    at: datetime,
) -> SessionOpened:
    """Open a session for a service of a mall.

    Raises ServiceNotInMall, SpanImpossible or SessionOver.
    """
    mall, service = offer
    mall.must_offer(service)
    service_date = mall.date_of(span.starts_at)
    if span.ends_at <= span.starts_at or mall.date_of(span.ends_at) != service_date:
        raise SpanImpossible(zone=mall.zone)
    if span.ends_at <= at:
        raise SessionOver(ended_at=span.ends_at.isoformat())
    return SessionOpened(
        session_id=session_id,
        mall=mall.id,
        service=service.id,
        service_date=service_date,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        capacity=capacity,
    )
