"""Taking places over HTTP: a citizen for himself, an officer at the counter, an agency."""

from datetime import datetime
from typing import NamedTuple, TypeVar

from fastapi import Request

from chassis import clock
from chassis.auth import PUBLIC, Caller, Principal
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import AppointmentId
from services.booking.api.callers import Device, actor_for, channel_of, mall_of_staff, network_of
from services.booking.api.forms import AppointmentForm, BookedPlace, HeldPlace
from services.booking.api.releases import RoomPass, waiting_rooms
from services.booking.commands.appointments import (
    AppointmentMade,
    BookAppointment,
    HoldPlace,
    PlaceKept,
    RoomTurn,
)
from services.booking.commands.people import NikImpossible, possible
from services.booking.queries.releases import Who
from services.booking.settings import BookingCodes, Digests

T = TypeVar("T", BookAppointment, HoldPlace)


class Origin(NamedTuple):
    """From where somebody asks, and what their pass of the waiting room is worth."""

    device: str | None
    network: str | None
    turn: RoomTurn


def add_appointments(found: Router, running: Running) -> None:
    """The endpoints that take places."""
    codes = BookingCodes(running.settings.code_key_file)
    digests = Digests(running.settings.code_key_file)
    rooms = waiting_rooms(running)

    def wish(
        kind: type[T],
        form: AppointmentForm,
        caller: Principal,
        key: str,
        origin: Origin,
        at: datetime,
    ) -> T:
        return kind(
            actor=actor_for(caller, form.person_id),
            at=at,
            key=key,
            appointment_id=AppointmentId.new(),
            session_id=form.session_id,
            person_id=form.person_id,
            also=form.also,
            channel=channel_of(caller),
            identity=digests.identity(possible(form.nik)) if form.nik is not None else None,
            device=digests.device(origin.device) if origin.device is not None else None,
            network=digests.network(origin.network) if origin.network is not None else None,
            turn=origin.turn,
            staff_mall=mall_of_staff(caller),
        )

    async def origin_of(
        form: AppointmentForm,
        caller: Principal,
        request: Request,
        device: str | None,
        room_pass: str | None,
        at: datetime,
    ) -> Origin:
        turn = None
        if channel_of(caller) == "online":
            identity = digests.identity(possible(form.nik)) if form.nik is not None else None
            who = Who(form.person_id, identity)
            turn = await rooms.turn_in(form.session_id, who, room_pass, at)
        return Origin(device, network_of(request), turn)

    @found.command(
        "/v1/appointments",
        allow=PUBLIC,
        status=201,
        refusals=(*BookAppointment.refusals, NikImpossible),
    )
    async def book_appointment(
        form: Json[AppointmentForm],
        caller: Caller,
        key: IdempotencyKey,
        request: Request,
        device: Device = None,
        room_pass: RoomPass = None,
    ) -> BookedPlace:
        """Take a place. The answer has the secret that belongs to it.

        On a day with a waiting room the pass goes into the header Room-Pass. Whoever comes before
        the opening or before their turn may ask again with the same key.
        """
        at = clock.now()
        origin = await origin_of(form, caller, request, device, room_pass, at)
        command = wish(BookAppointment, form, caller, key, origin, at)
        made = (await running.dispatch(command)).read(AppointmentMade)
        code = codes.code_of(made.appointment_id)
        return BookedPlace(**dict(made), booking_code=code)

    @found.command(
        "/v1/holds", allow=PUBLIC, status=201, refusals=(*HoldPlace.refusals, NikImpossible)
    )
    async def hold_place(
        form: Json[AppointmentForm],
        caller: Caller,
        key: IdempotencyKey,
        request: Request,
        device: Device = None,
        room_pass: RoomPass = None,
    ) -> HeldPlace:
        """Keep a place for some minutes, while the citizen fills in the rest."""
        at = clock.now()
        origin = await origin_of(form, caller, request, device, room_pass, at)
        command = wish(HoldPlace, form, caller, key, origin, at)
        made = (await running.dispatch(command)).read(PlaceKept)
        return HeldPlace(
            appointment_id=made.appointment_id,
            booking_code=codes.code_of(made.appointment_id),
            held_until=made.held_until,
        )
