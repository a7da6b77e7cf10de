"""The replay's own book in a temporary SQLite file: the log as reports, answers, and what was seen.

It keeps memory constant whatever the size of the log, and is thrown away at the end: what counts is
in the platform.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self
from uuid import UUID

from contracts.envelope import format_time
from contracts.ids import AgencyId, ApplicationId, ReportId

Door = Literal["http", "kafka"]
Outcome = Literal["accepted", "refused"]
Source = Literal["api", "kafka"]
PAGE = 500

# The cache is what bounds the memory: the ids of reports are spread all over their index.
_PRAGMAS = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -48000;"
_SCHEMA = """
CREATE TABLE cases (case_no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, key TEXT NOT NULL,
    door TEXT NOT NULL, events INTEGER NOT NULL DEFAULT 0, application BLOB UNIQUE);
CREATE TABLE reports (seq INTEGER PRIMARY KEY, case_no INTEGER NOT NULL,
    report BLOB NOT NULL UNIQUE, agency TEXT NOT NULL, activity TEXT NOT NULL,
    lifecycle TEXT NOT NULL, time TEXT NOT NULL,
    outcome TEXT, in_api INTEGER NOT NULL DEFAULT 0, in_kafka INTEGER NOT NULL DEFAULT 0);
CREATE INDEX reports_of_case ON reports (case_no, seq);
CREATE TABLE agencies (code TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE answers (report BLOB PRIMARY KEY, outcome TEXT NOT NULL);
CREATE TABLE seen (place INTEGER PRIMARY KEY, source TEXT NOT NULL, case_no INTEGER NOT NULL,
    version INTEGER NOT NULL, event BLOB NOT NULL, report BLOB, content BLOB);
"""
_OURS = "SELECT case_no FROM cases WHERE application = ?"
_FOUND = {
    "api": "UPDATE reports SET in_api = 1 WHERE report = ? AND in_api = 0",
    "kafka": "UPDATE reports SET in_kafka = 1 WHERE report = ? AND in_kafka = 0",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A case of the log. `key` is the idempotency key under which its application is submitted."""

    number: int
    key: str
    door: Door


@dataclass(frozen=True, slots=True)
class Report:
    """An event of the log on its way to the platform."""

    seq: int
    case: Case
    id: ReportId
    agency: AgencyId
    activity: str
    lifecycle: str
    time: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A fact about one of our applications, as a reader of the trail met it.

    `report` and `content` are None for what no report caused.
    """

    version: int
    event: bytes
    report: bytes | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """A report that was accepted, and what the fact about it must say."""

    report: bytes
    content: bytes


class Book:
    """One replay's book. Use as a context manager."""

    def __init__(self) -> None:
        # Without a name, SQLite uses a file that vanishes with us, however we end.
        self._db = sqlite3.connect("")
        # Nothing here must survive a crash, so nothing is made durable.
        self._cases = 0
        self._db.executescript(_PRAGMAS + _SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    # -- the log ------------------------------------------------------------------------------

    def case_of(self, name: str) -> tuple[int, int] | None:
        """Number and count of events so far of a case that is known by this name."""
        row: tuple[int, int] | None = self._one(
            "SELECT case_no, events FROM cases WHERE name = ?", name
        )
        return row

    def add_case(self, name: str, key: str, door: Door) -> int:
        """Write down a new case and return its number, from 0 on."""
        number, self._cases = self._cases, self._cases + 1
        self._db.execute(
            "INSERT INTO cases VALUES (?, ?, ?, ?, 0, NULL)", (number, name, key, door)
        )
        return number

    def add_report(
        self, case_no: int, report: ReportId, agency: AgencyId, said: tuple[str, str, datetime]
    ) -> None:
        """Write down the next event of a case: activity, lifecycle and time."""
        activity, lifecycle, time = said
        self._db.execute(
            "INSERT INTO reports (case_no, report, agency, activity, lifecycle, time) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (case_no, report.bytes, agency, activity, lifecycle, format_time(time)),
        )
        self._db.execute("UPDATE cases SET events = events + 1 WHERE case_no = ?", (case_no,))

    def add_agency(self, code: AgencyId, name: str) -> None:
        """Write down an agency under its code."""
        self._db.execute("INSERT INTO agencies VALUES (?, ?)", (code, name))

    def agencies(self) -> list[tuple[AgencyId, str]]:
        """Code and name of each agency of the log."""
        rows = self._db.execute("SELECT code, name FROM agencies ORDER BY rowid")
        return [(AgencyId(code), name) for code, name in rows]

    def counts(self) -> tuple[int, int]:
        """Cases and events."""
        (events,) = self._one("SELECT count(*) FROM reports")
        return self._cases, events

    # -- sending ------------------------------------------------------------------------------

    def reports(self) -> Iterator[Report]:
        """All reports in the order of the log. The book may be written to in between."""
        last = 0
        while rows := self._db.execute(
            "SELECT seq, case_no, key, door, report, agency, activity, lifecycle, time "
            "FROM reports JOIN cases USING (case_no) WHERE seq > ? ORDER BY seq LIMIT ?",
            (last, PAGE),
        ).fetchall():
            for seq, case_no, key, door, report, agency, *said in rows:
                case = Case(case_no, key, door)
                yield Report(seq, case, _id(report), AgencyId(agency), *said)
                last = seq

    def application_of(self, case: Case) -> ApplicationId | None:
        """The application of a case, if it has one already."""
        row = self._one("SELECT application FROM cases WHERE case_no = ?", case.number)
        return ApplicationId(UUID(bytes=row[0])) if row is not None and row[0] else None

    def set_application(self, case: Case, application: ApplicationId) -> None:
        """Remember the application of a case."""
        self._db.execute(
            "UPDATE cases SET application = ? WHERE case_no = ?", (application.bytes, case.number)
        )

    def set_outcome(self, report: Report, outcome: Outcome) -> None:
        """Remember how a report was answered."""
        self._db.execute("UPDATE reports SET outcome = ? WHERE seq = ?", (outcome, report.seq))

    def keep_answers(self, answers: Iterable[tuple[ReportId, Outcome]]) -> None:
        """Remember answers that nobody waits for yet: those to an earlier run of this replay."""
        self._db.executemany(
            "INSERT OR IGNORE INTO answers VALUES (?, ?)",
            ((report.bytes, outcome) for report, outcome in answers),
        )

    def kept_answer(self, report: ReportId) -> Outcome | None:
        """The answer that an earlier run has got to this report."""
        row = self._one("SELECT outcome FROM answers WHERE report = ?", report.bytes)
        return row[0] if row is not None else None

    def outcomes(self) -> dict[str | None, int]:
        """How many reports were answered in which way; None are those without an answer."""
        return dict(
            self._db.execute("SELECT outcome, count(*) FROM reports GROUP BY outcome").fetchall()
        )

    def doors(self) -> dict[str, int]:
        """How many events belong to each door."""
        return dict(
            self._db.execute("SELECT door, sum(events) FROM cases GROUP BY door").fetchall()
        )

    # -- reading back -------------------------------------------------------------------------

    def is_ours(self, application: ApplicationId) -> bool:
        """Whether the application belongs to a case of this log."""
        return self._one(_OURS, application.bytes) is not None

    def add_seen(self, source: Source, facts: Iterable[tuple[ApplicationId, Seen]]) -> int:
        """Write down what a reader met, in its order; returns how many reports were new there."""
        new = 0
        for application, seen in facts:
            row = self._one(_OURS, application.bytes)
            if row is None:
                continue
            self._db.execute(
                "INSERT INTO seen (source, case_no, version, event, report, content) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (source, row[0], seen.version, seen.event, seen.report, seen.content),
            )
            if seen.report is not None:
                new += self._db.execute(_FOUND[source], (seen.report,)).rowcount
        return new

    def finish_reading(self) -> None:
        """Prepare for looking at single cases."""
        self._db.execute("CREATE INDEX seen_of_case ON seen (case_no, source, place)")

    def expected(self, case_no: int) -> list[Expected]:
        """What the trail of a case must tell, in its order."""
        rows = self._db.execute(
            "SELECT report, agency, activity, lifecycle, time FROM reports "
            "WHERE case_no = ? AND outcome IS NOT 'refused' ORDER BY seq",
            (case_no,),
        )
        return [Expected(report, content_of(*said)) for report, *said in rows]

    def seen(self, case_no: int, source: Source) -> list[Seen]:
        """What a source tells of a case, in the order in which it was met."""
        rows = self._db.execute(
            "SELECT version, event, report, content FROM seen "
            "WHERE case_no = ? AND source = ? ORDER BY place",
            (case_no, source),
        )
        return [Seen(*row) for row in rows]

    def _one(self, statement: str, *values: object) -> Any:
        return self._db.execute(statement, values).fetchone()


def content_of(agency: str, activity: str, lifecycle: str, time: str) -> bytes:
    """A short digest of what a report says; equal exactly when all four are."""
    text = f"{agency}\x1f{activity}\x1f{lifecycle}\x1f{time}"
    return hashlib.blake2b(text.encode(), digest_size=8).digest()


def _id(blob: bytes) -> ReportId:
    return ReportId(UUID(bytes=blob))
