"""Requests over HTTP: the office grants or declines them, and forgives who did not come."""

from pydantic import BaseModel, ConfigDict

from chassis import clock
from chassis.auth import Caller, requires
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.base import Code
from contracts.ids import AppointmentId
from services.booking.api.callers import mall_of_staff
from services.booking.commands.requests import (
    ApproveAppointment,
    DeclineAppointment,
    PardonMiss,
    RequestAnswered,
)


class ReasonForm(BaseModel):
    """Why, as a code of the office."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "papers_missing"}]}
    )

    reason: Code


def add_requests(found: Router, running: Running) -> None:
    """The endpoints by which an office answers."""

    @found.command(
        "/v1/appointments/{appointment_id}/approve",
        allow=requires("officer", "supervisor", "operator"),
        refusals=ApproveAppointment.refusals,
    )
    async def approve_appointment(
        appointment_id: AppointmentId, caller: Caller, key: IdempotencyKey
    ) -> RequestAnswered:
        """Grant a request: its place is the citizen's."""
        command = ApproveAppointment(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            appointment_id=appointment_id,
            staff_mall=mall_of_staff(caller),
        )
        return (await running.dispatch(command)).read(RequestAnswered)

    @found.command(
        "/v1/appointments/{appointment_id}/decline",
        allow=requires("officer", "supervisor", "operator"),
        refusals=DeclineAppointment.refusals,
    )
    async def decline_appointment(
        appointment_id: AppointmentId,
        form: Json[ReasonForm],
        caller: Caller,
        key: IdempotencyKey,
    ) -> RequestAnswered:
        """Do not grant a request: its place is free again."""
        command = DeclineAppointment(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            appointment_id=appointment_id,
            staff_mall=mall_of_staff(caller),
            reason=form.reason,
        )
        return (await running.dispatch(command)).read(RequestAnswered)

    @found.command(
        "/v1/appointments/{appointment_id}/pardon",
        allow=requires("supervisor", "operator"),
        refusals=PardonMiss.refusals,
    )
    async def pardon_miss(
        appointment_id: AppointmentId,
        form: Json[ReasonForm],
        caller: Caller,
        key: IdempotencyKey,
    ) -> RequestAnswered:
        """Do not count that somebody did not come, so that they may book online again."""
        command = PardonMiss(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            appointment_id=appointment_id,
            staff_mall=mall_of_staff(caller),
            reason=form.reason,
        )
        return (await running.dispatch(command)).read(RequestAnswered)
