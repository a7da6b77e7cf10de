"""What a run says: its closing line, its exit status, and its place in the documents."""

import json
from pathlib import Path

import pytest

from tests.chaos import publish, report
from tests.chaos.__main__ import PAGE
from tests.chaos.recovery import Row
from tests.chaos.report import Judged, Outcome

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


def test_an_examination_of_nothing_makes_a_run_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {**dict.fromkeys(report.WRONGS, 0), "checks": [
        {"id": "I1", "title": "a", "holds": True, "examined": 5, "violations": []},
        {"id": "I18", "title": "b", "holds": True, "examined": 0, "violations": []},
    ]}  # fmt: skip
    (tmp_path / "verdict.json").write_text(json.dumps(said), encoding="utf-8")
    monkeypatch.setattr(report, "CHECKER", "json.tool")  # ends, and changes nothing
    found = outcome()
    report.check(tmp_path, found)
    assert found.checks == [Judged("I1", "a", 5, True), Judged("I18", "b", 0, True)]
    assert found.complaints == ["I18 b: there was nothing to examine"]
    assert not found.is_good


CHECKS = [Judged("I1", "nothing acknowledged is lost", 12345, True)]
SAID = {"when": "2026-11-24", "options": "--seed 7 --minutes 30", "postgres": "18.1"}


def page_in(folder: Path) -> Path:
    page = folder / "page.md"
    page.write_text(f"before\n{publish.BEGIN}\nlast year\n{publish.END}\nafter\n", encoding="utf-8")
    return page


def test_a_run_is_put_between_the_marks(tmp_path: Path) -> None:
    page = page_in(tmp_path)
    both = [outcome(checks=CHECKS, **SAID), outcome(brokers=3, checks=CHECKS, faults=25)]
    publish.put_into(page, both)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(
        f"before\n{publish.BEGIN}\nRun of 2026-11-24 with `--seed 7 --minutes 30`. "
    )
    assert "PostgreSQL 18.1" in text
    assert f"\n    {report.together(both).last_line}\n" in text
    assert "\n| I1 | nothing acknowledged is lost | 12,345 | 12,345 |\n" in text
    assert "Recovery with three brokers, 25 faults" in text
    assert text.count("\n| service killed | 4 | 1.0 | 2.0 | 3.5 |\n") == 2
    assert "last year" not in text
    assert text.endswith(f"|\n{publish.END}\nafter\n")


def test_a_run_can_be_published_later(tmp_path: Path) -> None:
    made = outcome(checks=CHECKS, slowest=float("inf"), complaints=["slow"], **SAID)
    report.keep(made, tmp_path)
    assert report.kept(tmp_path) == made
    (tmp_path / "outcome.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="no outcome"):
        report.kept(tmp_path)


def test_only_a_clean_run_is_published(tmp_path: Path) -> None:
    page = page_in(tmp_path)
    before = page.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="clean"):
        publish.put_into(page, [outcome(), outcome(counts={"lost": 1})])
    assert page.read_text(encoding="utf-8") == before


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no place"):
        publish.put_into(page, [outcome()])


def test_the_page_has_a_place_for_runs() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.index(publish.BEGIN) < text.index(publish.END)
