"""The table of figures for a terminal and for the page of documentation."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.results import Row

BEGIN, END = "<!-- begin figures -->", "<!-- end figures -->"
HEADERS = ("id", "what", "ours", "reference", "ratio", "goal", "holds", "checked")
FULL = "Figures of this machine"
QUICK = "Quick: what works, not how fast it is"


def cells(row: Row) -> tuple[str, ...]:
    """A row as text, in the order of `HEADERS`."""
    holds = {True: "yes", False: "NO", None: "-"}[row.holds]
    return (
        row.id,
        row.what,
        f"{number(row.ours)} {row.unit}",
        "-" if row.reference is None else f"{number(row.reference)} {row.unit}",
        "-" if row.ratio is None else number(row.ratio),
        row.goal or "-",
        holds,
        "yes" if row.checked else "NO",
    )


def number(value: float) -> str:
    """Three figures, or thousands with separators."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def show(rows: Sequence[Row], console: Console, title: str = FULL) -> None:
    """Print the table."""
    table = Table(*HEADERS, title=title)
    for row in rows:
        table.add_row(*cells(row), style="red" if row.holds is False else None)
    console.print(table)


def put_into(page: Path, rows: Sequence[Row]) -> None:
    """Replace the table of a page, which stands between two marks."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{page} has no place for figures: {BEGIN} and {END}")
    page.write_text(f"{before}{begin}\n{markdown(rows)}{end}{after}", encoding="utf-8")


def markdown(rows: Sequence[Row]) -> str:
    """The same table for a page."""
    lines = [HEADERS, ("---",) * len(HEADERS), *map(cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
