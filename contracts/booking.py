"""Facts of booking: sessions with capacity, and the places booked in them."""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, Field

from contracts.base import Code, Fact
from contracts.ids import AppointmentId, MallId, PersonId, ServiceCode, SessionId


class SessionOpened(Fact):
    """Places may be booked in this span of time. `capacity` is the number of places."""

    type = "booking.session_opened"
    aggregate = "session"
    identity = "session_id"
    topic = "booking.sessions.v1"

    session_id: SessionId
    mall: MallId
    service: ServiceCode
    service_date: date
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    capacity: Annotated[int, Field(ge=1, le=10_000)]


class AppointmentBooked(Fact):
    """A citizen holds one place in a session."""

    type = "booking.appointment_booked"
    aggregate = "appointment"
    identity = "appointment_id"
    topic = "booking.appointments.v1"

    appointment_id: AppointmentId
    session_id: SessionId
    mall: MallId
    service: ServiceCode
    service_date: date
    starts_at: AwareDatetime
    person_id: PersonId


class AppointmentCheckedIn(Fact):
    """The citizen is in the mall: from now on the appointment waits in the line of its service."""

    type = "booking.appointment_checked_in"
    aggregate = "appointment"
    identity = "appointment_id"
    topic = "booking.appointments.v1"

    appointment_id: AppointmentId
    session_id: SessionId
    mall: MallId
    service: ServiceCode
    service_date: date
    person_id: PersonId


class AppointmentCancelled(Fact):
    """The place is free again. `reason` tells who gave it up: `by_citizen` or `by_office`."""

    type = "booking.appointment_cancelled"
    aggregate = "appointment"
    identity = "appointment_id"
    topic = "booking.appointments.v1"

    appointment_id: AppointmentId
    session_id: SessionId
    reason: Code
