"""How figures become rows, and how rows are kept."""

import json
from dataclasses import asdict
from pathlib import Path

from bench import results
from bench.results import Figure, Row, at_most, at_most_above, judged, ratio_at_least, ratio_at_most


def row(name: str, ours: float = 1.0) -> Row:
    return judged(name, "something", Figure(ours, "1/s"), None, checked=True)


def test_a_goal_of_a_ratio_holds_from_its_bound_on() -> None:
    goal = ratio_at_least(0.5)
    assert judged("P1", "x", Figure(50, "1/s", 100), goal, checked=True).holds is True
    assert judged("P1", "x", Figure(49, "1/s", 100), goal, checked=True).holds is False
    assert judged("P1", "x", Figure(130, "s", 100), ratio_at_most(1.3), checked=True).holds is True
    assert judged("P1", "x", Figure(131, "s", 100), ratio_at_most(1.3), checked=True).holds is False


def test_the_median_of_the_pairs_wins_over_the_ratio_of_the_medians() -> None:
    found = judged("P1", "x", Figure(50, "1/s", 100, ratio=0.7), ratio_at_least(0.6), checked=True)
    assert (found.ratio, found.holds) == (0.7, True)


def test_a_bound_above_the_reference_needs_a_reference() -> None:
    goal = at_most_above(20, "ms")
    assert judged("P8", "x", Figure(24, "ms", 4), goal, checked=True).holds is True
    assert judged("P8", "x", Figure(25, "ms", 4), goal, checked=True).holds is False
    assert judged("P8", "x", Figure(1, "ms"), goal, checked=True).holds is False


def test_a_figure_without_its_check_holds_nothing() -> None:
    assert judged("P9", "x", Figure(1, "ms"), at_most(250, "ms"), checked=False).holds is False


def test_a_figure_without_a_goal_neither_holds_nor_fails() -> None:
    assert row("P20.kafka").holds is None


def test_what_is_measured_again_replaces_its_row_and_nothing_else() -> None:
    merged = results.merged([row("P21.a"), row("P1")], [row("P1", 2.0), row("P8.http.100")])
    assert [one.id for one in merged] == ["P1", "P8.http.100", "P21.a"]
    assert merged[0].ours == 2.0


def test_the_file_is_a_list_of_objects_with_the_agreed_names(tmp_path: Path) -> None:
    file = tmp_path / "results" / "latest.json"
    assert results.read(file) == []
    results.write([row("P1")], file)
    (found,) = json.loads(file.read_text(encoding="utf-8"))
    named = ["id", "what", "ours", "reference", "ratio", "goal", "holds", "unit", "checked"]
    assert list(found) == named
    assert results.read(file) == [row("P1")]
    assert asdict(row("P1")) == found
