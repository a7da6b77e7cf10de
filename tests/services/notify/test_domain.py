"""One message per cause, recipient and channel; it ends once, whatever comes later."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Fact
from contracts.ids import (
    Actor,
    ApplicationId,
    AppointmentId,
    EventId,
    NotificationId,
    PersonId,
)
from contracts.notify import NotificationSent
from services.notify import handlers
from services.notify.channels.appointment_texts import APPOINTMENT_TEXTS
from services.notify.channels.templates import TEXTS, text_of
from services.notify.commands import QueueNotification, RecordFailure, RecordSent
from services.notify.consumers import TEMPLATES
from services.notify.domain.notification import About, Applicant, Recipient, evolve, owed

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
APPLICATION, CAUSE, PERSON = ApplicationId.new(), EventId.new(), PersonId.new()
APPOINTMENT = AppointmentId.new()
COMMON: dict[str, Any] = {"actor": Actor("system:notify"), "at": AT, "key": "k"}


def queue(cause: EventId = CAUSE, person: PersonId | None = None) -> QueueNotification:
    return QueueNotification(
        **COMMON,
        application_id=APPLICATION,
        cause_id=cause,
        template="stage_returned",
        recipient_id=person,
    )


def apply(states: dict[Any, Any], facts: list[Fact]) -> None:
    for fact in facts:
        for state in evolve(states, fact, AT):
            states[state.id] = state


def test_the_same_cause_is_told_once() -> None:
    states: dict[Any, Any] = {PERSON: Recipient(PERSON, is_reachable=True)}
    first = handlers.queue_notification(queue(person=PERSON), states)
    apply(states, list(first.facts))
    again = handlers.queue_notification(queue(person=PERSON), states)
    assert (len(first.facts), len(again.facts)) == (1, 0)
    assert first.answer == again.answer


def test_later_facts_go_to_whom_the_submission_named() -> None:
    states: dict[Any, Any] = {PERSON: Recipient(PERSON, is_reachable=True)}
    apply(states, list(handlers.queue_notification(queue(person=PERSON), states).facts))
    assert states[APPLICATION] == Applicant(APPLICATION, PERSON)
    (fact,) = handlers.queue_notification(queue(EventId.new()), states).facts
    assert getattr(fact, "recipient_id", None) == PERSON


@pytest.mark.parametrize(
    "states",
    [
        {},
        {PERSON: Recipient(PERSON, is_reachable=False)},
        {APPLICATION: Applicant(APPLICATION, PersonId.new())},
    ],
    ids=["unknown", "erased", "gone"],
)
def test_nobody_to_tell_is_no_error(states: dict[Any, Any]) -> None:
    assert handlers.queue_notification(queue(person=PERSON), states).facts == ()
    assert handlers.queue_notification(queue(), states).facts == ()


outcomes = st.lists(st.one_of(st.integers(1, 3), st.sampled_from(["unreachable", "timed_out"])))


@given(outcomes)
def test_a_notification_ends_once_whatever_is_reported(reports: list[int | str]) -> None:
    fact = owed(About(APPLICATION), PERSON, CAUSE, "stage_returned")
    states: dict[Any, Any] = {}
    apply(states, [fact])
    ends: list[Fact] = []
    for report in reports:
        if isinstance(report, int):
            sent = RecordSent(**COMMON, notification_id=fact.notification_id, attempt=report)
            facts = list(handlers.record_sent(sent, states).facts)
        else:
            failure = RecordFailure(
                **COMMON, notification_id=fact.notification_id, attempts=3, reason=report
            )
            facts = list(handlers.record_failure(failure, states).facts)
        apply(states, facts)
        ends += facts
    assert len(ends) == min(1, len(reports))
    assert states[fact.notification_id].version == 1 + len(ends)


def test_an_illegal_history_is_refused() -> None:
    fact = owed(About(APPLICATION), PERSON, CAUSE, "stage_returned")
    sent = NotificationSent(
        notification_id=fact.notification_id, application_id=APPLICATION, attempt=1
    )
    states: dict[Any, Any] = {}
    apply(states, [fact, sent])
    with pytest.raises(ValueError, match="ends once"):
        apply(states, [sent])


def test_an_unknown_notification_is_left_alone() -> None:
    sent = RecordSent(**COMMON, notification_id=NotificationId.new(), attempt=1)
    assert handlers.record_sent(sent, {}).facts == ()


def test_every_template_has_a_text_in_both_languages_that_says_what_to_do() -> None:
    assert {*TEMPLATES.values(), "place_offered", "place_won"} == set(TEXTS)
    about = About(APPLICATION), About(None, APPOINTMENT)
    for template in TEXTS:
        ours = about[template in APPOINTMENT_TEXTS]
        for language in ("id", "en"):
            found = text_of(template, language, ours)
            assert found is not None
            subject, text = found
            assert "\n" not in subject
            assert "{" not in text
            assert str(ours.application_id or ours.other_id) in text
            assert "None" not in text
    assert text_of("unheard_of", "id", about[0]) is None
