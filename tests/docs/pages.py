"""Reading the documents: which pages people wrote, and the code and commands that stand in them."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import REPOSITORY, files

GENERATED = {"docs/events.md", "docs/settings.md", "docs/metrics.md"}
_BLOCK = re.compile(r"^ *```[a-z]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")


def pages() -> list[Path]:
    """Every page that people write, in all folders."""
    return [page for page in files(REPOSITORY, "*.md") if name_of(page) not in GENERATED]


def name_of(page: Path) -> str:
    """The page as people call it."""
    return page.relative_to(REPOSITORY).as_posix()


def code_in(page: Path) -> Iterator[str]:
    """Each line of a code block, and each piece of code within a sentence."""
    text = page.read_text(encoding="utf-8")
    for block in _BLOCK.findall(text):
        yield from block.splitlines()
    yield from _INLINE.findall(_BLOCK.sub("", text))
