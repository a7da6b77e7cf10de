"""Which facts make notify tell an applicant something, and with which text."""

from collections.abc import Callable, Sequence

from chassis.arrivals import Delivered
from chassis.clock import now
from contracts.base import Command, Fact
from contracts.ids import Actor, ApplicationId, PersonId
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


REACTIONS: dict[type[Fact], Callable[[Delivered], Sequence[Command]]] = {
    ApplicationSubmitted: on_application_submitted,
    StageReturned: on_news_of_application,
    StageRefused: on_news_of_application,
    ApplicationCompleted: on_news_of_application,
    ApplicationRefused: on_news_of_application,
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
