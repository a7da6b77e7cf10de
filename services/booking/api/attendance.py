"""The number of places and what is known of those who take them, over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from chassis import clock
from chassis.auth import PUBLIC, Caller, requires
from chassis.errors import NotAllowed
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.base import Code
from contracts.ids import MallId, ServiceCode, SessionId
from services.booking.api.callers import mall_of_staff
from services.booking.commands.capacity import (
    OnTop,
    OverbookSession,
    ResizeSession,
    SessionSize,
    SpanTooLong,
    TooFewKnown,
)
from services.booking.commands.sessions import Capacity
from services.booking.queries import attendance as queries

_SUPERVISORS = requires("supervisor", "operator")
_From = Annotated[date, Query(alias="from", examples=["2026-03-01"])]
_To = Annotated[date, Query(alias="to", examples=["2026-03-31"])]
_Day = Annotated[date, Query(alias="date", examples=["2026-03-17"])]
_Mall = Annotated[MallId, Query(examples=["mpp-nusantara"])]
_Service = Annotated[ServiceCode, Query(examples=["DUK-KTP"])]


class CapacityForm(BaseModel):
    """Another number of places, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"capacity": 30, "reason": "officer_ill"}]},
    )

    capacity: Capacity
    reason: Code


class OverbookForm(BaseModel):
    """How many places are given out on top, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"places": 2, "reason": "measured_no_shows"}]},
    )

    places: OnTop
    reason: Code


def add_attendance(found: Router, running: Running) -> None:
    """The endpoints about places, no-shows and hoarding."""

    @found.command(
        "/v1/sessions/{session_id}/capacity",
        allow=requires("officer", "supervisor", "operator"),
        refusals=ResizeSession.refusals,
    )
    async def resize_session(
        session_id: SessionId, form: Json[CapacityForm], caller: Caller, key: IdempotencyKey
    ) -> SessionSize:
        """Give a session more places, or fewer; never fewer than are taken."""
        command = ResizeSession(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            session_id=session_id,
            staff_mall=mall_of_staff(caller),
            **dict(form),
        )
        return (await running.dispatch(command)).read(SessionSize)

    @found.command(
        "/v1/sessions/{session_id}/overbook",
        allow=_SUPERVISORS,
        refusals=OverbookSession.refusals,
    )
    async def overbook_session(
        session_id: SessionId, form: Json[OverbookForm], caller: Caller, key: IdempotencyKey
    ) -> SessionSize:
        """Give out places on top, because some people will not come; 0 takes it back."""
        command = OverbookSession(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            session_id=session_id,
            staff_mall=mall_of_staff(caller),
            **dict(form),
        )
        return (await running.dispatch(command)).read(SessionSize)

    @found.query("/v1/no-shows", allow=PUBLIC, refusals=(SpanTooLong, TooFewKnown))
    async def no_shows(mall: _Mall, service: _Service, from_: _From, to: _To) -> queries.NoShows:
        """How many did not come, by day; of fewer than five people nothing is said."""
        if not 0 <= (to - from_).days < queries.SPAN_DAYS:
            raise SpanTooLong(most_days=queries.SPAN_DAYS)
        shown = await queries.no_shows(running.database, mall, service, from_, to)
        if shown.known < queries.LEAST_SHOWN:
            raise TooFewKnown(least=queries.LEAST_SHOWN)
        return shown

    @found.query("/v1/overbooking-advice", allow=_SUPERVISORS, refusals=(NotAllowed, TooFewKnown))
    async def overbooking_advice(
        mall: _Mall,
        service: _Service,
        caller: Caller,
        capacity: Annotated[int, Query(ge=1, le=10_000, examples=[40])],
    ) -> queries.OverbookingAdvice:
        """How many places on top the no-shows of the last three months would bear. Advice only."""
        _must_be_theirs(mall_of_staff(caller), mall)
        advice = await queries.overbooking_advice(
            running.database, mall, service, capacity, clock.now().date()
        )
        if advice is None:
            raise TooFewKnown
        return advice

    @found.query("/v1/hoarding", allow=_SUPERVISORS, refusals=(NotAllowed,))
    async def hoarding(
        mall: _Mall, service: _Service, day: _Day, caller: Caller
    ) -> queries.Hoarding:
        """How many devices and connections hold how many places of a day, from five on."""
        _must_be_theirs(mall_of_staff(caller), mall)
        return await queries.hoarding(running.database, mall, service, day)


def _must_be_theirs(own: MallId | None, mall: MallId) -> None:
    if own not in {None, mall}:
        raise NotAllowed("ask about your own mall")
