"""Closures and special openings: whom they cover, and which sessions they close.

A session is closed as a whole as soon as any part of it is: nobody can know in which part of it a
person would have come.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from contracts.base import Fact
from contracts.booking import (
    AppointmentDisturbed,
    ClosureDeclared,
    ClosureLifted,
    SessionClosed,
    SessionReopened,
)
from contracts.ids import AgencyId, AppointmentId, ClosureId, MallId, ServiceCode
from services.booking.domain.appointment import Appointment
from services.booking.domain.closure_refusals import (
    ClosureTimesImpossible,
    ClosureTooWide,
    ClosureUnknown,
    LiftedAlready,
)
from services.booking.domain.hours import Ruling, ruled
from services.booking.domain.offer import Service
from services.booking.domain.session import Session
from services.booking.domain.states import States

MOST_SESSIONS = 1000
"""Sessions that one decision closes at most: about ten days of a whole mall."""
_LONGEST = timedelta(days=366)
_LATE = timedelta(days=1)
# Holds end by themselves within minutes, and who has checked in stands in the hall.
_EXPECTED = frozenset({"booked", "requested"})
Kind = Literal["closure", "special_opening"]


@dataclass(frozen=True, slots=True)
class Touching:
    """Asks for the sessions of a mall in this time, and for what rules over them.

    Without agency and service: of all. `sessions` False: only for what rules.
    """

    mall: MallId
    from_at: datetime
    until_at: datetime
    agency: AgencyId | None = None
    service: ServiceCode | None = None
    sessions: bool = True


@dataclass(frozen=True, slots=True)
class TouchedBy:
    """Asks for what a closure that exists has to do with, as `Touching` does for a new one."""

    closure_id: ClosureId


@dataclass(frozen=True, slots=True)
class ConflictsOf:
    """Asks for appointments in sessions that this closure closed, of people not told yet."""

    closure_id: ClosureId


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Some of the people to tell; `more`: there are others. A look-up: it is never saved."""

    id: ConflictsOf
    appointments: tuple[AppointmentId, ...]
    sessions: int
    more: bool


@dataclass(frozen=True, slots=True)
class Closure:
    """A closure or a special opening. `told`: people who got a notice; `due_at`: others wait."""

    id: ClosureId
    version: int
    kind: Kind
    mall: MallId
    agency: AgencyId | None
    service: ServiceCode | None
    from_at: datetime
    until_at: datetime
    reason: str
    declared_at: datetime
    lifted_at: datetime | None = None
    told: int = 0
    due_at: datetime | None = None

    @classmethod
    def declared(cls, fact: ClosureDeclared, at: datetime) -> "Closure":
        """The closure that this fact begins; it is swept at once, also to say that it was."""
        kind: Kind = "closure" if fact.kind == "closure" else "special_opening"
        return cls(
            fact.closure_id,
            1,
            kind,
            fact.mall,
            fact.agency,
            fact.service,
            fact.from_at,
            fact.until_at,
            fact.reason,
            at,
            due_at=at if kind == "closure" else None,
        )

    @property
    def ruling(self) -> Ruling:
        """How it appears among the hours."""
        return Ruling(
            self.id, self.kind, self.from_at, self.until_at, self.declared_at, self.lifted_at
        )

    def covers(self, service: Service) -> bool:
        """Whether it is about this service."""
        return self.agency in {None, service.agency} and self.service in {None, service.id}

    def lift(self, reason: str) -> ClosureLifted:
        """Let it hold no more. Raises LiftedAlready."""
        if self.lifted_at is not None:
            raise LiftedAlready
        return ClosureLifted(closure_id=self.id, mall=self.mall, reason=reason)

    def lifted(self, at: datetime) -> "Closure":
        """One fact later it does not hold, and nobody needs to be told any more."""
        return replace(self, version=self.version + 1, lifted_at=at, due_at=None)

    def swept(self) -> "Closure":
        """One fact later everybody was told."""
        return replace(self, version=self.version + 1, due_at=None)

    def one_told(self) -> "Closure":
        """One person more was told."""
        return replace(self, told=self.told + 1)

    def to_sweep(self, at: datetime) -> "Closure":
        """There is somebody to tell, if nobody else's turn came before."""
        return self if self.due_at is not None else replace(self, due_at=at)


