"""Writes what is made from the contracts: schemas, the catalog as data, AsyncAPI, the event page.

`python -m contracts.generate` in a checkout writes; with `--check` it only says what is stale.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from contracts.asyncapi import asyncapi_document
from contracts.event_html import events_html
from contracts.event_pages import events_page
from contracts.plain_yaml import to_yaml
from contracts.schemas import catalog_document, schema_files

PACKAGE = Path(__file__).parent
SCHEMAS = PACKAGE / "schemas"
_NOTE = "# Written by `python -m contracts.generate`; do not edit.\n"


def generated() -> dict[Path, str]:
    """Every generated file with its text."""
    files = {SCHEMAS / name: as_json(schema) for name, schema in schema_files().items()}
    files[SCHEMAS / "catalog.json"] = as_json(catalog_document())
    files[PACKAGE / "asyncapi.yaml"] = _NOTE + to_yaml(asyncapi_document())
    files[PACKAGE / "events.html"] = events_html()
    files[PACKAGE.parent / "docs" / "events.md"] = events_page()
    return files


def stale() -> list[Path]:
    """Generated files that are missing, differ, or should not be there any more."""
    files = generated()
    old = [path for path, text in files.items() if not path.is_file() or _read(path) != text]
    return sorted(old + _left_over(files))


def write() -> list[Path]:
    """Bring every generated file up to date. Returns what was changed or removed."""
    files = generated()
    changed = stale()
    for path in changed:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
    return changed


def as_json(value: dict[str, Any]) -> str:
    """The form of all generated JSON files."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _left_over(files: dict[Path, str]) -> list[Path]:
    return [path for path in SCHEMAS.rglob("*.json") if path not in files]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def main(arguments: list[str]) -> int:
    """The command. Ends with 1 if `--check` finds something stale."""
    parser = argparse.ArgumentParser(prog="python -m contracts.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what is stale")
    check = parser.parse_args(arguments).check
    changed = stale() if check else write()
    for path in changed:
        sys.stdout.write(f"{'stale' if check else 'written'}: {path}\n")
    if check and changed:
        sys.stdout.write("run: python -m contracts.generate\n")
    return 1 if check and changed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
