"""Releases of the contracts: a copy of schemas and samples that is never edited again.

`python -m contracts.release 0.2.0` makes one. It refuses what the gate refuses, and what is stale.
"""

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path

from contracts import __version__
from contracts.gate import RELEASED, breaks, current, order, released, versions
from contracts.generate import SCHEMAS, as_json, stale
from contracts.samples import SAMPLES

MANIFEST = RELEASED / "manifest.json"


class NotReleasable(Exception):
    """The contracts cannot be released; the message says what to do first."""


def hashes(root: Path) -> dict[str, str]:
    """The SHA-256 of every file below `root`, by path."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def manifest() -> dict[str, dict[str, str]]:
    """Version to file to SHA-256, as they were at the time of each release."""
    if not MANIFEST.is_file():
        return {}
    found: dict[str, dict[str, str]] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return found


def release(version: str) -> Path:
    """Copy today's schemas and samples to `released/<version>`. Raises NotReleasable."""
    _check(version)
    target = RELEASED / version
    shutil.copytree(SCHEMAS, target / "schemas")
    shutil.copytree(SAMPLES, target / "samples", ignore=shutil.ignore_patterns("*.md"))
    known = manifest() | {version: hashes(target)}
    MANIFEST.write_text(as_json(known), encoding="utf-8")
    return target


def _check(version: str) -> None:
    if version != __version__:
        raise NotReleasable(f"contracts.__version__ is {__version__}; raise it first")
    if version in versions() or version in manifest():
        raise NotReleasable(f"{version} is released already; a release is never edited")
    if versions() and order(versions()[-1]) > order(version):
        raise NotReleasable(f"{versions()[-1]} is released already and is newer")
    if stale():
        raise NotReleasable("generated files are stale; run: python -m contracts.generate")
    for old in versions():
        broken = breaks(released(old), current())
        if broken:
            listed = "\n  ".join(broken)
            raise NotReleasable(f"breaks {old}; make a new event instead:\n  {listed}")


def main(arguments: list[str]) -> int:
    """The command. Ends with 1 and the reason if the contracts cannot be released."""
    parser = argparse.ArgumentParser(prog="python -m contracts.release", description=__doc__)
    parser.add_argument("version", help="the version, for example 0.2.0")
    version = parser.parse_args(arguments).version
    try:
        target = release(version)
    except (NotReleasable, ValueError) as problem:
        sys.stderr.write(f"not released: {problem}\n")
        return 1
    sys.stdout.write(f"released: {target}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
