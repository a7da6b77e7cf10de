"""Facts of booking about those without a place: entries of a wait list, or of a draw by lot."""

from datetime import date

from pydantic import AwareDatetime

from contracts.base import Code, Count, Fact
from contracts.ids import AppointmentId, MallId, PersonId, ServiceCode, ServiceDayId, WaitId


class _OfWait(Fact):
    """What the facts about one entry share."""

    aggregate = "wait"
    identity = "wait_id"
    topic = "booking.waits.v1"

    wait_id: WaitId
    day_id: ServiceDayId


class WaitJoined(_OfWait):
    """A citizen waits for a place on this day. `kind` is `list`, or `lottery` before the draw."""

    type = "booking.wait_joined"

    mall: MallId
    service: ServiceCode
    service_date: date
    person_id: PersonId
    kind: Code


class WaitOffered(_OfWait):
    """A free place is kept for the one whose turn it is, `until` then at the latest."""

    type = "booking.wait_offered"

    appointment_id: AppointmentId
    until: AwareDatetime


class WaitServed(_OfWait):
    """The citizen has the place, so the entry is done."""

    type = "booking.wait_served"

    appointment_id: AppointmentId


class WaitPassed(_OfWait):
    """The place that was offered was not taken; `times` counts the offers so far.

    From now on the entry waits behind all who wait already.
    """

    type = "booking.wait_passed"

    times: Count


class WaitLeft(_OfWait):
    """The entry is off the list without a place.

    Reasons are `by_citizen`, `offers_used_up`, `booked_elsewhere`, `too_many_bookings`, `day_over`.
    """

    type = "booking.wait_left"

    reason: Code
