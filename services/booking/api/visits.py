"""Visits over HTTP: plans for several agencies on one day, and places at all of them or at none."""

from datetime import date
from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field

from chassis import clock
from chassis.auth import PUBLIC, Caller
from chassis.errors import NotAllowed, NotFound
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import AppointmentId, MallId, PersonId, ServiceCode, VisitId
from services.booking.api.callers import (
    Code,
    Device,
    actor_for,
    channel_of,
    check_holder,
    is_staff,
    mall_of_staff,
    network_of,
)
from services.booking.commands.people import NikImpossible, possible
from services.booking.commands.visits import (
    BookVisit,
    CancelVisit,
    PlannedStop,
    Stops,
    VisitGivenUp,
    VisitMade,
)
from services.booking.queries import visits as queries
from services.booking.settings import BookingCodes, Digests, VisitCodes

_Services = Annotated[
    list[ServiceCode],
    Query(alias="service", min_length=2, max_length=5, examples=[["DUK-KTP", "POL-SKCK"]]),
]
_Day = Annotated[date, Query(alias="date", examples=["2026-03-10"])]


class VisitForm(BaseModel):
    """The stops in their order, as a plan has them."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "person_id": "019cb180-56c0-7dbf-8e82-e85d42fd502c",
                    "stops": [
                        {"session_id": "019cb180-5b3a-7f0e-8a51-5d1e3c6b2f40"},
                        {"session_id": "019cb180-5b3b-7a61-9c02-7b8d4f1e3a52"},
                    ],
                }
            ]
        },
    )

    person_id: PersonId
    stops: Stops
    nik: Annotated[str, Field(min_length=1, max_length=32)] | None = None


class BookedStop(PlannedStop):
    """One stop, with the secret of its appointment."""

    booking_code: str


class BookedVisit(BaseModel):
    """All places are taken. Whoever holds `visit_code` may look at the visit and give it up."""

    visit_id: VisitId
    visit_code: str
    stops: list[BookedStop]
    walking_minutes: int


def add_visits(found: Router, running: Running) -> None:
    """The endpoints about visits."""
    codes = BookingCodes(running.settings.code_key_file)
    digests = Digests(running.settings.code_key_file)
    visit_codes = VisitCodes(running.settings.code_key_file)

    @found.query("/v1/visit-plans", allow=PUBLIC, refusals=queries.REFUSALS)
    async def plan_visit(mall: MallId, day: _Day, services: _Services) -> list[queries.PlanView]:
        """At most three orders of 2 to 5 services with time to walk between them, the best first.

        Best is what ends first, then what has least walking. Nothing is taken yet.
        """
        return await queries.plans_for(running.database, mall, day, services, clock.now())

    @found.command(
        "/v1/visits",
        allow=PUBLIC,
        status=201,
        refusals=(*BookVisit.refusals, NikImpossible, NotAllowed),
    )
    async def book_visit(
        form: Json[VisitForm],
        caller: Caller,
        key: IdempotencyKey,
        request: Request,
        device: Device = None,
    ) -> BookedVisit:
        """Take a place at each stop, in this order, or none at all."""
        network = network_of(request)
        command = BookVisit(
            actor=actor_for(caller, form.person_id),
            at=clock.now(),
            key=key,
            visit_id=VisitId.new(),
            appointment_ids=tuple(AppointmentId.new() for _ in form.stops),
            stops=form.stops,
            person_id=form.person_id,
            channel=channel_of(caller),
            identity=digests.identity(possible(form.nik)) if form.nik is not None else None,
            device=digests.device(device) if device is not None else None,
            network=digests.network(network) if network is not None else None,
            staff_mall=mall_of_staff(caller),
        )
        made = (await running.dispatch(command)).read(VisitMade)
        return BookedVisit(
            visit_id=made.visit_id,
            visit_code=visit_codes.code_of(made.visit_id),
            stops=[
                BookedStop(**stop.model_dump(), booking_code=codes.code_of(stop.appointment_id))
                for stop in made.stops
            ],
            walking_minutes=made.walking_minutes,
        )

    @found.command(
        "/v1/visits/{visit_id}/cancel", allow=PUBLIC, refusals=(*CancelVisit.refusals, NotAllowed)
    )
    async def cancel_visit(
        visit_id: VisitId, caller: Caller, key: IdempotencyKey, code: Code = None
    ) -> VisitGivenUp:
        """Give up every stop that is still ahead. The code is that of the visit."""
        check_holder(visit_codes, caller, visit_id, code)
        command = CancelVisit(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            visit_id=visit_id,
            staff_mall=mall_of_staff(caller),
            reason="by_office" if is_staff(caller) else "by_citizen",
        )
        return (await running.dispatch(command)).read(VisitGivenUp)

    @found.query("/v1/visits/{visit_id}", allow=PUBLIC, refusals=(NotAllowed, NotFound))
    async def show_visit(visit_id: VisitId, caller: Caller, code: Code = None) -> queries.VisitView:
        """The stops in their order, and where each appointment stands."""
        check_holder(visit_codes, caller, visit_id, code)
        view = await queries.find_visit(running.database, visit_id)
        if view is None or mall_of_staff(caller) not in {None, view.mall}:
            raise NotFound
        return view
