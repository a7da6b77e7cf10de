"""The read model as a fold: one row per application and one timeline entry per fact.

The fold is pure; `load_rows` and `save_rows` at the bottom are its edges.
"""

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.arrivals import Delivered, aggregate_of
from chassis.database import Tx, add_rows, lock_rows
from chassis.database import save_rows as upsert_rows
from contracts import tracking
from contracts.base import Fact
from contracts.catalogue import EntryPublished
from contracts.envelope import Envelope
from contracts.ids import ApplicationId, EventId
from services.tracking.store import save_entries
from services.tracking.tables import APPLICATION_VIEW, TIMELINE

_STATES: Mapping[type[Fact], str] = {
    tracking.StageOpened: "open",
    tracking.StageResubmitted: "open",
    tracking.StageAccepted: "accepted",
    tracking.StageReturned: "returned",
    tracking.StageDone: "done",
    tracking.StageRefused: "refused",
}
# Waits for the last transaction that numbered entries, so that positions appear in their order.
_TAKE_POSITIONS = """
UPDATE timeline_head SET position = position + $1, as_of = $2 WHERE id = 1 RETURNING position
"""


@dataclass(frozen=True, slots=True)
class StageView:
    """A stage that was opened. `because` is the requirement or reason of its last change."""

    stage: str
    agency: str
    state: str
    since: str
    because: str | None = None


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """What people may see of an application. `agencies` are those that had to do with it."""

    id: ApplicationId
    version: int
    submitted_at: datetime
    updated_at: datetime
    recorded_at: datetime
    state: str = "running"
    mall: str | None = None
    service: str | None = None
    journey: str | None = None
    revision: int | None = None
    ticket_id: UUID | None = None
    stages: tuple[StageView, ...] = ()
    agencies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact on the timeline; it gets its position when it is saved."""

    id: EventId
    key: str
    envelope: Envelope
    agency: str | None
    stage: str | None
    journey: str | None
    revision: int | None
    data: str


@dataclass(frozen=True, slots=True)
class EntryRevision:
    """One revision of an entry of the catalogue."""

    id: tuple[str, str, int]
    body: str


def keys_of(delivered: Delivered) -> Iterable[Hashable]:
    """The application whose row this fact may change or explain."""
    application_id = _of(delivered.fact, "application_id")
    return [application_id] if application_id is not None else []


def fold(rows: Mapping[Hashable, Any], delivered: Delivered) -> Iterable[Any]:
    """The rows that a fact changes: its application's, and its own entry."""
    fact, envelope = delivered.fact, delivered.envelope
    assert fact is not None  # noqa: S101 - this subscription looks into every event that it takes
    view = rows.get(_of(fact, "application_id"))
    if fact.aggregate == "application":
        view = seen(view, fact, envelope)
        yield view
    yield Entry(
        id=envelope.id,
        key=delivered.arrival.key,
        envelope=envelope,
        agency=_of(fact, "agency"),
        stage=_of(fact, "stage"),
        journey=view.journey if view is not None else None,
        revision=view.revision if view is not None else None,
        data=delivered.arrival.value.decode(),
    )


def _of(fact: Fact | None, field: str) -> Any:
    """A field that only some facts have; as a missing attribute it would cost thirty times that."""
    return vars(fact).get(field) if fact is not None else None


def seen(view: ApplicationView | None, fact: Fact, envelope: Envelope) -> ApplicationView:
    """An application's row once this fact has happened."""
    recorded_at = envelope.recorded_at or envelope.time
    if isinstance(fact, tracking.ApplicationSubmitted):
        return ApplicationView(
            id=fact.application_id,
            version=envelope.version or 1,
            submitted_at=envelope.time,
            updated_at=envelope.time,
            recorded_at=recorded_at,
            mall=fact.mall,
            service=fact.service,
            journey=fact.journey,
            revision=fact.journey_revision,
            ticket_id=fact.ticket_id,
        )
    if view is None:
        raise ValueError("an application begins with its submission")
    view = replace(
        view,
        version=envelope.version or view.version + 1,
        updated_at=envelope.time,
        recorded_at=recorded_at,
    )
    match fact:
        case tracking.ApplicationCompleted():
            return replace(view, state="completed")
        case tracking.ApplicationRefused():
            return replace(view, state="refused")
        case tracking.ActivityRecorded():
            return _involving(view, fact.agency)
        case _:
            return _with_stage(view, fact, envelope.time)


