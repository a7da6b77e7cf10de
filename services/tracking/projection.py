"""The read model as a fold: one row per application and one timeline entry per fact.

A batch is folded as a whole: rows are read as a set, changed in memory fact by fact, and written
once, however many facts of theirs it held.
"""

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis.arrivals import Delivered, Rejected, aggregate_of
from chassis.database import Tx, add_rows, lock_rows
from chassis.database import save_rows as upsert_rows
from contracts import tracking
from contracts.base import Fact
from contracts.catalogue import EntryPublished
from contracts.envelope import Envelope
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
_RECORDED_AT = 6  # where `fold` puts it
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


@dataclass(slots=True, eq=False)
class ApplicationView:
    """What people may see of an application. `agencies` are those that had to do with it.

    It is changed in place, within the transaction that has locked its row.
    """

    id: UUID
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


Views = dict[int, ApplicationView]
"""Applications by the number of their id, which is quicker to look up than the id itself."""


@dataclass(frozen=True, slots=True)
class EntryRevision:
    """One revision of an entry of the catalogue."""

    id: tuple[str, str, int]
    body: str


async def take_in(tx: Tx, batch: Sequence[Delivered]) -> Sequence[Rejected]:
    """Fold a batch into the read model, in the order in which it came."""
    views = await load_views(tx, batch)
    changed: Views = {}
    entries = [fold(views, changed, delivered) for delivered in batch]
    await save_views(tx, list(changed.values()))
    await save_timeline(tx, entries)
    return ()


def fold(views: Views, changed: Views, delivered: Delivered) -> tuple[Any, ...]:
    """The row of the timeline that a fact becomes, but for its position.

    The application that it changes stands in both dictionaries afterwards.
    """
    fact, envelope, arrival = delivered.fact, delivered.envelope, delivered.arrival
    assert fact is not None  # noqa: S101 - this subscription looks into every event that it takes
    said = vars(fact).get  # a missing attribute would cost thirty times that
    about: UUID | None = said("application_id")
    view = views.get(about.int) if about is not None else None
    if about is not None and fact.aggregate == "application":
        view = views[about.int] = changed[about.int] = seen(view, fact, envelope)
    return (
        envelope.id,
        arrival.key,
        envelope.type,
        aggregate_of(envelope.subject),
        envelope.version or 1,
        envelope.time,
        envelope.recorded_at or envelope.time,
        envelope.actor,
        said("agency"),
        said("stage"),
        view.journey if view is not None else None,
        view.revision if view is not None else None,
        arrival.value.decode(),
    )


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
    view.version = envelope.version or view.version + 1
    view.updated_at = envelope.time
    view.recorded_at = recorded_at
    match fact:
        case tracking.ActivityRecorded():
            _involve(view, fact.agency)
        case tracking.ApplicationCompleted():
            view.state = "completed"
        case tracking.ApplicationRefused():
            view.state = "refused"
        case _:
            _set_stage(view, fact, envelope.time)
    return view


def _set_stage(view: ApplicationView, fact: Any, at: datetime) -> None:
    because = vars(fact).get("requirement") or vars(fact).get("reason")
    since = at.astimezone(UTC).isoformat()
    news = StageView(fact.stage, fact.agency, _STATES[type(fact)], since, because)
    others = [one for one in view.stages if one.stage != news.stage]
    place = next((at for at, one in enumerate(view.stages) if one.stage == news.stage), len(others))
    view.stages = (*others[:place], news, *others[place:])
    _involve(view, news.agency)


def _involve(view: ApplicationView, agency: str) -> None:
    if agency not in view.agencies:
        view.agencies = (*view.agencies, agency)


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


async def load_views(tx: Tx, batch: Iterable[Delivered]) -> Views:
    """The rows of the applications that these facts change or explain, locked."""
    named = (vars(delivered.fact).get("application_id") for delivered in batch)
    ids = {one.int: one for one in named if one is not None}
    views = [_view(row) for row in await lock_rows(tx, APPLICATION_VIEW, ids.values())]
    return {view.id.int: view for view in views}


async def save_views(tx: Tx, views: Sequence[ApplicationView]) -> None:
    """Write the rows of applications."""
    await upsert_rows(tx, APPLICATION_VIEW, [_view_row(view) for view in views])


async def save_timeline(tx: Tx, entries: Sequence[tuple[Any, ...]]) -> None:
    """Number the entries in the order of the facts, and write them."""
    if entries:
        as_of = max(entry[_RECORDED_AT] for entry in entries)
        last = await tx.fetchval(_TAKE_POSITIONS, len(entries), as_of)
        numbered = enumerate(entries, start=last - len(entries) + 1)
        await add_rows(tx, TIMELINE, [(position, *entry) for position, entry in numbered])


def _view(row: Any) -> ApplicationView:
    columns = dict(row)
    columns["id"] = columns.pop("application_id")
    columns["stages"] = tuple(StageView(**stage) for stage in columns["stages"])
    columns["agencies"] = tuple(columns["agencies"])
    return ApplicationView(**columns)


def _view_row(view: ApplicationView) -> tuple[Any, ...]:
    return (
        view.id,
        view.version,
        view.state,
        view.mall,
        view.service,
        view.journey,
        view.revision,
        view.ticket_id,
        json.dumps([asdict(stage) for stage in view.stages]),
        json.dumps(view.agencies),
        view.submitted_at,
        view.updated_at,
        view.recorded_at,
    )
