"""What callers send about appointments."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.ids import PersonId, SessionId
from services.booking.commands.appointments import Also, AppointmentMade

Nik = Annotated[str, Field(min_length=1, max_length=32)]
_PERSON = "01980000-0000-7000-8000-000000000001"
_SESSION = "01980000-0000-7000-8000-000000000002"


class AppointmentForm(BaseModel):
    """A place to take; `person_id` is what notify gave to the person's contact.

    `also` names further services of the same agency. `nik` is asked for by some services; only a
    digest of it is kept, and only for as long as the appointment counts.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"session_id": _SESSION, "person_id": _PERSON},
                {"session_id": _SESSION, "person_id": _PERSON, "also": ["DUK-KK"]},
            ]
        },
    )

    session_id: SessionId
    person_id: PersonId
    also: Also = ()
    nik: Nik | None = None


class MoveForm(BaseModel):
    """The session to which an appointment is moved."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"session_id": _SESSION}]}
    )

    session_id: SessionId


class BookedPlace(AppointmentMade):
    """The place is taken. Whoever holds `booking_code` may check in, move, cancel and look."""

    booking_code: str


class HeldPlace(BookedPlace):
    """The place is held until then. Whoever holds `booking_code` may confirm it or let it go."""

    held_until: AwareDatetime
