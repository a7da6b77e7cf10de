"""What a run says: its closing line, its exit status, and its place in the documents."""

from pathlib import Path

import pytest

from tests.chaos import report
from tests.chaos.__main__ import PAGE
from tests.chaos.recovery import Row
from tests.chaos.report import Outcome

ROWS = [Row("service killed", 4, 1.0, 2.0, 3.5)]


def outcome(**changed: object) -> Outcome:
    fields: dict[str, object] = {
        "seed": 7, "brokers": 1, "commands": 1000, "faults": 20, "slowest": 3.5, "rows": ROWS,
    }  # fmt: skip
    return Outcome(**{**fields, **changed})  # type: ignore[arg-type] # fields come by name


def test_the_last_line_is_what_machines_read() -> None:
    assert outcome().last_line == (
        "chaos: commands=1000 faults=20 lost=0 doubled=0 misordered=0 illegal=0 "
        "slowest_recovery=3.5 s"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"counts": {"lost": 1}},
        {"counts": {"illegal": 1}},
        {"complaints": ["not quiet"]},
        {"slowest": 30.1},
        {"slowest": float("inf")},
    ],
)
def test_anything_wrong_makes_a_run_bad(changed: dict[str, object]) -> None:
    assert outcome().is_good
    assert not outcome(**changed).is_good


def test_phases_add_up() -> None:
    both = report.together([outcome(), outcome(commands=5, slowest=9.0, counts={"lost": 2})])
    assert both.last_line.startswith("chaos: commands=1005 faults=40 lost=2 ")
    assert both.last_line.endswith("slowest_recovery=9.0 s")


def test_a_run_is_put_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nlast year\n{report.END}\nafter\n", encoding="utf-8")
    report.put_into(page, [outcome()], "2026-11-24")
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{report.BEGIN}\n2026-11-24, seed 7")
    assert "| service killed | 4 | 1.0 | 2.0 | 3.5 |" in text
    assert "last year" not in text
    assert text.endswith(f"{report.END}\nafter\n")


def test_the_page_has_a_place_for_runs() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.index(report.BEGIN) < text.index(report.END)
