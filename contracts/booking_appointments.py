"""Facts of booking about places that are taken: appointments, and visits made of several.

`channel` tells over which door a place was taken: `online`, `counter` or `partner`. `also` are
further services of the same agency that the same appointment is for; `places` is how many places
it takes in its session.
"""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.base import Code, Fact
from contracts.ids import (
    AppointmentId,
    ClosureId,
    MallId,
    PersonId,
    ServiceCode,
    SessionId,
    VisitId,
    WaitId,
)

Taken = Annotated[int, Field(ge=1, le=6)]
Seconds = Annotated[int, Field(ge=0, le=2_147_483_647)]


class _OfAppointment(Fact):
    """Where the facts about one appointment belong."""

    aggregate = "appointment"
    identity = "appointment_id"
    topic = "booking.appointments.v1"

    appointment_id: AppointmentId
    session_id: SessionId


class _InSession(_OfAppointment):
    """What most facts about one appointment share."""

    mall: MallId
    service: ServiceCode
    service_date: date


class _OfPerson(_InSession):
    """The same, and whose it is."""

    person_id: PersonId


class _Kept(_InSession):
    """A place that is taken and not yet an appointment."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    person_id: PersonId
    channel: Code
    until: AwareDatetime
    also: tuple[ServiceCode, ...] = ()
    places: Taken = 1
    wait_id: WaitId | None = None
    visit_id: VisitId | None = None


class PlaceHeld(_Kept):
    """A place is kept for a citizen until he confirms, at the latest `until`.

    With a `wait_id` it is the offer of a place to the one whose turn it is in the wait list.
    """

    type = "booking.place_held"


class AppointmentRequested(_Kept):
    """A citizen asks for a place that the office has to grant, `until` then at the latest."""

    type = "booking.appointment_requested"


class AppointmentBooked(_InSession):
    """A citizen holds one place in a session.

    It may follow a hold or a request (`approved`). Who came through a waiting room has the time of
    entering it and that of his turn.
    """

    type = "booking.appointment_booked"

    starts_at: AwareDatetime
    person_id: PersonId
    ends_at: AwareDatetime | None = None
    channel: Code | None = None
    also: tuple[ServiceCode, ...] = ()
    places: Taken = 1
    visit_id: VisitId | None = None
    wait_id: WaitId | None = None
    entered_at: AwareDatetime | None = None
    turn_at: AwareDatetime | None = None
    approved: bool = False


class AppointmentCheckedIn(_OfPerson):
    """The citizen is in the mall: from now on the appointment waits in the line of its service."""

    type = "booking.appointment_checked_in"

    starts_at: AwareDatetime | None = None
    channel: Code | None = None
    also: tuple[ServiceCode, ...] = ()


class AppointmentCancelled(_OfAppointment):
    """The place is free again. `reason` tells who gave it up: `by_citizen` or `by_office`."""

    type = "booking.appointment_cancelled"

    reason: Code
    mall: MallId | None = None
    service: ServiceCode | None = None
    service_date: date | None = None
    places: Taken = 1
    person_id: PersonId | None = None


class AppointmentLapsed(_OfPerson):
    """A place that was kept is free again. `reason`: time is up (`hold_over`) or `given_up`."""

    type = "booking.appointment_lapsed"

    reason: Code


class AppointmentDeclined(_OfPerson):
    """The office did not grant the request; `reason` is a code, `no_answer` when time was up."""

    type = "booking.appointment_declined"

    reason: Code


class AppointmentMissed(_OfPerson):
    """The citizen did not come until the grace had ended."""

    type = "booking.appointment_missed"

    grace_ended_at: AwareDatetime


class MissPardoned(_OfPerson):
    """The office does not count that the citizen did not come."""

    type = "booking.miss_pardoned"

    reason: Code


class AppointmentMoved(_OfPerson):
    """The appointment has a place in another session. `reason` tells who wanted it, or a closure.

    Reasons are `by_citizen`, `by_office` and `closure`; the day is that of the new session.
    """

    type = "booking.appointment_moved"

    from_session: SessionId
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    reason: Code


class AppointmentDisturbed(_OfPerson):
    """The session of the appointment is closed; moves until `free_until` are not counted."""

    type = "booking.appointment_disturbed"

    closure_id: ClosureId
    reason: Code
    free_until: AwareDatetime


class AppointmentReminded(_OfPerson):
    """It is time to remind the citizen, so many hours before the session begins."""

    type = "booking.appointment_reminded"

    starts_at: AwareDatetime
    hours_before: Annotated[int, Field(ge=1, le=720)]


class RebookingFlagged(_OfPerson):
    """The place was taken within seconds of being given up by somebody: worth a look."""

    type = "booking.rebooking_flagged"

    given_up_id: AppointmentId
    after_s: Seconds
    same_device: bool
    same_network: bool


class VisitStop(BaseModel):
    """One appointment of a visit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    appointment_id: AppointmentId
    session_id: SessionId
    service: ServiceCode
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class _OfVisit(Fact):
    """What the facts about one visit share."""

    aggregate = "visit"
    identity = "visit_id"
    topic = "booking.visits.v1"

    visit_id: VisitId
    person_id: PersonId
    mall: MallId
    service_date: date


class VisitBooked(_OfVisit):
    """Places at several agencies are booked together, in the order of `stops`.

    `walking_minutes` is the time for walking between them, all in all.
    """

    type = "booking.visit_booked"

    stops: Annotated[tuple[VisitStop, ...], Field(min_length=1, max_length=6)]
    walking_minutes: Annotated[int, Field(ge=0, le=600)]


class VisitCancelled(_OfVisit):
    """The visit is given up, and with it every stop that was still ahead."""

    type = "booking.visit_cancelled"

    reason: Code
