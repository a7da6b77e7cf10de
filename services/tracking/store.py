"""Reading and writing what tracking decides on, always as sets and always in the same order."""

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar
from uuid import UUID

from chassis.database import Tx, lock_rows, row_of, save_rows
from contracts.catalog import agency_of
from contracts.entries import Journey
from contracts.ids import AgencyId, ApplicationId, JourneyCode, ReportId, StageCode
from services.tracking.domain.application import Application, Stage
from services.tracking.domain.lookups import (
    AnsweredReport,
    EntryKey,
    KnownEntry,
    TakenId,
    TrackingCode,
)
from services.tracking.tables import APPLICATIONS, CATALOGUE_ENTRIES, TRACKING_CODES

K = TypeVar("K")

_STAGE = [field.name for field in fields(Stage)]
_stage_row = row_of(Stage)

_ENTRIES = """
SELECT DISTINCT ON (kind, code) kind, code, CASE kind WHEN 'journey' THEN body END AS body
FROM catalogue_entries JOIN unnest($1::text[], $2::text[]) AS asked (kind, code) USING (kind, code)
ORDER BY kind, code, revision DESC
"""
# A report is answered by facts that carry its id: their heads remember them.
_ANSWERED = """
SELECT aggregate_id, aggregate, version, topic FROM heads WHERE aggregate_id = ANY($1::uuid[])
"""


async def load_many(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The states of these keys, applications locked; what does not exist is left out."""
    found: dict[Hashable, Any] = {key: key for key in _of(TrackingCode, keys)}
    # Each id is looked up as everything: a report id that equals an application's hides neither.
    ids = _of(UUID, keys)
    for row in await lock_rows(tx, APPLICATIONS, ids):
        application = _application(row)
        found[application.id] = application
    others = [one for one in ids if one not in found]
    for row in await tx.fetch(_ANSWERED, others) if others else ():
        answered = _answered(row)
        found[answered.id] = answered
    entries = _of(EntryKey, keys)
    kinds, codes = [entry.kind for entry in entries], [entry.code for entry in entries]
    for row in await tx.fetch(_ENTRIES, kinds, codes) if entries else ():
        known = _entry(row)
        found[known.id] = known
    return found


async def save_many(tx: Tx, states: Sequence[Any]) -> None:
    """Write changed applications and the codes of new ones; look-ups have no row of their own."""
    await save_rows(tx, APPLICATIONS, [_row(one) for one in _of(Application, states)])
    codes = [(one.application_id, one.digest) for one in _of(TrackingCode, states)]
    await save_rows(tx, TRACKING_CODES, codes)


async def save_entries(tx: Tx, rows: Sequence[tuple[str, str, int, str]]) -> None:
    """Keep entries of the catalogue: kind, code, revision, body as JSON text."""
    await save_rows(tx, CATALOGUE_ENTRIES, rows)


def _of(kind: type[K], things: Iterable[Any]) -> list[K]:
    return [thing for thing in things if isinstance(thing, kind)]


def _row(application: Application) -> tuple[Any, ...]:
    return (
        application.id,
        application.version,
        application.journey,
        application.revision,
        application.life,
        json.dumps([dict(zip(_STAGE, _stage_row(one), strict=True)) for one in application.stages]),
    )


def _application(row: Any) -> Application:
    return Application(
        id=ApplicationId(row["application_id"]),
        version=row["version"],
        journey=JourneyCode(row["journey"]) if row["journey"] is not None else None,
        revision=row["revision"],
        life=row["life"],
        stages=tuple(_stage(**stage) for stage in row["stages"]),
    )


def _stage(code: str, agency: str, after: Sequence[str], **rest: Any) -> Stage:
    names = tuple(StageCode(name) for name in after)
    return Stage(StageCode(code), AgencyId(agency), names, **rest)


def _answered(row: Any) -> AnsweredReport | TakenId:
    report_id = ReportId(row["aggregate_id"])
    if row["aggregate"] != "report":
        return TakenId(report_id, row["version"])
    return AnsweredReport(report_id, row["version"], agency_of(row["topic"]))


def _entry(row: Any) -> KnownEntry:
    journey = Journey.model_validate(row["body"]) if row["body"] is not None else None
    return KnownEntry(EntryKey(row["kind"], row["code"]), journey)
