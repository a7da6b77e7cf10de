"""Commands about closures and special openings, and their answers."""

from collections.abc import Hashable, Sequence
from typing import ClassVar

from pydantic import AwareDatetime

from contracts.base import Answer, Code, Command, Refused
from contracts.ids import AgencyId, ClosureId, MallId, ServiceCode
from services.booking.domain import closure_refusals as rules
from services.booking.domain.closure import ConflictsOf, Kind, TouchedBy, Touching
from services.booking.domain.refusals import (
    MallUnknown,
    NotYours,
    ServiceNotInMall,
    ServiceUnknown,
)


class DeclareClosure(Command):
    """Close a mall, an agency or a service for a while, or open it when it would be closed.

    `staff_mall` binds the supervisor to a mall.
    """

    minted: ClassVar[frozenset[str]] = frozenset({"closure_id"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        NotYours,
        MallUnknown,
        ServiceUnknown,
        ServiceNotInMall,
        rules.AgencyNotInMall,
        rules.ClosureTimesImpossible,
        rules.ClosureTooWide,
    )

    closure_id: ClosureId
    kind: Kind
    mall: MallId
    agency: AgencyId | None
    service: ServiceCode | None
    from_at: AwareDatetime
    until_at: AwareDatetime
    reason: Code
    staff_mall: MallId | None

    def needs(self) -> Sequence[Hashable]:
        """Mall and service as the catalogue has them, the sessions in that time, what rules."""
        touching = Touching(self.mall, self.from_at, self.until_at, self.agency, self.service)
        services = () if self.service is None else (self.service,)
        return (self.mall, *services, touching)


class ClosureMade(Answer):
    """It holds. `sessions`: how many are closed or open again because of it."""

    closure_id: ClosureId
    sessions: int


class LiftClosure(Command):
    """Let a closure or special opening hold no more."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.ClosureUnknown,
        NotYours,
        rules.LiftedAlready,
        rules.ClosureTooWide,
    )

    closure_id: ClosureId
    reason: Code
    staff_mall: MallId | None

    def needs(self) -> Sequence[Hashable]:
        """The closure, the sessions in its time, and what else rules over them."""
        return (self.closure_id, TouchedBy(self.closure_id))


class SweepClosure(Command):
    """Tell some of those whose appointments a closure disturbs. Time causes it."""

    refusals: ClassVar[Sequence[type[Refused]]] = (rules.ClosureUnknown,)

    closure_id: ClosureId

    def needs(self) -> Sequence[Hashable]:
        """The closure, and a set of people who were not told."""
        return (self.closure_id, ConflictsOf(self.closure_id))


class Swept(Answer):
    """So many were told this time; `done`: all are."""

    told: int
    done: bool
