"""Bars as an SVG picture, drawn with nothing but text."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bench.results import Row

_WIDTH, _LEFT, _BAR, _GAP, _TOP = 760, 330, 18, 8, 46
_LOOKS = 'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12" role="img"'
_TO_READ_MODEL = ("P8", "P9")
# Against another way to do the same, not against a limit.
_AGAINST_RIVALS = ("P10", "P11", "P16")
_OURS, _REFERENCE = "#0b6e4f", "#b8c4cc"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a label on the left, a length, and the text behind its end."""

    label: str
    value: float
    told: str
    colour: str = _OURS


def svg(title: str, bars: Sequence[Bar], note: str = "") -> str:
    """The picture. Lengths begin at 0 and share one scale."""
    height = _TOP + len(bars) * (_BAR + _GAP) + 30
    longest = max((bar.value for bar in bars), default=0) or 1
    scale = (_WIDTH - _LEFT - 130) / longest
    parts = [
        f'<svg {_LOOKS} viewBox="0 0 {_WIDTH} {height}" aria-label="{escape(title)}">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
    ]
    for place, bar in enumerate(bars):
        y = _TOP + place * (_BAR + _GAP)
        length = max(1.0, bar.value * scale)
        parts += [
            f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR}" fill="{bar.colour}"/>',
            f'<text x="{_LEFT + length + 6:.1f}" y="{y + 13}">{escape(bar.told)}</text>',
        ]
    parts.append(f'<text x="12" y="{height - 10}" fill="#555555">{escape(note)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def latencies(rows: Sequence[Row]) -> str:
    """From event to read model: milliseconds, each beside its reference."""
    bars: list[Bar] = []
    for row in rows:
        if not row.id.startswith(_TO_READ_MODEL):
            continue
        bars.append(Bar(row.what, row.ours, f"{row.ours:.3g} ms, goal {row.goal}"))
        if row.reference is not None:
            bars.append(Bar("reference", row.reference, f"{row.reference:.3g} ms", _REFERENCE))
    return svg("From event to read model", bars, "milliseconds; shorter is better")


def ratios(rows: Sequence[Row]) -> str:
    """Rates as shares of their bare limits."""
    bars = [
        Bar(row.what, row.ratio, f"{row.ratio:.2f} R, goal {row.goal}")
        for row in rows
        if row.ratio is not None
        and row.unit.endswith("/s")
        and not row.id.startswith(_AGAINST_RIVALS)
    ]
    return svg(
        "Rates as shares of a bare limit", bars, "R is measured in the same run; longer is better"
    )
