"""Which facts make notify tell an applicant something, and with which text."""

from collections.abc import Callable, Sequence
from uuid import UUID

from chassis.arrivals import Delivered
from chassis.clock import now
from contracts.base import Command, Fact
from contracts.booking import (
    AppointmentBooked,
    AppointmentDeclined,
    AppointmentDisturbed,
    AppointmentReminded,
    PlaceHeld,
)
from contracts.ids import Actor, ApplicationId, PersonId, WaitId
from contracts.tracking import (
    ApplicationCompleted,
    ApplicationRefused,
    ApplicationSubmitted,
    StageRefused,
    StageReturned,
)
from services.notify.commands import QueueNotification

_ACTOR = Actor("system:notify")
TEMPLATES: dict[type[Fact], str] = {
    ApplicationSubmitted: "application_submitted",
    StageReturned: "stage_returned",
    StageRefused: "stage_refused",
    ApplicationCompleted: "application_completed",
    ApplicationRefused: "application_refused",
    AppointmentReminded: "appointment_reminded",
    AppointmentDisturbed: "appointment_disturbed",
    AppointmentDeclined: "appointment_declined",
}


def on_application_submitted(delivered: Delivered) -> Sequence[Command]:
    """From here on the application's messages go to the applicant, if there is one."""
    match delivered.fact:
        case ApplicationSubmitted(applicant_id=PersonId() as applicant_id) as fact:
            return [_queue(delivered, fact, fact.application_id, applicant_id)]
        case _:
            return []


def on_news_of_application(delivered: Delivered) -> Sequence[Command]:
    """Tell the applicant, if the submission named one."""
    match delivered.fact:
        case (
            StageReturned() | StageRefused() | ApplicationCompleted() | ApplicationRefused() as fact
        ):
            return [_queue(delivered, fact, fact.application_id, None)]
        case _:
            return []


def on_news_of_appointment(delivered: Delivered) -> Sequence[Command]:
    """Tell the person whose appointment it is."""
    match delivered.fact:
        case AppointmentReminded() | AppointmentDisturbed() | AppointmentDeclined() as fact:
            return [_told(delivered, fact.person_id, TEMPLATES[type(fact)], fact.appointment_id)]
        case _:
            return []


def on_place_for_an_entry(delivered: Delivered) -> Sequence[Command]:
    """Tell who waited: a place is kept for him until he accepts, or is booked at once.

    A booking that follows an offer was asked for by himself, so it is no news.
    """
    match delivered.fact:
        case PlaceHeld(wait_id=WaitId() as wait_id) as fact:
            return [_told(delivered, fact.person_id, "place_offered", wait_id)]
        case AppointmentBooked(wait_id=WaitId() as wait_id) as fact if (
            delivered.envelope.version == 1
        ):
            return [_told(delivered, fact.person_id, "place_won", wait_id)]
        case _:
            return []


REACTIONS: dict[type[Fact], Callable[[Delivered], Sequence[Command]]] = {
    ApplicationSubmitted: on_application_submitted,
    StageReturned: on_news_of_application,
    StageRefused: on_news_of_application,
    ApplicationCompleted: on_news_of_application,
    ApplicationRefused: on_news_of_application,
    AppointmentReminded: on_news_of_appointment,
    AppointmentDisturbed: on_news_of_appointment,
    AppointmentDeclined: on_news_of_appointment,
    PlaceHeld: on_place_for_an_entry,
    AppointmentBooked: on_place_for_an_entry,
}


def _queue(
    delivered: Delivered, fact: Fact, application_id: ApplicationId, recipient_id: PersonId | None
) -> QueueNotification:
    envelope = delivered.envelope
    return QueueNotification(
        actor=_ACTOR,
        at=now(),
        key=str(envelope.id),
        application_id=application_id,
        cause_id=envelope.id,
        template=TEMPLATES[type(fact)],
        recipient_id=recipient_id,
    )


def _told(
    delivered: Delivered, recipient_id: PersonId, template: str, about_id: UUID
) -> QueueNotification:
    return QueueNotification(
        actor=_ACTOR,
        at=now(),
        key=str(delivered.envelope.id),
        cause_id=delivered.envelope.id,
        template=template,
        recipient_id=recipient_id,
        about_id=about_id,
    )
