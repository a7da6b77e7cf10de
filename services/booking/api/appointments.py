"""Appointments over HTTP: what their holders do, by booking code, and staff for them."""

from pydantic import BaseModel, ConfigDict

from chassis import clock
from chassis.auth import PUBLIC, Caller
from chassis.errors import NotAllowed, NotFound
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import Actor, AppointmentId, PersonId, SessionId
from services.booking.api.callers import Code, check_holder, is_staff, mall_of_staff
from services.booking.api.releases import RoomPass, waiting_rooms
from services.booking.commands.appointments import (
    AppointmentChanged,
    AppointmentMade,
    BookAppointment,
    CancelAppointment,
    CheckIn,
)
from services.booking.queries import appointments as queries
from services.booking.settings import BookingCodes


class AppointmentForm(BaseModel):
    """A place to take; `person_id` is what notify gave to the person's contact."""

    model_config = ConfigDict(extra="forbid")

    session_id: SessionId
    person_id: PersonId


class BookedPlace(AppointmentMade):
    """The place is taken. Whoever holds `booking_code` may check in, cancel and look."""

    booking_code: str


def add_appointments(found: Router, running: Running) -> None:
    """The endpoints about appointments."""
    codes = BookingCodes(running.settings.code_key_file)
    rooms = waiting_rooms(running)

    @found.command("/v1/appointments", allow=PUBLIC, status=201, refusals=BookAppointment.refusals)
    async def book_appointment(
        form: Json[AppointmentForm], key: IdempotencyKey, room_pass: RoomPass = None
    ) -> BookedPlace:
        """Take a place. The answer has the secret that belongs to it.

        On a day with a waiting room the pass goes into the header Room-Pass. Whoever comes before
        the opening or before their turn may ask again with the same key.
        """
        at = clock.now()
        command = BookAppointment(
            # Each person has keys of their own, so nobody can stumble into another's answer.
            actor=Actor(f"citizen:{form.person_id}"),
            at=at,
            key=key,
            appointment_id=AppointmentId.new(),
            turn=await rooms.turn_in(form.session_id, form.person_id, room_pass, at),
            **dict(form),
        )
        made = (await running.dispatch(command)).read(AppointmentMade)
        code = codes.code_of(made.appointment_id)
        return BookedPlace(appointment_id=made.appointment_id, booking_code=code)

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
        command = CheckIn(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            appointment_id=appointment_id,
            staff_mall=mall_of_staff(caller),
        )
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
        command = CancelAppointment(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            appointment_id=appointment_id,
            staff_mall=mall_of_staff(caller),
            reason="by_office" if is_staff(caller) else "by_citizen",
        )
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
