"""Pictures and tables say what the rows say."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.console import Console

from bench import plot, table
from bench.results import Figure, at_most_above, judged, ratio_at_least, ratio_at_most

ROWS = [
    judged("P1", "commands & more", Figure(6000, "1/s", 12000), ratio_at_least(0.6), checked=True),
    judged("P8", "to the read model", Figure(9, "ms", 3), at_most_above(20, "ms"), checked=True),
]


def widths(picture: str) -> list[float]:
    found = ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}rect")  # noqa: S314 - our own text
    return [float(one.attrib["width"]) for one in found][1:]


def test_bars_are_as_long_as_their_values() -> None:
    ours, reference = widths(plot.latencies(ROWS))
    assert round(ours / reference, 2) == 3


def test_only_rates_are_shown_as_shares() -> None:
    picture = plot.ratios(ROWS)
    assert len(widths(picture)) == 1
    assert "commands &amp; more" in picture
    assert "0.50 R" in picture


def test_waits_on_other_ways_and_rates_of_rivals_are_in_neither_picture() -> None:
    wait = judged("P3", "a command", Figure(9, "ms", 3), ratio_at_most(40), checked=True)
    rival = judged("P11.rate", "a line", Figure(9, "1/s", 3), ratio_at_least(2), checked=True)
    assert plot.latencies([*ROWS, wait]) == plot.latencies(ROWS)
    assert plot.ratios([*ROWS, rival]) == plot.ratios(ROWS)


def test_a_picture_without_figures_is_a_picture() -> None:
    assert widths(plot.svg("empty", [])) == []


def test_the_table_tells_misses() -> None:
    assert table.markdown(ROWS).splitlines()[2:] == [
        "| P1 | commands & more | 6,000 1/s | 12,000 1/s | 0.5 | >= 0.6 R | NO | yes |",
        "| P8 | to the read model | 9 ms | 3 ms | 3 | <= R + 20 ms | yes | yes |",
    ]
    console = Console(width=200, record=True, quiet=False)
    table.show(ROWS, console)
    assert "commands & more" in console.export_text()


def test_the_table_of_a_page_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
    for _ in range(2):
        table.put_into(page, ROWS)
    text = page.read_text(encoding="utf-8")
    assert text == f"before\n{table.BEGIN}\n{table.markdown(ROWS)}{table.END}\nafter\n"
    page.write_text("no place", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for figures"):
        table.put_into(page, ROWS)
