"""Reading and writing notifications within a transaction, and the queue of their deliveries.

Order of locks: notifications, then deliveries. Addresses are not here but in `channels`.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.database import Tx, lock_rows, row_of, save_rows
from chassis.eventlog import Cause
from contracts.ids import ApplicationId, EventId, NotificationId, PersonId
from services.notify import tables
from services.notify.domain.notification import (
    MAX_ATTEMPTS,
    About,
    Applicant,
    Notification,
    Recipient,
)

_applicant_row = row_of(Applicant)

_CAUSED = "SELECT notification_id FROM notifications WHERE cause_id = ANY($1::uuid[])"
_APPLICANTS = "SELECT * FROM applicants WHERE application_id = ANY($1::uuid[])"
_RECIPIENTS = "SELECT person_id, erased_at FROM recipients WHERE person_id = ANY($1::uuid[])"
_ENQUEUE = """
INSERT INTO deliveries (notification_id, attempts, due_at)
SELECT notification_id, 0, clock_timestamp() FROM unnest($1::uuid[]) AS new (notification_id)
ON CONFLICT DO NOTHING
"""
_FINISH = """
UPDATE deliveries SET due_at = NULL WHERE notification_id = ANY($1::uuid[])
"""


async def load_many(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """Notifications, by their id or their cause, applicants, and the recipients behind them."""
    wanted = _by_kind(keys)
    causes = wanted[EventId]
    caused = await tx.fetch(_CAUSED, causes) if causes else []
    ids = {*wanted[NotificationId], *(row["notification_id"] for row in caused)}
    found: list[Any] = [
        _notification(row) for row in await lock_rows(tx, tables.NOTIFICATIONS, ids)
    ]
    applications = wanted[ApplicationId]
    rows = await tx.fetch(_APPLICANTS, applications) if applications else []
    applicants = [
        Applicant(ApplicationId(row["application_id"]), PersonId(row["recipient_id"]))
        for row in rows
    ]
    people = {*wanted[PersonId], *(applicant.recipient_id for applicant in applicants)}
    rows = await tx.fetch(_RECIPIENTS, list(people)) if people else []
    found += applicants
    found += [Recipient(PersonId(row["person_id"]), row["erased_at"] is None) for row in rows]
    return {state.id: state for state in found}


async def save_many(tx: Tx, states: Sequence[Any]) -> None:
    """Write down what changed. A new notification is due at once, an ended one never again."""
    notifications = [state for state in states if isinstance(state, Notification)]
    applicants = [state for state in states if isinstance(state, Applicant)]
    await save_rows(tx, tables.NOTIFICATIONS, [_values(state) for state in notifications])
    await save_rows(tx, tables.APPLICANTS, [_applicant_row(state) for state in applicants])
    if new := [state.id for state in notifications if state.state == "queued"]:
        await tx.execute(_ENQUEUE, new)
    if ended := [state.id for state in notifications if state.state != "queued"]:
        await tx.execute(_FINISH, ended)


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt, ours alone until its lease ends; `attempt` is None when none is left."""

    notification_id: NotificationId
    about: About
    recipient_id: PersonId
    template: str
    attempt: int | None
    cause: Cause


# Rows that somebody else is claiming are passed over. The last fact is what this follows from.
_NEXT = """
SELECT notification_id, deliveries.attempts, application_id, about_id, recipient_id, template,
       event_id, correlation_id, traceparent
FROM deliveries JOIN notifications USING (notification_id)
     JOIN heads ON heads.aggregate_id = notification_id
WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT 1
FOR UPDATE OF deliveries SKIP LOCKED
"""
_TAKE = """
UPDATE deliveries SET attempts = $2, due_at = clock_timestamp() + make_interval(secs => $3)
WHERE notification_id = $1
"""
_POSTPONE = """
UPDATE deliveries SET due_at = clock_timestamp() + make_interval(secs => $3)
WHERE notification_id = $1 AND attempts = $2 AND due_at IS NOT NULL
"""


async def claim(tx: Tx, lease_seconds: float) -> Claim | None:
    """The next attempt that is due, counted from the commit on, whatever becomes of it."""
    row = await tx.fetchrow(_NEXT)
    if row is None:
        return None
    attempt = row["attempts"] + 1 if row["attempts"] < MAX_ATTEMPTS else None
    await tx.execute(_TAKE, row["notification_id"], attempt or MAX_ATTEMPTS, float(lease_seconds))
    return Claim(
        NotificationId(row["notification_id"]),
        About(_application_id(row), row["about_id"]),
        PersonId(row["recipient_id"]),
        row["template"],
        attempt,
        Cause(row["correlation_id"], str(row["event_id"]), row["traceparent"]),
    )


async def postpone(tx: Tx, claimed: Claim, seconds: float) -> None:
    """Give the next attempt its time, unless somebody has begun it already."""
    await tx.execute(_POSTPONE, claimed.notification_id, claimed.attempt, float(seconds))


def _by_kind(keys: Sequence[Hashable]) -> dict[type, list[UUID]]:
    kinds: dict[type, list[UUID]] = {
        NotificationId: [],
        EventId: [],
        ApplicationId: [],
        PersonId: [],
    }
    for key in keys:
        if isinstance(key, UUID):
            kinds[type(key)].append(key)
    return kinds


def _notification(row: Any) -> Notification:
    return Notification(
        NotificationId(row["notification_id"]),
        row["version"],
        _application_id(row),
        PersonId(row["recipient_id"]),
        EventId(row["cause_id"]),
        row["template"],
        row["channel"],
        row["queued_at"],
        row["state"],
        row["attempts"],
        row["settled_at"],
        row["about_id"],
    )


def _application_id(row: Any) -> ApplicationId | None:
    return ApplicationId(row["application_id"]) if row["application_id"] else None


def _values(state: Notification) -> tuple[object, ...]:
    return (
        state.id,
        state.version,
        state.application_id,
        state.recipient_id,
        state.cause_id,
        state.template,
        state.channel,
        state.queued_at,
        state.state,
        state.attempts,
        state.settled_at,
        state.about_id,
    )
