"""Reads for people: the read model with its position and age, put into words when it is read."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, literal, select

from chassis.database import Database
from chassis.errors import NotFound, Unavailable
from contracts.entries import entry_of
from contracts.ids import AgencyId, ApplicationId
from services.tracking.domain.names import Names, names_of
from services.tracking.domain.refusals import AgencyUnknown
from services.tracking.domain.story import story
from services.tracking.domain.words import sentence
from services.tracking.tables import (
    APPLICATION_VIEW,
    CATALOGUE_ENTRIES,
    TIMELINE,
    TIMELINE_HEAD,
    TRACKING_CODES,
)

NAMES_SECONDS = 1.0
WAIT_SECONDS = 3.0
_POLL_SECONDS = 0.05
# What everybody may see of an entry; operators also see who acted, and the fact itself.
_FOR_OPERATORS = ("actor", "data")


@dataclass(frozen=True, slots=True)
class Page:
    """Something read, with the position of the read model and the time of its newest fact."""

    found: Any
    position: int
    as_of: datetime | None

    def headers(self) -> dict[str, str]:
        """What every answer states about its age."""
        as_of = {"Loket-As-Of": self.as_of.isoformat()} if self.as_of is not None else {}
        return {"Loket-Position": str(self.position), **as_of}


class ReadModel:
    """The read model of one database. Knows the catalogue's names, at most a second old."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = Names()
        self._names_arrived = 0
        self._names_checked = float("-inf")

    async def application(self, application_id: ApplicationId, min_version: int = 0) -> Page:
        """One application's document. Waits for `min_version` for a bounded time.

        Raises NotFound, or Unavailable when the read model did not get so far in time.
        """
        return await self._document(_by_id(application_id), min_version)

    async def application_by_digest(self, digest: bytes) -> Page:
        """The same by the digest of its tracking code. The same work for a code that nobody has."""
        return await self._document(_by_digest(digest), 0)

    async def timeline_of(
        self, application_id: ApplicationId, after: int = 0, limit: int = 500
    ) -> Page:
        """One application's entries in the order of their positions."""
        wanted = select(TIMELINE).where(TIMELINE.c.key == str(application_id))
        return await self._entries(wanted, after, limit, ())

    async def timeline(self, after: int, limit: int) -> Page:
        """Every entry behind a position, with all that operators may see."""
        return await self._entries(select(TIMELINE), after, limit, _FOR_OPERATORS)

    async def entries_since(
        self, after: int, limit: int, key: str | None
    ) -> Sequence[dict[str, Any]]:
        """Entries for a stream; with a key only those of one application."""
        wanted = select(TIMELINE)
        if key is not None:
            wanted = wanted.where(TIMELINE.c.key == key)
        entries: list[dict[str, Any]] = (await self._entries(wanted, after, limit, ())).found
        return entries

    async def position(self) -> int:
        """The last position."""
        (head,) = await self._database.fetch(select(TIMELINE_HEAD))
        return int(head["position"])

    async def owner_of_code(self, digest: bytes) -> ApplicationId:
        """The application that this code follows. Raises NotFound."""
        wanted = select(TRACKING_CODES.c.application_id).where(TRACKING_CODES.c.digest == digest)
        rows = await self._database.fetch(wanted)
        if not rows:
            raise NotFound
        return ApplicationId(rows[0]["application_id"])

    async def _document(self, wanted: Select[Any], min_version: int) -> Page:
        names = await self._current_names()
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            (row,) = await self._database.fetch(wanted)
            is_late = row["application_id"] is None and row["owner"] is not None
            if row["application_id"] is not None and row["version"] >= min_version:
                return Page(story(dict(row), names), row["position"], row["as_of"])
            if not is_late and min_version == 0:
                raise NotFound
            if time.monotonic() >= deadline:
                if row["application_id"] is None and not is_late:
                    raise NotFound
                raise Unavailable(1, "the read model has not got so far yet")
            await asyncio.sleep(_POLL_SECONDS)

    async def _entries(
        self, wanted: Select[Any], after: int, limit: int, extra: Sequence[str]
    ) -> Page:
        names = await self._current_names()
        page = (
            wanted.where(TIMELINE.c.position > after)
            .order_by(TIMELINE.c.position)
            .limit(limit)
            .subquery("page")
        )
        head = TIMELINE_HEAD.c
        rows = await self._database.fetch(
            select(page, head.position.label("head"), head.as_of)
            .select_from(TIMELINE_HEAD.outerjoin(page, literal(value=True)))
            .order_by(page.c.position)
        )
        found = [_entry(dict(row), names, extra) for row in rows if row["position"] is not None]
        return Page(found, rows[0]["head"], rows[0]["as_of"])

    async def _current_names(self) -> Names:
        """Names change rarely: one look per second whether anything arrived."""
        if time.monotonic() - self._names_checked >= NAMES_SECONDS:
            self._names_checked = time.monotonic()
            (newest,) = await self._database.fetch(
                select(func.coalesce(func.max(CATALOGUE_ENTRIES.c.arrived), 0).label("arrived"))
            )
            if newest["arrived"] != self._names_arrived:
                columns = CATALOGUE_ENTRIES.c
                rows = await self._database.fetch(
                    select(columns.kind, columns.body).order_by(columns.revision)
                )
                self._names = names_of(entry_of(row["kind"], row["body"]) for row in rows)
                self._names_arrived = newest["arrived"]
        return self._names


