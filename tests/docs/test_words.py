"""The glossary decides which word a thing has; those that lost appear nowhere else."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import REPOSITORY, files

# The loser and the word to use. Only words that could mean nothing else here.
LOSERS = {
    "antrian": "antrean",
    "dead letter": "parked record",
    "blockchain": "hash chain",
    "teller": "officer",
    "tenant": "agency",
    "workflow": "journey",
    "customer": "citizen or applicant",
    "reservation": "appointment",
    "event store": "event log",
    "master data": "catalogue",
}
_LOOKED_AT = {".py", ".md", ".yaml", ".html", ".js", ".sql"}
# Pages that speak about the words themselves, and about what was decided against.
_EXCUSED = ("docs/glossary.md", "docs/decisions/", "tests/docs/test_words.py")


def losers_in(text: str) -> Iterator[tuple[int, str]]:
    """Line and loser."""
    for number, line in enumerate(text.splitlines(), start=1):
        for loser in LOSERS:
            if re.search(rf"\b{loser}s?\b", line, re.IGNORECASE):
                yield number, loser


def _looked_at() -> Iterator[Path]:
    for path in files(REPOSITORY):
        name = path.relative_to(REPOSITORY).as_posix()
        if path.suffix in _LOOKED_AT and not name.startswith(_EXCUSED):
            yield path


def test_words_that_lost_appear_neither_in_code_nor_in_documents() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}: say {LOSERS[loser]!r} instead of {loser!r}"
        for path in _looked_at()
        for number, loser in losers_in(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("loser", LOSERS)
def test_a_planted_loser_is_found(loser: str) -> None:
    assert list(losers_in(f"fine\nThe {loser.capitalize()}s of old")) == [(2, loser)]


def test_the_glossary_knows_the_words_that_won() -> None:
    glossary = (REPOSITORY / "docs/glossary.md").read_text(encoding="utf-8")
    winners = ("antrean", "parked", "chain", "officer", "agency", "journey", "event log")
    assert all(re.search(rf"\b{winner}\b", glossary) for winner in winners)
