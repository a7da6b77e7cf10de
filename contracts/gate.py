"""The compatibility gate: today's contracts against every version that was ever released.

Full and transitive: what an old writer says today's readers take, and what today's writers say
old readers take. A break is not mended here: it is a new event with the next version.
"""

import json
from pathlib import Path
from typing import Any

from contracts.compat import problems
from contracts.schemas import catalog_document, schema_files

RELEASED = Path(__file__).parent / "released"
_WRITER = ".writer.json"

Files = dict[str, dict[str, Any]]


def current() -> Files:
    """Today's contracts: every schema by file name, and the catalog as data."""
    return schema_files() | {"catalog.json": catalog_document()}


def released(version: str) -> Files:
    """The same as it was released under this version."""
    root = RELEASED / version / "schemas"
    return {
        path.relative_to(root).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(root.rglob("*.json"))
    }


def versions() -> list[str]:
    """The released versions, oldest first."""
    found = [path.name for path in RELEASED.iterdir() if path.is_dir()] if RELEASED.is_dir() else []
    return sorted(found, key=order)


def order(version: str) -> tuple[int, ...]:
    """What versions are sorted by. Raises ValueError if it is not of the form 1.2.3."""
    parts = tuple(int(part) for part in version.split("."))
    if len(parts) != 3:  # noqa: PLR2004 - major, minor, patch
        raise ValueError(f"{version!r} is not of the form 1.2.3")
    return parts


def breaks(old: Files, new: Files) -> list[str]:
    """Every promise of `old` that `new` breaks, one line each; empty if they get on."""
    found = _catalog_breaks(old["catalog.json"], new["catalog.json"])
    for writer_file in sorted(name for name in old if name.endswith(_WRITER)):
        name = writer_file.removesuffix(_WRITER)
        reader_file = f"{name}.json"
        if writer_file not in new or reader_file not in new:
            if name.startswith("entries/"):
                found.append(f"{name}: is gone")
            continue  # an event that is gone is told by the catalog
        found += [
            f"{name}: an old writer would not be understood: {problem}"
            for problem in problems(old[writer_file], new[reader_file])
        ]
        found += [
            f"{name}: an old reader would not understand: {problem}"
            for problem in problems(new[writer_file], old[reader_file])
        ]
    return found


def _catalog_breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    found = []
    for kind in ("events", "topics"):
        for name, promise in old[kind].items():
            if name not in new[kind]:
                found.append(f"{name}: is gone from the {kind}")
                continue
            now = new[kind][name]
            found += [
                f"{name}: {field} was {value!r}, is {now.get(field)!r}"
                for field, value in promise.items()
                if now.get(field) != value
            ]
    return found
