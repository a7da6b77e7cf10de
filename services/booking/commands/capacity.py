"""Commands about the number of places of a session, and their answer."""

from collections.abc import Hashable, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from contracts.base import Answer, Code, Command, Refused
from contracts.ids import MallId, SessionId
from services.booking.commands.sessions import Capacity
from services.booking.domain import capacity_refusals as no
from services.booking.domain import refusals as rules

TooFewKnown = no.TooFewKnown
SpanTooLong = no.SpanTooLong
OnTop = Annotated[int, Field(ge=0, le=2_000)]


class _Resize(Command):
    """Another number of places. `staff_mall` binds the officer to a mall."""

    session_id: SessionId
    reason: Code
    staff_mall: MallId | None

    def needs(self) -> Sequence[Hashable]:
        """The session with its day and policy."""
        return (self.session_id,)


class ResizeSession(_Resize):
    """The session has more places, or fewer: never fewer than are taken."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.SessionUnknown,
        rules.NotYours,
        rules.SessionOver,
        no.PlacesTakenAlready,
    )

    capacity: Capacity


class OverbookSession(_Resize):
    """So many places are given out on top, because some people will not come."""

    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.SessionUnknown,
        rules.NotYours,
        rules.SessionOver,
        no.OverbookOff,
        no.OverbookTooMuch,
        no.PlacesTakenAlready,
    )

    places: OnTop


class SessionSize(Answer):
    """How many places the session has, and how many are given out on top."""

    session_id: SessionId
    capacity: int
    overbook: int
