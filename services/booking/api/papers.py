"""What an appointment's holder carries home: a calendar file, and a picture of the code."""

from typing import Annotated, Literal

from fastapi import Query, Response

from chassis import clock
from chassis.auth import PUBLIC, Caller
from chassis.errors import NotAllowed, NotFound
from chassis.http import Router
from chassis.service import Running
from contracts.ids import AppointmentId
from services.booking.api.callers import Code, check_holder, mall_of_staff
from services.booking.papers import calendar_file, code_picture
from services.booking.queries import papers as queries
from services.booking.settings import BookingCodes

_CALENDAR, _PICTURE = "text/calendar", "image/svg+xml"
# Nobody between us and the holder keeps what only the holder may see.
_PRIVATE = {"cache-control": "private, no-store"}
_REFUSALS = (NotAllowed, NotFound)
_Language = Annotated[Literal["id", "en"], Query(examples=["id"])]


def add_papers(found: Router, running: Running) -> None:
    """The endpoints whose answers are files."""
    codes = BookingCodes(running.settings.code_key_file)

    @found.query(
        "/v1/appointments/{appointment_id}/calendar",
        allow=PUBLIC,
        refusals=_REFUSALS,
        media_type=_CALENDAR,
    )
    async def show_calendar(
        appointment_id: AppointmentId, caller: Caller, code: Code = None, lang: _Language = "id"
    ) -> Response:
        """The appointment for a phone's calendar (iCalendar), with the reminders of its policy."""
        check_holder(codes, caller, appointment_id, code)
        shown = await queries.find_page(running.database, appointment_id, lang, clock.now())
        if shown is None or mall_of_staff(caller) not in {None, shown[0]}:
            raise NotFound
        headers = {**_PRIVATE, "content-disposition": 'attachment; filename="janji.ics"'}
        return Response(calendar_file(shown[1]), media_type=_CALENDAR, headers=headers)

    @found.query(
        "/v1/appointments/{appointment_id}/qr",
        allow=PUBLIC,
        refusals=_REFUSALS,
        media_type=_PICTURE,
    )
    async def show_qr(appointment_id: AppointmentId, caller: Caller, code: Code = None) -> Response:
        """The code as a kiosk reads it, as a picture (SVG)."""
        check_holder(codes, caller, appointment_id, code)
        shown = await queries.find_page(running.database, appointment_id, "id", clock.now())
        if shown is None or mall_of_staff(caller) not in {None, shown[0]}:
            raise NotFound
        picture = code_picture(appointment_id, codes.code_of(appointment_id))
        return Response(picture, media_type=_PICTURE, headers=_PRIVATE)
