"""Closures over HTTP: supervisors declare and lift them, everybody sees them."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from chassis import clock
from chassis.auth import PUBLIC, Caller, requires
from chassis.errors import NotFound
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.base import Code
from contracts.ids import AgencyId, AppointmentId, ClosureId, MallId, ServiceCode
from services.booking.api.callers import mall_of_staff
from services.booking.commands.closures import ClosureMade, DeclareClosure, LiftClosure
from services.booking.queries import closures as queries

_SUPERVISORS = requires("supervisor", "operator")
_From = Annotated[AwareDatetime, Query(alias="from", examples=["2026-03-10T00:00:00+07:00"])]
_Until = Annotated[AwareDatetime, Query(alias="to", examples=["2026-03-17T00:00:00+07:00"])]


class ClosureForm(BaseModel):
    """A closure, or an opening when it would be closed: of a mall, one agency or one service."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "closure",
                    "mall": "mpp-nusantara",
                    "agency": "dukcapil",
                    "from_at": "2026-03-10T10:00:00+07:00",
                    "until_at": "2026-03-10T15:00:00+07:00",
                    "reason": "system_outage",
                }
            ]
        },
    )

    kind: Literal["closure", "special_opening"]
    mall: MallId
    agency: AgencyId | None = None
    service: ServiceCode | None = None
    from_at: AwareDatetime
    until_at: AwareDatetime
    reason: Code

    @model_validator(mode="after")
    def _is_about_one(self) -> "ClosureForm":
        if self.agency is not None and self.service is not None:
            raise ValueError("name an agency or a service, not both")
        return self


class LiftForm(BaseModel):
    """Why a closure holds no more."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "system_is_back"}]}
    )

    reason: Code


def add_closures(found: Router, running: Running) -> None:
    """The endpoints about closures and special openings."""

    @found.command("/v1/closures", allow=_SUPERVISORS, status=201, refusals=DeclareClosure.refusals)
    async def declare_closure(
        form: Json[ClosureForm], caller: Caller, key: IdempotencyKey
    ) -> ClosureMade:
        """Close, or open specially. Who has an appointment in that time gets one notice."""
        command = DeclareClosure(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            closure_id=ClosureId.new(),
            staff_mall=mall_of_staff(caller),
            **dict(form),
        )
        return (await running.dispatch(command)).read(ClosureMade)

    @found.command(
        "/v1/closures/{closure_id}/lift", allow=_SUPERVISORS, refusals=LiftClosure.refusals
    )
    async def lift_closure(
        closure_id: ClosureId, form: Json[LiftForm], caller: Caller, key: IdempotencyKey
    ) -> ClosureMade:
        """Let it hold no more: sessions are open again unless something else closes them."""
        command = LiftClosure(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            closure_id=closure_id,
            reason=form.reason,
            staff_mall=mall_of_staff(caller),
        )
        return (await running.dispatch(command)).read(ClosureMade)

    @found.query("/v1/closures", allow=PUBLIC)
    async def list_closures(
        mall: MallId, from_at: _From, until_at: _Until
    ) -> list[queries.ClosureView]:
        """Closures and special openings that touch this time; lifted ones, too."""
        return await queries.closures_of(running.database, mall, from_at, until_at)

    @found.query(
        "/v1/closures/{closure_id}/conflicts",
        allow=requires("officer", "operator"),
        refusals=(NotFound,),
    )
    async def list_conflicts(
        closure_id: ClosureId,
        caller: Caller,
        after: AppointmentId | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> list[queries.ConflictView]:
        """The appointments that it disturbs, by id; go on after the last one."""
        mall = await queries.find_mall_of(running.database, closure_id)
        if mall is None or mall_of_staff(caller) not in {None, mall}:
            raise NotFound
        return await queries.conflicts_of(running.database, closure_id, after, limit)
