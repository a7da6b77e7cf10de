"""The day as an SVG picture: who waited how long, where and when, and what went wrong meanwhile."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from statistics import median

_LEFT, _TOP, _CELL_WIDTH, _CELL_HEIGHT, _RIGHT = 190, 74, 84, 34, 24
_CHART_HEIGHT, _CHART_GAP = 180, 64
_LOOKS = 'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12" role="img"'
# From short to long; each says its minutes in words too, so that nobody depends on the colour.
_COLOURS: Sequence[tuple[float, str, str]] = (
    (5, "#e8f5ee", "up to 5 min"),
    (15, "#b5dcc6", "up to 15"),
    (30, "#f4d58d", "up to 30"),
    (60, "#e89f5b", "up to 60"),
    (float("inf"), "#c8553d", "longer"),
)
_LINES = ("#0b6e4f", "#33658a", "#8a4f7d", "#c8553d", "#7a6c00", "#444444")


@dataclass(frozen=True, slots=True)
class Served:
    """One service: which agency gave it, from when to when, and since when the person waited."""

    agency: str
    since: datetime
    called_at: datetime
    ended_at: datetime

    @property
    def waited(self) -> timedelta:
        """From the place in the queue until the call."""
        return self.called_at - self.since


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong for a while; `agency` is None when it was the whole mall."""

    what: str
    from_at: datetime
    until_at: datetime
    agency: str | None = None