class KnownAgencies:
    """The agencies of the catalogue; one that was found once is not looked for again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[AgencyId] = set()

    async def check(self, agency: AgencyId) -> None:
        """Raise AgencyUnknown for one without an entry: nobody has made topics for its answers."""
        if agency in self._known:
            return
        columns = CATALOGUE_ENTRIES.c
        wanted = select(columns.code).where(columns.kind == "agency", columns.code == agency)
        if not await self._database.fetch(wanted.limit(1)):
            raise AgencyUnknown(agency=agency)
        self._known.add(agency)


def involves(document: Mapping[str, Any], agency: AgencyId) -> bool:
    """Whether an agency has, had or will have to do with an application."""
    codes = {stage["agency"] for stage in document["stages"]}
    return agency in codes or any(one["code"] == agency for one in document["agencies"])


def _by_id(application_id: ApplicationId) -> Select[Any]:
    view = APPLICATION_VIEW.c
    wanted = UUID(int=application_id.int)
    return select(APPLICATION_VIEW, literal(None).label("owner"), TIMELINE_HEAD).select_from(
        TIMELINE_HEAD.outerjoin(APPLICATION_VIEW, view.application_id == wanted)
    )


def _by_digest(digest: bytes) -> Select[Any]:
    codes, view = TRACKING_CODES.c, APPLICATION_VIEW.c
    return select(APPLICATION_VIEW, codes.application_id.label("owner"), TIMELINE_HEAD).select_from(
        TIMELINE_HEAD.outerjoin(TRACKING_CODES, codes.digest == digest).outerjoin(
            APPLICATION_VIEW, and_(view.application_id == codes.application_id)
        )
    )


def _entry(row: Mapping[str, Any], names: Names, extra: Sequence[str]) -> dict[str, Any]:
    data = json.loads(row["data"])
    told = sentence(row["type"], data, names, row["journey"], row["revision"])
    entry = {
        "position": row["position"],
        "event_id": str(row["event_id"]),
        "key": row["key"],
        "type": row["type"],
        "version": row["version"],
        "time": row["time"].isoformat(),
        "recorded_at": row["recorded_at"].isoformat(),
        "agency": row["agency"],
        "agency_name": names.agency(row["agency"]) or None,
        "stage": row["stage"],
        **told._asdict(),
    }
    shown = {"actor": row["actor"], "data": data}
    return entry | {name: shown[name] for name in extra}