def _with_stage(view: ApplicationView, fact: Fact, at: datetime) -> ApplicationView:
    stage: Any = fact
    because = _of(fact, "requirement") or _of(fact, "reason")
    since = at.astimezone(UTC).isoformat()
    news = StageView(stage.stage, stage.agency, _STATES[type(fact)], since, because)
    others = [one for one in view.stages if one.stage != news.stage]
    place = next((at for at, one in enumerate(view.stages) if one.stage == news.stage), len(others))
    stages = (*others[:place], news, *others[place:])
    return _involving(replace(view, stages=stages), stage.agency)


def _involving(view: ApplicationView, agency: str) -> ApplicationView:
    if agency in view.agencies:
        return view
    return replace(view, agencies=(*view.agencies, agency))


def no_keys(_delivered: Delivered) -> Iterable[Hashable]:
    """Entries of the catalogue are kept whatever was there."""
    return ()


def fold_entry(_rows: Mapping[Hashable, Any], delivered: Delivered) -> Iterable[Any]:
    """An entry of the catalogue, kept beside its earlier revisions."""
    fact = delivered.fact
    if isinstance(fact, EntryPublished):
        yield EntryRevision((fact.kind, fact.code, fact.revision), json.dumps(fact.body))


async def load_nothing(_tx: Tx, _keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The fold of the catalogue needs no rows."""
    return {}


async def save_revisions(tx: Tx, revisions: Sequence[EntryRevision]) -> None:
    """Write the entries of the catalogue."""
    await save_entries(tx, [(*one.id, one.body) for one in revisions])


async def load_views(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The rows of these applications, locked."""
    ids = [UUID(int=key.int) for key in keys if isinstance(key, UUID)]
    views = [_view(row) for row in await lock_rows(tx, APPLICATION_VIEW, ids)]
    return {view.id: view for view in views}


async def save_views(tx: Tx, rows: Sequence[ApplicationView | Entry]) -> None:
    """Write the rows, and number the entries in the order of the facts."""
    views = [row for row in rows if isinstance(row, ApplicationView)]
    await upsert_rows(tx, APPLICATION_VIEW, [_view_row(view) for view in views])
    entries = [row for row in rows if isinstance(row, Entry)]
    if entries:
        as_of = max(entry.envelope.recorded_at or entry.envelope.time for entry in entries)
        last = await tx.fetchval(_TAKE_POSITIONS, len(entries), as_of)
        first = last - len(entries) + 1
        numbered = enumerate(entries, start=first)
        await add_rows(tx, TIMELINE, [_entry_row(at, entry) for at, entry in numbered])


def _view(row: Any) -> ApplicationView:
    columns = dict(row)
    columns["id"] = ApplicationId(columns.pop("application_id"))
    columns["stages"] = tuple(StageView(**stage) for stage in columns["stages"])
    columns["agencies"] = tuple(columns["agencies"])
    return ApplicationView(**columns)


def _view_row(view: ApplicationView) -> tuple[Any, ...]:
    return (
        UUID(int=view.id.int),
        view.version,
        view.state,
        view.mall,
        view.service,
        view.journey,
        view.revision,
        UUID(int=view.ticket_id.int) if view.ticket_id is not None else None,
        json.dumps([asdict(stage) for stage in view.stages]),
        json.dumps(view.agencies),
        view.submitted_at,
        view.updated_at,
        view.recorded_at,
    )


def _entry_row(position: int, entry: Entry) -> tuple[Any, ...]:
    envelope = entry.envelope
    return (
        position,
        UUID(int=entry.id.int),
        entry.key,
        envelope.type,
        aggregate_of(envelope.subject),
        envelope.version or 1,
        envelope.time,
        envelope.recorded_at or envelope.time,
        envelope.actor,
        entry.agency,
        entry.stage,
        entry.journey,
        entry.revision,
        entry.data,
    )
