"""Decisions are numbered without gap and have the four parts of a decision."""

import re

from tests.architecture.tree import REPOSITORY

FOLDER = REPOSITORY / "docs" / "decisions"
PARTS = ("**Context.**", "**Decision.**", "**Alternatives given up.**", "**Price.**")
_WORDS_AT_MOST = 350


def test_decisions_are_numbered_without_gap() -> None:
    names = sorted(path.name for path in FOLDER.glob("*.md"))
    numbers = [int(name[:4]) for name in names]
    assert numbers == list(range(1, len(names) + 1))


def test_a_decision_is_named_after_its_title() -> None:
    for path in FOLDER.glob("*.md"):
        number, title = re.match(r"# (\d+)\. (.+)\n", path.read_text(encoding="utf-8")).groups()  # type: ignore[union-attr]  # no match is a failure as well
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower().replace("'", "").replace("`", ""))
        assert path.name == f"{int(number):04d}-{slug.strip('-')}.md"


def test_a_decision_has_its_parts_in_order_on_half_a_page() -> None:
    for path in FOLDER.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        places = [text.find(part) for part in PARTS]
        assert places == sorted(places), path.name
        assert places[0] > 0, path.name
        assert len(text.split()) <= _WORDS_AT_MOST, path.name
