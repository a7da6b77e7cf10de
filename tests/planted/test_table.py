"""The published table of planted bugs names the tests that there are, and no others."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reliability.md"


def test_the_table_of_bugs_is_complete() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## The checker is checked")[2]
    listed = re.findall(r"`(test_finds_\w+)` \|$", text, re.MULTILINE)
    code = "\n".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    there = set(re.findall(r"(?:def |\")(test_finds_\w+)[(\"]", code))
    assert len(listed) == len(set(listed))
    assert set(listed) == there
    assert len(there) > 20