def draw(
    title: str,
    opens_at: datetime,
    hours: int,
    served: Sequence[Served],
    troubles: Sequence[Trouble],
) -> str:
    """The picture: a table of hours and agencies, and below it how many waited over the day."""
    agencies = sorted({one.agency for one in served} | {t.agency for t in troubles if t.agency})
    table_ends = _TOP + len(agencies) * _CELL_HEIGHT
    width = _LEFT + hours * _CELL_WIDTH + _RIGHT
    height = table_ends + _CHART_GAP + _CHART_HEIGHT + 46 + 18 * len(troubles)
    frame = _Frame(opens_at, hours, agencies, table_ends)
    parts = [
        f'<svg {_LOOKS} viewBox="0 0 {width} {height}" aria-label="{escape(title)}">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
        *_legend(),
        *_heads(frame),
        *_cells(frame, served, troubles),
        *_chart(frame, served, troubles),
        *_told(frame, troubles),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


@dataclass(frozen=True, slots=True)
class _Frame:
    opens_at: datetime
    hours: int
    agencies: Sequence[str]
    table_ends: int

    def x(self, at: datetime) -> float:
        """Where a moment lies, within the picture."""
        hours = (at - self.opens_at) / timedelta(hours=1)
        return _LEFT + min(max(hours, 0.0), self.hours) * _CELL_WIDTH

    def hour_of(self, at: datetime) -> int:
        """In which hour of the day; what comes after closing counts in the last one."""
        return min(max((at - self.opens_at) // timedelta(hours=1), 0), self.hours - 1)


def _legend() -> Iterable[str]:
    x = 12
    yield f'<text x="{x}" y="48">median waiting:</text>'
    for place, (_, colour, told) in enumerate(_COLOURS):
        left = x + 100 + place * 92
        yield f'<rect x="{left}" y="38" width="14" height="12" fill="{colour}" stroke="#777777"/>'
        yield f'<text x="{left + 18}" y="48">{told}</text>'
    yield f'<text x="{x + 100 + len(_COLOURS) * 92}" y="48">number: served</text>'


def _heads(frame: _Frame) -> Iterable[str]:
    for hour in range(frame.hours):
        at = frame.opens_at + timedelta(hours=hour)
        x = _LEFT + hour * _CELL_WIDTH + _CELL_WIDTH / 2
        yield f'<text x="{x}" y="{_TOP - 6}" text-anchor="middle">{at:%H.%M}</text>'
    for row, agency in enumerate(frame.agencies):
        y = _TOP + row * _CELL_HEIGHT + _CELL_HEIGHT / 2 + 4
        yield f'<text x="{_LEFT - 8}" y="{y}" text-anchor="end">{escape(agency)}</text>'


def _cells(frame: _Frame, served: Sequence[Served], troubles: Sequence[Trouble]) -> Iterable[str]:
    found: dict[tuple[str, int], list[float]] = {}
    for one in served:
        minutes = one.waited / timedelta(minutes=1)
        found.setdefault((one.agency, frame.hour_of(one.called_at)), []).append(minutes)
    for row, agency in enumerate(frame.agencies):
        for hour in range(frame.hours):
            yield _cell(row, hour, found.get((agency, hour), []))
        for trouble in troubles:
            if trouble.agency == agency:
                left, right = frame.x(trouble.from_at), frame.x(trouble.until_at)
                y = _TOP + (row + 1) * _CELL_HEIGHT - 5
                where = f'x="{left:.1f}" y="{y}" width="{max(2.0, right - left):.1f}"'
                yield f'<rect {where} height="4" fill="#222222"/>'


def _cell(row: int, hour: int, waits: Sequence[float]) -> str:
    x, y = _LEFT + hour * _CELL_WIDTH, _TOP + row * _CELL_HEIGHT
    where = f'x="{x}" y="{y}" width="{_CELL_WIDTH}" height="{_CELL_HEIGHT}"'
    if not waits:
        return f'<rect {where} fill="#fafafa" stroke="#dddddd"/>'
    middle = median(waits)
    colour = next(colour for limit, colour, _ in _COLOURS if middle <= limit)
    text = f'x="{x + _CELL_WIDTH / 2}" y="{y + 21}" text-anchor="middle"'
    told = f"<title>{len(waits)} served, median waiting {middle:.0f} min</title>"
    return (
        f'<g>{told}<rect {where} fill="{colour}" stroke="#dddddd"/>'
        f"<text {text}>{len(waits)} · {middle:.0f} min</text></g>"
    )


def _chart(frame: _Frame, served: Sequence[Served], troubles: Sequence[Trouble]) -> Iterable[str]:
    top = frame.table_ends + _CHART_GAP
    bottom = top + _CHART_HEIGHT
    right = _LEFT + frame.hours * _CELL_WIDTH
    curves = {
        agency: waiting_by_minute(frame.opens_at, frame.hours, served, agency)
        for agency in frame.agencies
    }
    busiest = sorted(curves, key=lambda agency: -sum(curves[agency]))[: len(_LINES)]
    most = max((max(curves[agency]) for agency in busiest), default=0) or 1
    yield f'<text x="{_LEFT}" y="{top - 14}" font-weight="bold">people waiting</text>'
    for trouble in troubles:
        if trouble.agency is None:
            left, end = frame.x(trouble.from_at), frame.x(trouble.until_at)
            yield (
                f'<rect x="{left:.1f}" y="{top}" width="{max(2.0, end - left):.1f}" '
                f'height="{_CHART_HEIGHT}" fill="#eeeeee"/>'
            )
    yield f'<path d="M{_LEFT} {top}V{bottom}H{right}" fill="none" stroke="#777777"/>'
    yield f'<text x="{_LEFT - 8}" y="{top + 8}" text-anchor="end">{most}</text>'
    yield f'<text x="{_LEFT - 8}" y="{bottom}" text-anchor="end">0</text>'
    for place, agency in enumerate(busiest):
        points = _points(curves[agency], most, top)
        colour = _LINES[place]
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        y = top + 12 + place * 16
        yield f'<rect x="14" y="{y - 9}" width="14" height="4" fill="{colour}"/>'
        yield f'<text x="34" y="{y - 3}">{escape(agency)}</text>'


def waiting_by_minute(
    opens_at: datetime, hours: int, served: Sequence[Served], agency: str
) -> list[int]:
    """How many waited for an agency at each minute of the day, of those who were called later."""
    minutes = hours * 60
    steps = [0] * (minutes + 1)
    for one in served:
        if one.agency == agency:
            begins = _minute(opens_at, one.since, minutes)
            steps[begins] += 1
            steps[max(begins, _minute(opens_at, one.called_at, minutes))] -= 1
    found, now = [], 0
    for step in steps[:-1]:
        now += step
        found.append(now)
    return found


def _minute(opens_at: datetime, at: datetime, most: int) -> int:
    return min(max((at - opens_at) // timedelta(minutes=1), 0), most)


def _points(counts: Sequence[int], most: int, top: int) -> str:
    per_minute, per_person = _CELL_WIDTH / 60, _CHART_HEIGHT / most
    return " ".join(
        f"{_LEFT + minute * per_minute:.1f},{top + _CHART_HEIGHT - count * per_person:.1f}"
        for minute, count in enumerate(counts)
    )


def _told(frame: _Frame, troubles: Sequence[Trouble]) -> Iterable[str]:
    y = frame.table_ends + _CHART_GAP + _CHART_HEIGHT + 30
    for place, trouble in enumerate(troubles):
        span = f"{trouble.from_at:%H.%M} to {trouble.until_at:%H.%M}"
        told = trouble.what if trouble.agency is None else f"{trouble.agency}: {trouble.what}"
        yield f'<text x="{_LEFT}" y="{y + 18 * place}">{span}  {escape(told)}</text>'


def table(served: Sequence[Served]) -> Mapping[str, tuple[int, float, float]]:
    """By agency: how many were served, median and longest waiting in minutes."""
    waits: dict[str, list[float]] = {}
    for one in served:
        waits.setdefault(one.agency, []).append(one.waited / timedelta(minutes=1))
    return {
        agency: (len(found), median(found), max(found)) for agency, found in sorted(waits.items())
    }
