"""Booking over HTTP: requests become commands and queries, nothing else.

A citizen proves to be the holder of an appointment by its booking code, in the header Booking-Code.
"""

from datetime import date
from typing import Annotated

from fastapi import Header, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict

from chassis import clock
from chassis.auth import PUBLIC, Caller, Principal, requires
from chassis.errors import NotAllowed, NotFound
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import Actor, AppointmentId, MallId, PersonId, ServiceCode, SessionId
from services.booking import queries
from services.booking.commands import (
    AppointmentChanged,
    AppointmentMade,
    BookAppointment,
    CancelAppointment,
    Capacity,
    CheckIn,
    OpenSession,
    SessionMade,
)
from services.booking.settings import BookingCodes

_STAFF = frozenset({"officer", "kiosk", "operator"})
Code = Annotated[
    str | None,
    Header(
        alias="Booking-Code",
        max_length=40,
        description="The secret of the appointment; staff send a token instead.",
    ),
]


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


class AppointmentForm(BaseModel):
    """A place to take; `person_id` is what notify gave to the person's contact."""

    model_config = ConfigDict(extra="forbid")

    session_id: SessionId
    person_id: PersonId


class BookedPlace(AppointmentMade):
    """The place is taken. Whoever holds `booking_code` may check in, cancel and look."""

    booking_code: str


def router(running: Running) -> Router:
    """The endpoints of booking."""
    found = Router(tags=["booking"])
    codes = BookingCodes(running.settings.code_key_file)

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
        command = OpenSession(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            session_id=SessionId.new(),
            staff_mall=_mall_of_staff(caller),
            **dict(form),
        )
        return (await running.dispatch(command)).read(SessionMade)

    @found.query("/v1/sessions", allow=PUBLIC)
    async def list_sessions(
        mall: MallId, service: ServiceCode, day: Annotated[date, Query(alias="date")]
    ) -> list[queries.SessionView]:
        """The sessions of a day in the mall's zone, with the places that are free."""
        return await queries.sessions_of(running.database, mall, service, day)

    @found.command("/v1/appointments", allow=PUBLIC, status=201, refusals=BookAppointment.refusals)
    async def book_appointment(form: Json[AppointmentForm], key: IdempotencyKey) -> BookedPlace:
        """Take a place. The answer has the secret that belongs to it."""
        command = BookAppointment(
            # Each person has keys of their own, so nobody can stumble into another's answer.
            actor=Actor(f"citizen:{form.person_id}"),
            at=clock.now(),
            key=key,
            appointment_id=AppointmentId.new(),
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
        _check_holder(codes, caller, appointment_id, code)
        command = CheckIn(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            appointment_id=appointment_id,
            staff_mall=_mall_of_staff(caller),
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
        _check_holder(codes, caller, appointment_id, code)
        command = CancelAppointment(
            actor=caller.actor,
            at=clock.now(),
            key=key,
            appointment_id=appointment_id,
            staff_mall=_mall_of_staff(caller),
            reason="by_office" if _is_staff(caller) else "by_citizen",
        )
        return (await running.dispatch(command)).read(AppointmentChanged)

    @found.query("/v1/appointments/{appointment_id}", allow=PUBLIC, refusals=(NotAllowed, NotFound))
    async def show_appointment(
        appointment_id: AppointmentId, caller: Caller, code: Code = None
    ) -> queries.AppointmentView:
        """Where an appointment stands, for its holder and for the staff of its mall."""
        _check_holder(codes, caller, appointment_id, code)
        view = await queries.find_appointment(running.database, appointment_id)
        if view is None or _mall_of_staff(caller) not in {None, view.mall}:
            raise NotFound
        return view

    return found


def _is_staff(caller: Principal) -> bool:
    return not _STAFF.isdisjoint(caller.roles)


def _mall_of_staff(caller: Principal) -> MallId | None:
    """The mall that an officer or kiosk is bound to; operators and citizens are bound to none."""
    if not _is_staff(caller) or "operator" in caller.roles:
        return None
    if caller.mall is None:
        raise NotAllowed("an officer's or kiosk's token names its mall")
    return caller.mall


def _check_holder(
    codes: BookingCodes, caller: Principal, appointment_id: AppointmentId, code: str | None
) -> None:
    # A wrong code ends here and is written down nowhere: guessing must not fill our tables.
    if not _is_staff(caller) and not codes.fits(appointment_id, code or ""):
        raise NotAllowed("send the appointment's code in the header Booking-Code")
