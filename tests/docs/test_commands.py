"""Every command that a document tells people to type exists, with the options that it is given."""

import re
from typing import Any

import pytest
import typer

from loket.__main__ import app
from tests.architecture.tree import REPOSITORY
from tests.docs.pages import code_in, name_of, pages

_MAKE = re.compile(r"(?:^|[;&] *|[A-Z_]+=\S+ +)make ([a-z][a-z-]*)")
_LOKET = re.compile(r"(?:^|\.venv/bin/)loket((?: +[^ #|;&`]+)+)")
_MODULE = re.compile(r"python -m ([a-z_.]+)")


def _said(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    found = {
        (name_of(page), match[1].strip())
        for page in pages()
        for line in code_in(page)
        for match in pattern.finditer(line.strip())
    }
    return sorted(found)


def _mistake(words: list[str]) -> str | None:
    """Why these words are no command of ours; None if they are one."""
    # A group of commands is told by its table: Typer brings its own copy of the class.
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return f"there is no {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    if hasattr(command, "commands") and words != ["--help"]:
        return "a verb is missing"
    options = {name for one in command.params for name in one.opts} | {"--help"}
    unknown = [word for word in words if word.startswith("-") and word not in options]
    return f"there is no option {unknown[0]}" if unknown else None


@pytest.mark.parametrize("page,target", _said(_MAKE))
def test_every_target_of_make_in_a_page_exists(page: str, target: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), f"{page}: make {target}"


@pytest.mark.parametrize("page,command", _said(_LOKET))
def test_every_command_of_loket_in_a_page_exists(page: str, command: str) -> None:
    assert _mistake(command.split()) is None, f"{page}: loket {command}"


@pytest.mark.parametrize("page,module", _said(_MODULE))
def test_every_module_that_a_page_starts_exists(page: str, module: str) -> None:
    path = REPOSITORY / module.replace(".", "/")
    is_ours = path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
    assert is_ours or module in {"pip", "pytest", "venv"}, f"{page}: python -m {module}"


@pytest.mark.parametrize(
    "words,mistake",
    [
        ("demo --english", None),
        ("parked redrive tracking 17", None),
        ("parked", "a verb is missing"),
        ("parked settle 17", "there is no 'settle'"),
        ("up --frehs", "there is no option --frehs"),
    ],
)
def test_a_planted_mistake_is_found(words: str, mistake: str | None) -> None:
    assert _mistake(words.split()) == mistake


def test_there_is_something_to_look_at() -> None:
    assert {target for _, target in _said(_MAKE)} >= {"demo", "test", "up", "check"}
    assert ("docs/how-to/re-drive-a-parked-record.md", "parked list") in _said(_LOKET)
