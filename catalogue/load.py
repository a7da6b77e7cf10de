"""Reading the catalogue's files into typed entries, with file and line kept for messages.

What a file says wrongly by itself is found here; how entries fit together, in `checker`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from catalogue.finding import Finding, Rule
from catalogue.yaml_text import BrokenYaml, DuplicateKey, Location, Parsed, parse
from contracts.entries import ENTRY_KINDS
from contracts.entry_base import Entry

DATA = Path(__file__).parent / "data"
"""The catalogue that is shipped."""

# In an order in which each entry comes after those that it may name.
FOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "calendars": "calendar",
        "agencies": "agency",
        "journeys": "journey",
        "services": "service",
        "queue-policies": "queue_policy",
        "booking-policies": "booking_policy",
        "malls": "mall",
        "session-plans": "session_plan",
    }
)


# A service's standard is in two parts; its 14 components stand one level below them.
STANDARD = frozenset({"published", "managed"})
COMPONENT_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Source:
    """One file of one kind of entry, read but not yet judged."""

    path: Path
    kind: str
    parsed: Parsed

    def finding(self, at: Location, rule: Rule, message: str) -> Finding:
        """A finding at this place of the file."""
        return Finding(self.path, self.parsed.line_of(at), rule, message)


@dataclass(frozen=True, slots=True)
class Loaded:
    """An entry together with the file that it was read from."""

    source: Source
    entry: Entry


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything below a root: what could be read as entries, and what was wrong with the rest.

    `unread` are kind and file stem of the files that gave no entry, so that a reference to one of
    them is not reported as a second mistake.
    """

    loaded: tuple[Loaded, ...]
    findings: tuple[Finding, ...]
    unread: frozenset[tuple[str, str]]


def read(root: Path) -> Reading:
    """Read every file below `root`. Never raises for a mistake in a file: it becomes a finding."""
    loaded: list[Loaded] = []
    findings: list[Finding] = list(_strays(root))
    unread: set[tuple[str, str]] = set()
    for folder, kind in FOLDERS.items():
        for path in sorted((root / folder).glob("*.yaml")):
            outcome = _read_file(path, kind)
            if isinstance(outcome, Loaded):
                loaded.append(outcome)
                findings.extend(_within(outcome))
            else:
                unread.add((kind, path.stem))
                findings.extend(outcome)
    if not loaded and not findings:
        hint = f"there is no entry here: is this a catalogue? It has folders {', '.join(FOLDERS)}"
        findings.append(Finding(root, 1, Rule.NO_ENTRIES, hint))
    return Reading(tuple(loaded), tuple(findings), frozenset(unread))


def _strays(root: Path) -> Iterator[Finding]:
    for path in sorted(root.rglob("*.y*ml")):
        if path.parent.parent != root or path.parent.name not in FOLDERS or path.suffix != ".yaml":
            hint = f"not read: entries are <folder>/<code>.yaml in one of {', '.join(FOLDERS)}"
            yield Finding(path, 1, Rule.UNKNOWN_FOLDER, hint)


def _read_file(path: Path, kind: str) -> Loaded | list[Finding]:
    try:
        parsed = parse(path.read_text(encoding="utf-8"))
    except DuplicateKey as problem:
        return [Finding(path, problem.line, Rule.DUPLICATE_KEY, str(problem))]
    except BrokenYaml as problem:
        return [Finding(path, problem.line, Rule.NOT_YAML, f"{problem}: mend the YAML here")]
    except (UnicodeDecodeError, OSError) as problem:
        hint = f"cannot be read ({type(problem).__name__}): it must be a file of UTF-8 text"
        return [Finding(path, 1, Rule.NOT_YAML, hint)]
    source = Source(path, kind, parsed)
    try:
        # As JSON, so that strict means: no number in quotes, no `true` for 1, but dates as text.
        entry = ENTRY_KINDS[kind].model_validate_json(json.dumps(parsed.data), strict=True)
    except ValidationError as problem:
        return [_shape_finding(source, error) for error in problem.errors(include_url=False)]
    return Loaded(source, entry)


def _shape_finding(source: Source, error: ErrorDetails) -> Finding:
    location: Location = error["loc"]
    name = ".".join(str(part) for part in location) or "the document"
    if error["type"] != "missing":
        said = error["msg"].removeprefix("Value error, ")
        return source.finding(location, Rule.WRONG_SHAPE, f"{name}: {said}")
    if location == ("revision",):
        hint = "add `revision: 1`, and raise it by one with each change"
        return source.finding(location, Rule.REVISION_MISSING, hint)
    if source.kind == "service" and location[0] in STANDARD and len(location) <= COMPONENT_DEPTH:
        hint = f"{name} is one of the 14 components of the service standard: add it"
        return source.finding(location, Rule.STANDARD_INCOMPLETE, hint)
    return source.finding(location, Rule.MISSING_FIELD, f"{name} is missing: add it")


def _within(loaded: Loaded) -> Iterator[Finding]:
    source, code = loaded.source, loaded.entry.entry_code
    if source.path.stem != code:
        hint = f"the entry's code is {code!r}: name the file {code}.yaml, or mend the code"
        yield source.finding(("code",), Rule.FILE_NAME, hint)
    understood = loaded.entry.model_dump(mode="json")
    for location in _left_over(source.parsed.data, understood, ()):
        hint = f"{location[-1]!r} means nothing here: mend the spelling or take it out"
        yield source.finding(location, Rule.UNKNOWN_FIELD, hint)


def _left_over(written: JsonValue, understood: Any, at: Location) -> Iterator[Location]:
    """Places that are in the text but not in the entry made from it."""
    if isinstance(written, dict):
        for key, value in written.items():
            if key in understood:
                yield from _left_over(value, understood[key], (*at, key))
            else:
                yield (*at, key)
    elif isinstance(written, list):
        for index, value in enumerate(written):
            yield from _left_over(value, understood[index], (*at, index))
