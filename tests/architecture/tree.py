"""Reading a source tree for the architecture rules: files, syntax trees, comments.

Nothing is imported. Every reader takes the root, so that the same rule runs over the repository
and over a planted copy.
"""

import ast
import io
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)
REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = (
    "contracts",
    "catalogue",
    "chassis",
    "services",
    "sdk",
    "checker",
    "local",
    "simulator",
    "loket",
)
_NOT_OURS = {"build", "dist", "node_modules", "__pycache__"}
_TEXT = {
    ".awk",
    ".cfg",
    ".css",
    ".csv",
    ".html",
    ".in",
    ".ini",
    ".js",
    ".json",
    ".lock",
    ".md",
    ".properties",
    ".py",
    ".sh",
    ".sql",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
    "",
}


def files(root: Path, pattern: str = "*") -> Iterator[Path]:
    """The files of the project below `root`, sorted, without what programs leave behind."""
    for path in sorted(root.iterdir()):
        if path.is_dir():
            hidden = path.name.startswith(".") and path.name != ".ci"
            if not hidden and path.name not in _NOT_OURS:
                yield from files(path, pattern)
        elif path.match(pattern):
            yield path


def text_files(root: Path) -> Iterator[Path]:
    """The files that people read, of every kind."""
    return (path for path in files(root) if path.suffix in _TEXT)


def production(root: Path, *packages: str) -> Iterator[Path]:
    """The Python files of these packages, of all packages by default; tests are not among them."""
    for package in packages or PACKAGES:
        if (root / package).is_dir():
            yield from files(root / package, "*.py")


def inside(root: Path, path: Path) -> str:
    """The path as rules and people write it: relative to the root, with slashes."""
    return path.relative_to(root).as_posix()


@lru_cache(maxsize=2000)
def _parsed(path: Path, changed_at: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def parse(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return _parsed(path, path.stat().st_mtime_ns)


def nodes(path: Path, kind: type[Node]) -> Iterator[Node]:
    """The nodes of one kind in a file."""
    return (node for node in ast.walk(parse(path)) if isinstance(node, kind))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of each import: `from a import b` counts as `a.b`."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each comment."""
    source = io.StringIO(path.read_text(encoding="utf-8"))
    for token in tokenize.generate_tokens(source.readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def called(node: ast.Call) -> str:
    """The last part of the name that is called: `execute` for `tx.execute(...)`."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