def declared(wanted: ClosureDeclared, at: datetime) -> ClosureDeclared:
    """The fact itself. Raises ClosureTimesImpossible."""
    span = wanted.until_at - wanted.from_at
    early = wanted.from_at < at - _LATE
    if not timedelta(0) < span <= _LONGEST or wanted.until_at <= at or early:
        raise ClosureTimesImpossible
    return wanted


def closing(session: Session, service: Service, closures: Iterable[Closure]) -> Closure | None:
    """The closure that closes a session, or None. One that closes it already goes on to do so.

    Of two rulings about the same time the later one holds.
    """
    held = {one.id: one for one in closures if one.lifted_at is None and one.covers(service)}
    pieces = ruled(session.starts_at, session.ends_at, [one.ruling for one in held.values()])
    winners = [
        held[ClosureId(ruling.id)]
        for _, _, ruling in pieces
        if ruling is not None and ruling.kind == "closure"
    ]
    if not winners:
        return None
    before = held.get(session.closed_by) if session.closed_by is not None else None
    still = before is not None and before.kind == "closure" and _meet(before, session)
    return before if still else winners[0]


def changed_sessions(
    states: States, closures: Sequence[Closure], about: Closure, at: datetime
) -> list[Fact]:
    """What becomes of the sessions that a new or lifted ruling is about.

    All states that were loaded are looked at, so that one which was opened by another command of
    the same group is among them. Raises ClosureTooWide.
    """
    touched = list(_touched(states, about))
    if len(touched) > MOST_SESSIONS:
        raise ClosureTooWide(most=MOST_SESSIONS)
    facts: list[Fact] = []
    for session, service in touched:
        if session.ends_at <= at:
            continue
        closed_by = closing(session, service, closures)
        wanted = closed_by.id if closed_by is not None else None
        if wanted == session.closed_by:
            continue
        if wanted is not None:
            facts.append(SessionClosed(**_named(session), closure_id=wanted))
        else:
            facts.append(SessionReopened(**_named(session), closure_id=session.closed_by))
    return facts


def disturbed(
    appointment: Appointment, session: Session, closure: Closure
) -> AppointmentDisturbed | None:
    """What its holder is told; None when it is in that session no more, or was told already."""
    told = appointment.disturbed_by == closure.id
    if told or session.closed_by != closure.id or appointment.status not in _EXPECTED:
        return None
    return AppointmentDisturbed(
        appointment_id=appointment.id,
        session_id=session.id,
        mall=session.mall,
        service=session.service,
        service_date=session.service_date,
        person_id=appointment.person_id,
        closure_id=closure.id,
        reason=closure.reason,
        free_until=session.ends_at,
    )


def get_closure(states: States, closure_id: ClosureId) -> Closure:
    """Raises ClosureUnknown."""
    found = states.get(closure_id)
    if not isinstance(found, Closure):
        raise ClosureUnknown(closure_id=str(closure_id))
    return found


def closures_in(states: States, mall: MallId) -> list[Closure]:
    """Every ruling about a mall that was loaded, and those that were just declared."""
    return [one for one in states.values() if isinstance(one, Closure) and one.mall == mall]


def _touched(states: States, about: Closure) -> Iterator[tuple[Session, Service]]:
    sessions = [one for one in states.values() if isinstance(one, Session)]
    for session in sorted(sessions, key=lambda one: one.id):
        service = states.get(session.service)
        if (
            session.mall == about.mall
            and isinstance(service, Service)
            and about.covers(service)
            and _meet(about, session)
        ):
            yield session, service


def _meet(closure: Closure, session: Session) -> bool:
    return closure.from_at < session.ends_at and session.starts_at < closure.until_at


def _named(session: Session) -> dict[str, Hashable]:
    return {
        "session_id": session.id,
        "mall": session.mall,
        "service": session.service,
        "service_date": session.service_date,
    }
