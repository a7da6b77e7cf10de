"""Rules about files as such: names, length, what stands in them.

Each yields one sentence per violation: where, what, and what to do instead.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.architecture.tree import files, inside, parse, production, text_files

MAX_LINES = 300
# Path -> why it may be longer. Aim: empty.
LONGER: dict[str, str] = {}

_VAGUE_NAMES = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}
_UNFINISHED = re.compile(
    r"(#|//|--|<!--|\*).*\b("
    + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"))
    + r")\b"
)
# Put together from parts, because this file, too, is searched.
_REGISTRIES = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("registry", "npmjs", "org"),
            ("repo1", "maven", "org"),
            ("repo", "maven", "apache", "org"),
            ("central", "sonatype", "com"),
            ("docker", "io"),
            ("ghcr", "io"),
            ("quay", "io"),
            ("gcr", "io"),
            ("crates", "io"),
            ("proxy", "golang", "org"),
        )
    )
)
_MIGRATION = re.compile(r"(\d{4})_[a-z]+(_[a-z0-9]+)+\.sql")


def files_are_named_after_their_job(root: Path) -> Iterator[str]:
    """What would go into a utils.py belongs beside its first user, or has a name of its own."""
    for path in files(root, "*.py"):
        if path.stem in _VAGUE_NAMES or path.parent.name in _VAGUE_NAMES:
            yield f"{inside(root, path)}: name it after what it does"


def modules_open_with_a_docstring(root: Path) -> Iterator[str]:
    """One to three sentences: what is here and what is not."""
    for path in files(root, "*.py"):
        tree = parse(path)
        if tree.body and not ast.get_docstring(tree):
            yield f"{inside(root, path)}: say in the first lines what is here and what is not"


def files_stay_short(root: Path) -> Iterator[str]:
    """Past 300 lines, ask which second thing the file has become."""
    for path in production(root):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_LINES and inside(root, path) not in LONGER:
            yield f"{inside(root, path)}: {lines} lines; split it by subject"


def nothing_is_left_to_do(root: Path) -> Iterator[str]:
    """What is here works; what does not is not here."""
    for path in text_files(root):
        for number, line in _lines(path):
            if _UNFINISHED.search(line):
                yield f"{inside(root, path)}:{number} is unfinished: finish it or take it out"


def no_file_names_a_package_registry(root: Path) -> Iterator[str]:
    """Where packages come from is the business of the machine, which may use a mirror."""
    for path in text_files(root):
        for number, line in _lines(path):
            if _REGISTRIES.search(line):
                yield f"{inside(root, path)}:{number} names a registry; use its client's default"


def migrations_are_numbered_without_gap(root: Path) -> Iterator[str]:
    """NNNN_verb_what.sql from 0001 on: the order is in the name, for an auditor, too."""
    folders = {path.parent for path in files(root, "*.sql") if path.parent.name == "migrations"}
    for folder in sorted(folders):
        numbers = [0]
        for path in sorted(folder.glob("*.sql")):
            match = _MIGRATION.fullmatch(path.name)
            if match is None:
                yield f"{inside(root, path)}: call it NNNN_verb_what.sql"
            else:
                numbers.append(int(match[1]))
        for before, after in pairwise(numbers):
            if after != before + 1:
                yield f"{inside(root, folder)}: after {before:04d} comes {after:04d}"


def every_package_is_under_the_rules(root: Path) -> Iterator[str]:
    """A new top-level package is not overlooked by import-linter."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    known = set(settings["tool"]["importlinter"]["root_packages"])
    for path in sorted(root.glob("*/__init__.py")):
        if path.parent.name not in known:
            yield f"{path.parent.name}: add it to root_packages and to a layer in pyproject.toml"


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    return enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
