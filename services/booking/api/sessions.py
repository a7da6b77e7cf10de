"""Sessions over HTTP: the office opens them, everybody sees their free places."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict

from chassis import clock
from chassis.auth import PUBLIC, Caller, requires
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import MallId, ServiceCode, ServiceDayId, SessionId
from services.booking.api.callers import mall_of_staff
from services.booking.api.releases import waiting_rooms
from services.booking.commands.sessions import Capacity, OpenSession, SessionMade
from services.booking.queries import sessions as queries


class SessionForm(BaseModel):
    """A session to open; both times with their offset."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "mall": "mpp-nusantara",
                    "service": "DUK-KTP",
                    "starts_at": "2026-03-02T08:00:00+07:00",
                    "ends_at": "2026-03-02T10:00:00+07:00",
                    "capacity": 40,
                }
            ]
        },
    )

    mall: MallId
    service: ServiceCode
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    capacity: Capacity
    approve: bool = False
    """Whether each booking is a request that the office has to grant."""


def add_sessions(found: Router, running: Running) -> None:
    """The endpoints about sessions."""
    rooms = waiting_rooms(running)

    @found.command(
        "/v1/sessions",
        allow=requires("officer", "operator"),
        status=201,
        refusals=OpenSession.refusals,
    )
    async def open_session(
        form: Json[SessionForm], caller: Caller, key: IdempotencyKey
    ) -> SessionMade:
        """Let places be booked in a span of time."""
        day_id = ServiceDayId.new()
        command = OpenSession(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            session_id=SessionId.new(),
            day_id=day_id,
            seed_digest=rooms.digest_for(day_id),
            staff_mall=mall_of_staff(caller),
            **dict(form),
        )
        return (await running.dispatch(command)).read(SessionMade)

    @found.query("/v1/sessions", allow=PUBLIC)
    async def list_sessions(
        mall: MallId, service: ServiceCode, day: Annotated[date, Query(alias="date")]
    ) -> list[queries.SessionView]:
        """The sessions of a day in the mall's zone, with the places that are free."""
        return await queries.sessions_of(running.database, mall, service, day)
