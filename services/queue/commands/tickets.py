"""Places in a line: for walk-ins and for checked-in appointments."""

from collections.abc import Hashable, Sequence
from datetime import date
from typing import ClassVar, Literal

from contracts.base import Answer, Code, Command, Refused
from contracts.ids import AppointmentId, MallId, PersonId, ServiceCode, TicketId
from services.queue.domain import refusals as rules
from services.queue.domain.device import KIOSK, DeviceIn
from services.queue.domain.device_refusals import DeviceLocked, DeviceReplaced, DeviceUnknown
from services.queue.domain.line import LineOfTheDay, LineOn
from services.queue.domain.number_refusals import NumbersClosedNow, NumbersUsedUp

# What one may ask for; a place by appointment comes with the appointment.
AskedLane = Literal["reguler", "prioritas", "lanjutan"]


class IssueTicket(Command):
    """A walk-in wants a place in the line of today."""

    minted: ClassVar[frozenset[str]] = frozenset({"ticket_id"})
    refusals: ClassVar[Sequence[type[Refused]]] = (
        rules.NotYours,
        rules.MallUnknown,
        rules.ServiceUnknown,
        DeviceUnknown,
        DeviceLocked,
        DeviceReplaced,
        NumbersClosedNow,
        NumbersUsedUp,
        rules.LaneForOfficers,
        rules.PriorityReasonMissing,
        rules.PriorityReasonUnknown,
        rules.PriorityUsedUp,
    )

    ticket_id: TicketId
    mall: MallId
    service: ServiceCode
    staff_mall: MallId
    lane: AskedLane = "reguler"
    reason: Code | None = None
    epoch: int | None = None

    def needs(self) -> Sequence[Hashable]:
        """The mall and its line of today; the kiosk, if it is one."""
        asked = (self.mall, LineOfTheDay(self.mall, self.service, self.at))
        if self.actor.kind != KIOSK:
            return asked
        return (*asked, DeviceIn(self.mall, self.actor.name))


class AdmitAppointment(Command):
    """A checked-in appointment joins the line of its day, behind whoever is there."""

    ticket_id: TicketId
    appointment_id: AppointmentId
    person_id: PersonId
    mall: MallId
    service: ServiceCode
    service_date: date

    def needs(self) -> Sequence[Hashable]:
        """The line, its mall if known, and the ticket in case it was issued before."""
        return (
            self.ticket_id,
            self.mall,
            LineOn(self.mall, self.service, self.service_date),
        )


class IssuedTicket(Answer):
    """The place in the line; `label` is what the board will show, `before` how many come first."""

    ticket_id: TicketId
    label: str
    number: int
    lane: str = "reguler"
    before: int | None = None
    wait_low_minutes: int | None = None
    wait_high_minutes: int | None = None
