"""What queue does when something happens elsewhere: each fact becomes commands."""

from collections.abc import Sequence

from chassis.arrivals import Delivered
from contracts.base import Command
from contracts.booking import AppointmentCheckedIn
from contracts.ids import Actor, TicketId
from services.queue.commands.tickets import AdmitAppointment

_ACTOR = Actor("system:queue")


def on_appointment_checked_in(delivered: Delivered) -> Sequence[Command]:
    """The appointment waits in the line of its service from now on."""
    fact, envelope = delivered.fact, delivered.envelope
    if not isinstance(fact, AppointmentCheckedIn):
        return ()
    return [
        AdmitAppointment(
            actor=_ACTOR,
            at=envelope.time,
            key=str(envelope.id),
            # An appointment has one ticket only, so the ticket's id follows from it.
            ticket_id=TicketId.of("appointment", str(fact.appointment_id)),
            appointment_id=fact.appointment_id,
            person_id=fact.person_id,
            mall=fact.mall,
            service=fact.service,
            service_date=fact.service_date,
        )
    ]
