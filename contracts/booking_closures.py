"""Facts of booking about hours that differ: closures, and openings on days that are free."""

from pydantic import AwareDatetime

from contracts.base import Code, Fact
from contracts.booking_sessions import Tally
from contracts.ids import AgencyId, ClosureId, MallId, ServiceCode


class _OfClosure(Fact):
    """What the facts about one closure or special opening share."""

    aggregate = "closure"
    identity = "closure_id"
    topic = "booking.closures.v1"

    closure_id: ClosureId
    mall: MallId


class ClosureDeclared(_OfClosure):
    """A mall, an agency or a service is closed for a while, or open when it would not be.

    `kind` is `closure` or `special_opening`. Without agency and service the whole mall is meant.
    """

    type = "booking.closure_declared"

    kind: Code
    from_at: AwareDatetime
    until_at: AwareDatetime
    reason: Code
    agency: AgencyId | None = None
    service: ServiceCode | None = None


class ClosureLifted(_OfClosure):
    """The closure or special opening does not hold any more."""

    type = "booking.closure_lifted"

    reason: Code


class ClosureSwept(_OfClosure):
    """Everybody whose appointment the closure disturbs was told: so many in so many sessions."""

    type = "booking.closure_swept"

    sessions: Tally
    appointments: Tally
