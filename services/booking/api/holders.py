"""What the holder of an appointment does with it, by booking code, and staff for him."""

from typing import Any, TypeVar

from chassis import clock
from chassis.auth import PUBLIC, Caller, Principal
from chassis.errors import NotAllowed, NotFound
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import AppointmentId
from services.booking.api.callers import Code, check_holder, is_staff, mall_of_staff
from services.booking.api.forms import MoveForm
from services.booking.commands.appointments import (
    AppointmentChanged,
    AppointmentMovedTo,
    CancelAppointment,
    CheckIn,
    ConfirmPlace,
    MoveAppointment,
    ReleasePlace,
)
from services.booking.queries import appointments as queries
from services.booking.settings import BookingCodes

C = TypeVar("C", ConfirmPlace, ReleasePlace, MoveAppointment, CheckIn, CancelAppointment)


def add_holders(found: Router, running: Running) -> None:
    """The endpoints of one appointment."""
    codes = BookingCodes(running.settings.code_key_file)

    def step(
        kind: type[C], caller: Principal, key: str, appointment_id: AppointmentId, **more: Any
    ) -> C:
        return kind(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            appointment_id=appointment_id,
            staff_mall=mall_of_staff(caller),
            **more,
        )

    @found.command(
        "/v1/appointments/{appointment_id}/confirm",
        allow=PUBLIC,
        refusals=(*ConfirmPlace.refusals, NotAllowed),
    )
    async def confirm_place(
        appointment_id: AppointmentId, caller: Caller, key: IdempotencyKey, code: Code = None
    ) -> AppointmentChanged:
        """Make an appointment of a place that is held, before the hold is over."""
        check_holder(codes, caller, appointment_id, code)
        command = step(ConfirmPlace, caller, key, appointment_id)
        return (await running.dispatch(command)).read(AppointmentChanged)

    @found.command(
        "/v1/appointments/{appointment_id}/release",
        allow=PUBLIC,
        refusals=(*ReleasePlace.refusals, NotAllowed),
    )
    async def release_place(
        appointment_id: AppointmentId, caller: Caller, key: IdempotencyKey, code: Code = None
    ) -> AppointmentChanged:
        """Let a place go that is held, so that somebody else can have it."""
        check_holder(codes, caller, appointment_id, code)
        command = step(ReleasePlace, caller, key, appointment_id)
        return (await running.dispatch(command)).read(AppointmentChanged)

    @found.command(
        "/v1/appointments/{appointment_id}/move",
        allow=PUBLIC,
        refusals=(*MoveAppointment.refusals, NotAllowed),
    )
    async def move_appointment(
        appointment_id: AppointmentId,
        form: Json[MoveForm],
        caller: Caller,
        key: IdempotencyKey,
        code: Code = None,
    ) -> AppointmentMovedTo:
        """Take a place in another session instead; the place of before is kept until then."""
        check_holder(codes, caller, appointment_id, code)
        reason = "by_office" if is_staff(caller) else "by_citizen"
        command = step(
            MoveAppointment,
            caller,
            key,
            appointment_id,
            session_id=form.session_id,
            reason=reason,
        )
        return (await running.dispatch(command)).read(AppointmentMovedTo)

    @found.command(
        "/v1/appointments/{appointment_id}/check-in",
        allow=PUBLIC,
        refusals=(*CheckIn.refusals, NotAllowed),
    )
    async def check_in(
        appointment_id: AppointmentId, caller: Caller, key: IdempotencyKey, code: Code = None
    ) -> AppointmentChanged:
        """The citizen is in the mall and joins the line of the service."""
        check_holder(codes, caller, appointment_id, code)
        command = step(CheckIn, caller, key, appointment_id)
        return (await running.dispatch(command)).read(AppointmentChanged)

    @found.command(
        "/v1/appointments/{appointment_id}/cancel",
        allow=PUBLIC,
        refusals=(*CancelAppointment.refusals, NotAllowed),
    )
    async def cancel_appointment(
        appointment_id: AppointmentId, caller: Caller, key: IdempotencyKey, code: Code = None
    ) -> AppointmentChanged:
        """Give the place up, so that somebody else can have it."""
        check_holder(codes, caller, appointment_id, code)
        reason = "by_office" if is_staff(caller) else "by_citizen"
        command = step(CancelAppointment, caller, key, appointment_id, reason=reason)
        return (await running.dispatch(command)).read(AppointmentChanged)

    @found.query("/v1/appointments/{appointment_id}", allow=PUBLIC, refusals=(NotAllowed, NotFound))
    async def show_appointment(
        appointment_id: AppointmentId, caller: Caller, code: Code = None
    ) -> queries.AppointmentView:
        """Where an appointment stands, for its holder and for the staff of its mall."""
        check_holder(codes, caller, appointment_id, code)
        view = await queries.find_appointment(running.database, appointment_id)
        if view is None or mall_of_staff(caller) not in {None, view.mall}:
            raise NotFound
        return view
