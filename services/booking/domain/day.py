"""A service-day: one service of one mall on one day, above its sessions.

It is what a quota, a release and a waiting list are about. Its sums move with its sessions.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from contracts.booking import DayAnnounced
from contracts.ids import MallId, ServiceCode, ServiceDayId
from services.booking.domain.refusals import DayFull
from services.booking.domain.session import Session


@dataclass(frozen=True, slots=True)
class DayKey:
    """The natural name of a service-day."""

    mall: MallId
    service: ServiceCode
    service_date: date


@dataclass(frozen=True, slots=True)
class DayOfSpan:
    """Asks for the day to which an instant belongs on the mall's wall, if it is announced."""

    mall: MallId
    service: ServiceCode
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class DayOf:
    """Under which id a service-day stands. A look-up: it is never saved."""

    id: DayKey
    day_id: ServiceDayId


@dataclass(frozen=True, slots=True)
class SessionsOf:
    """Asks for all sessions of a day, locked as others are."""

    day_id: ServiceDayId


@dataclass(frozen=True, slots=True)
class ServiceDay:
    """A service-day: what is taken of it, what is free, who waits, how it is released.

    `parts`: instants and shares of a release in parts, as `domain/release.py` writes them.
    """

    id: ServiceDayId
    version: int
    mall: MallId
    service: ServiceCode
    service_date: date
    taken: int
    waiting: int
    free_online: int
    most: int | None
    policy: str
    policy_version: int
    mode: str
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    spread_s: int = 0
    seed_digest: str | None = None
    step: int = 0
    due_at: datetime | None = None
    parts: str = ""

    @classmethod
    def announced(cls, fact: DayAnnounced) -> "ServiceDay":
        """The day that this fact begins."""
        return cls(
            fact.day_id,
            1,
            fact.mall,
            fact.service,
            fact.service_date,
            0,
            0,
            0,
            fact.most,
            fact.policy,
            fact.policy_version,
            fact.mode,
            fact.opens_at,
            fact.closes_at,
            fact.spread_s or 0,
            fact.seed_digest,
            due_at=fact.closes_at if fact.mode == "lottery" else None,
        )

    @property
    def key(self) -> DayKey:
        """Its natural name."""
        return DayKey(self.mall, self.service, self.service_date)

    def with_waiting(self, more: int) -> "ServiceDay":
        """So many more wait for a place, or fewer."""
        return replace(self, waiting=self.waiting + more)

    def drawn(self) -> "ServiceDay":
        """The order of the entries is known."""
        return replace(self, version=self.version + 1, step=1, due_at=None)

    def must_have(self, places: int) -> None:
        """Raises DayFull when the quota of the day does not reach."""
        if self.most is not None and self.taken + places > self.most:
            raise DayFull(most=self.most)

    def following(self, before: Session | None, after: Session) -> "ServiceDay":
        """As one of its sessions changes, so do its sums."""
        taken = after.taken - (before.taken if before is not None else 0)
        free = after.free("online") - (before.free("online") if before is not None else 0)
        return replace(self, taken=self.taken + taken, free_online=self.free_online + free)
