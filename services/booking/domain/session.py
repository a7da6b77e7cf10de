"""A session: a span of time of one service in one mall, with a number of places."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from contracts.booking import AppointmentBooked, SessionOpened
from contracts.ids import AppointmentId, MallId, PersonId, ServiceCode, SessionId
from services.booking.domain.offer import Mall, Service
from services.booking.domain.refusals import (
    AlreadyBooked,
    SessionFull,
    SessionOver,
    SpanImpossible,
)


@dataclass(frozen=True, slots=True)
class PersonInSession:
    """Asks for what a person holds for the service and day of this session."""

    person_id: PersonId
    session_id: SessionId


@dataclass(frozen=True, slots=True)
class PersonsDay:
    """One person, one service, one day: at most one place may be held under it."""

    person_id: PersonId
    service: ServiceCode
    service_date: date


@dataclass(frozen=True, slots=True)
class Holding:
    """The place that is held, or None. A look-up: it is never saved."""

    id: PersonsDay
    appointment_id: AppointmentId | None


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A session and how many of its places are taken."""

    id: SessionId
    version: int
    mall: MallId
    service: ServiceCode
    service_date: date
    starts_at: datetime
    ends_at: datetime
    capacity: int
    booked: int = 0

    @classmethod
    def opened(cls, fact: SessionOpened) -> "Session":
        """The session that this fact begins."""
        return cls(
            fact.session_id,
            1,
            fact.mall,
            fact.service,
            fact.service_date,
            fact.starts_at,
            fact.ends_at,
            fact.capacity,
        )

    def day_of(self, person_id: PersonId) -> PersonsDay:
        """Under what a place of this person counts."""
        return PersonsDay(person_id, self.service, self.service_date)

    def book(
        self, appointment_id: AppointmentId, holding: Holding, at: datetime
    ) -> AppointmentBooked:
        """Take one place. Raises SessionOver, AlreadyBooked or SessionFull."""
        self.must_not_be_over(at)
        if holding.appointment_id is not None:
            raise AlreadyBooked(service=self.service, service_date=self.service_date.isoformat())
        if self.booked >= self.capacity:
            raise SessionFull(capacity=self.capacity)
        return AppointmentBooked(
            appointment_id=appointment_id,
            session_id=self.id,
            mall=self.mall,
            service=self.service,
            service_date=self.service_date,
            starts_at=self.starts_at,
            person_id=holding.id.person_id,
        )

    def must_not_be_over(self, at: datetime) -> None:
        """Raises SessionOver."""
        if at >= self.ends_at:
            raise SessionOver(ended_at=self.ends_at.isoformat())

    def with_one_more(self) -> "Session":
        """One place fewer is free."""
        return replace(self, booked=self.booked + 1)

    def with_one_less(self) -> "Session":
        """One place more is free."""
        return replace(self, booked=self.booked - 1)


def opened_session(
    session_id: SessionId, offer: tuple[Mall, Service], span: Span, capacity: int, at: datetime
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
