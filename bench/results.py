"""What a benchmark says: rows with a goal, kept in `results/latest.json`. No measuring here."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench.method import Pairs, median_rate

LATEST = Path(__file__).parent / "results" / "latest.json"


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be. `meets` gets ours, the reference and the ratio of the two."""

    text: str
    meets: Callable[[float, float | None, float | None], bool]


def ratio_at_least(least: float) -> Goal:
    """At least this share of the reference."""
    return Goal(f">= {least:g} R", lambda _o, _r, ratio: ratio is not None and ratio >= least)


def ratio_at_most(most: float) -> Goal:
    """At most so many times the reference."""
    return Goal(f"<= {most:g} R", lambda _o, _r, ratio: ratio is not None and ratio <= most)


def at_most(most: float, unit: str) -> Goal:
    """An absolute bound."""
    return Goal(f"<= {most:g} {unit}", lambda ours, _r, _q: ours <= most)


def at_least(least: float, unit: str) -> Goal:
    """An absolute bound from below."""
    return Goal(f">= {least:,g} {unit}", lambda ours, _r, _q: ours >= least)


def at_most_above(above: float, unit: str) -> Goal:
    """At most so much more than the reference."""
    return Goal(
        f"<= R + {above:g} {unit}",
        lambda ours, reference, _q: reference is not None and ours <= reference + above,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `holds` is None where there is no goal; `checked` that what ran was right."""

    id: str
    what: str
    ours: float
    reference: float | None
    ratio: float | None
    goal: str
    holds: bool | None
    unit: str
    checked: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value before it is judged. `ratio` is given where it is a median of pairs."""

    ours: float
    unit: str
    reference: float | None = None
    ratio: float | None = None


def median_figure(pairs: Pairs) -> Figure:
    """The middle rates of legs taken in turns, and the middle of their ratios."""
    ours, reference = median_rate(pairs.ours), median_rate(pairs.reference)
    return Figure(ours, "1/s", reference, pairs.ratio)


def judged(id: str, what: str, figure: Figure, goal: Goal | None, *, checked: bool) -> Row:
    """The row of a figure. One whose run was wrong holds nothing, however fast it was."""
    ours, reference, ratio = figure.ours, figure.reference, figure.ratio
    if ratio is None and reference:
        ratio = ours / reference
    holds = None if goal is None else checked and goal.meets(ours, reference, ratio)
    return Row(
        id,
        what,
        _short(ours),
        None if reference is None else _short(reference),
        None if ratio is None else _short(ratio),
        "" if goal is None else goal.text,
        holds,
        figure.unit,
        checked,
    )


def marked_quick(row: Row) -> Row:
    """Told apart wherever it goes from a figure that was measured at length."""
    return replace(row, what=f"{row.what}, quick")


def merged(old: Iterable[Row], new: Sequence[Row]) -> list[Row]:
    """The old rows with those replaced that were measured again, in the order of their ids."""
    rows = {row.id: row for row in [*old, *new]}
    return [rows[name] for name in sorted(rows, key=_place)]


def read(file: Path = LATEST) -> list[Row]:
    """The rows of an earlier run, or none."""
    if not file.exists():
        return []
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return [Row(**row) for row in found]


def write(rows: Sequence[Row], file: Path = LATEST) -> None:
    """Keep rows: a list of objects, one per figure."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _place(id: str) -> tuple[int, str]:
    number = id.partition(".")[0].removeprefix("P")
    return (int(number) if number.isdecimal() else 999, id)
