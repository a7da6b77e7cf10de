"""The pages of `docs/` that are written from the code: settings.md and metrics.md.

`python -m docs.generate` in a checkout writes them; with `--check` it only says what is stale. The
pages about events are written by `contracts.generate`.
"""

import argparse
import importlib
import sys
from pathlib import Path

from chassis import metrics
from chassis.settings import ServiceSettings, Setting, describe

ROOT = Path(__file__).resolve().parent.parent
_HEAD = """\
# Settings

Written by `python -m docs.generate` from the settings classes; do not edit it.

Every service reads its settings from the environment, once, at start. What is missing or wrong is
named in one message, and the service does not start. Values of secrets are never printed.
"""
_TABLE = "| variable | kind | default | meaning |\n| --- | --- | --- | --- |"


def settings_of(service: str) -> type[ServiceSettings]:
    """The settings class of a service: the one class of its own in its module `settings`."""
    module = importlib.import_module(f"services.{service}.settings")
    (found,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, ServiceSettings)
        and value.__module__ == module.__name__
    )
    return found


def services() -> list[str]:
    """The services that have settings, by name."""
    return sorted(path.parent.name for path in (ROOT / "services").glob("*/settings.py"))


def settings_page() -> str:
    """The page about settings: those that all services have, then what each one adds."""
    common = describe(ServiceSettings)
    known = {setting.variable for setting in common}
    parts = [_HEAD, "## Every service\n", _table(common)]
    for service in services():
        own = [one for one in describe(settings_of(service)) if one.variable not in known]
        parts += [f"\n## {service}\n", _table(own) if own else "Nothing of its own."]
    return "\n".join([*parts, ""])


def _table(settings: list[Setting]) -> str:
    rows = []
    for one in settings:
        cells = (f"`{one.variable}`", one.kind, one.default or "empty", one.description)
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join([_TABLE, *rows])


def pages() -> dict[str, str]:
    """File name in `docs/` -> what it must say today."""
    return {"settings.md": settings_page(), "metrics.md": metrics.markdown()}


def stale() -> list[str]:
    """The pages that say something else than the code."""
    folder = ROOT / "docs"
    return [
        name
        for name, text in pages().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def main() -> int:
    """Write the pages, or only tell which ones are stale."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")
    found = stale()
    if not parser.parse_args().check:
        for name in found:
            (ROOT / "docs" / name).write_text(pages()[name], encoding="utf-8")
    elif found:
        sys.stderr.write(f"Stale: docs/{', docs/'.join(found)}. Run: python -m docs.generate\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
