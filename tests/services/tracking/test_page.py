"""The page: it loads nothing from elsewhere, nothing is inline, every text has two languages."""

import re
from pathlib import Path

import services.tracking
from tests.services.tracking.desk import Desk

PAGES = Path(services.tracking.__file__).parent / "pages"


async def test_the_page_is_served_with_a_policy_that_lets_nothing_else_in(desk: Desk) -> None:
    for path, kind in (
        ("/", "text/html"),
        ("/page.js", "text/javascript"),
        ("/page.css", "text/css"),
    ):
        answer = await desk.probe.client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_nothing_is_inline_or_from_elsewhere() -> None:
    page = (PAGES / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=", page)
    for name in ("index.html", "page.js", "page.css"):
        assert "//" not in re.sub(
            r"^\s*//.*", "", (PAGES / name).read_text("utf-8"), flags=re.MULTILINE
        )
    script = (PAGES / "page.js").read_text(encoding="utf-8")
    assert "innerHTML" not in script
    assert "localStorage" not in script


def test_every_text_of_the_page_has_both_languages_and_every_field_a_label() -> None:
    page = (PAGES / "index.html").read_text(encoding="utf-8")
    script = (PAGES / "page.js").read_text(encoding="utf-8")
    indonesian, english = re.findall(r"\n  (?:id|en): \{(.*?)\n  \},", script, flags=re.DOTALL)
    names = [set(re.findall(r"(\w+): \"", part)) for part in (indonesian, english)]
    assert names[0] == names[1]
    assert set(re.findall(r'data-text="(\w+)"', page)) <= names[0]
    fields = re.findall(r'<input id="(\w+)"', page)
    assert fields
    assert set(fields) == set(re.findall(r'<label for="(\w+)"', page))
    assert '<html lang="id">' in page
