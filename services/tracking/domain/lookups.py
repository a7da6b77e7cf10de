"""What a decision looks up beside the application: catalogue, earlier answers, a new code.

None of these is an aggregate. Each lives for one group of commands only.
"""

from dataclasses import dataclass, field
from typing import Literal

from contracts.entries import Journey
from contracts.ids import AgencyId, ApplicationId, ReportId

EntryKind = Literal["agency", "journey", "mall", "service"]


@dataclass(frozen=True, slots=True)
class EntryKey:
    """Names an entry of the catalogue, in its newest revision."""

    kind: EntryKind
    code: str


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """The catalogue has this entry; `journey` is its content where it is a journey."""

    id: EntryKey
    journey: Journey | None = None


@dataclass(frozen=True, slots=True)
class AnsweredReport:
    """A report id that was answered before: `version` times, always to this agency."""

    id: ReportId
    version: int
    agency: AgencyId


@dataclass(frozen=True, slots=True)
class TakenId:
    """What was given as a report id names another thing in our log."""

    id: ReportId
    version: int


@dataclass(frozen=True, slots=True)
class TrackingCode:
    """The digest of the code by which the applicant of a new application follows it.

    Two of them are the same key when they belong to the same application.
    """

    application_id: ApplicationId
    digest: bytes = field(compare=False)

    @property
    def id(self) -> "TrackingCode":
        """It is its own key."""
        return self


def key_of_code(application_id: ApplicationId) -> TrackingCode:
    """The key under which the code of an application is found."""
    return TrackingCode(application_id, b"")
