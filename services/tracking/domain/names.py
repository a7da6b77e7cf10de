"""What codes are called: the catalogue's names of agencies, services, malls and stages."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts import entries
from contracts.entry_base import Entry


class Told(NamedTuple):
    """One text in Indonesian and in English."""

    id: str
    en: str


@dataclass
class Names:
    """The newest names, every revision of a journey. A code without a name stands for itself."""

    agencies: dict[str, str] = field(default_factory=dict)
    malls: dict[str, str] = field(default_factory=dict)
    services: dict[str, Told] = field(default_factory=dict)
    journeys: dict[tuple[str, int], entries.Journey] = field(default_factory=dict)

    def journey(self, code: str | None, revision: int | None) -> entries.Journey | None:
        """The journey in exactly this revision."""
        return self.journeys.get((code, revision)) if code and revision else None

    def agency(self, code: str | None) -> str:
        """The name of an agency, the same in both languages."""
        return self.agencies.get(code or "", code or "")

    def service(self, code: str | None) -> Told:
        """The name of a service."""
        return self.services.get(code or "", Told(code or "", code or ""))

    def mall(self, code: str | None) -> str:
        """The name of a mall."""
        return self.malls.get(code or "", code or "")


def names_of(published: Iterable[Entry]) -> Names:
    """The names in these entries; later revisions come after earlier ones."""
    names = Names()
    for entry in published:
        match entry:
            case entries.Agency():
                names.agencies[entry.code] = entry.name
            case entries.Mall():
                names.malls[entry.code] = entry.name
            case entries.Service():
                names.services[entry.code] = Told(entry.name_id, entry.name_en)
            case entries.Journey():
                names.journeys[entry.code, entry.revision] = entry
            case _:
                continue  # calendars have no names that people see here
    return names


def stage_of(journey: entries.Journey | None, code: str | None) -> entries.Stage | None:
    """The stage of this code."""
    stages = journey.stages if journey is not None else ()
    return next((stage for stage in stages if stage.code == code), None)


def stage_name(stage: entries.Stage | None, code: str | None) -> Told:
    """What a stage is called."""
    if stage is None:
        return Told(code or "", code or "")
    return Told(stage.name_id, stage.name_en)


def requirement_of(stage: entries.Stage | None, code: str | None) -> entries.Requirement | None:
    """What had to be fulfilled, and how to mend it."""
    requirements = stage.requirements if stage is not None else ()
    return next((one for one in requirements if one.code == code), None)


def because(stage: entries.Stage | None, code: str | None) -> Told:
    """The requirement or the reason behind a code, in words."""
    requirement = requirement_of(stage, code)
    if requirement is not None:
        return Told(requirement.text_id, requirement.text_en)
    reasons = stage.reasons if stage is not None else ()
    for reason in reasons:
        if reason.code == code:
            return Told(reason.text_id, reason.text_en)
    plain = (code or "").replace("_", " ")
    return Told(plain, plain)
