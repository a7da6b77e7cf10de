"""The picture of a day: what its cells and curves say, counted by hand."""

import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from simulator.day.picture import Served, Trouble, draw, table, waiting_by_minute

OPENS = datetime(2026, 3, 2, 8, tzinfo=ZoneInfo("Asia/Jakarta"))
NAMESPACE = "{http://www.w3.org/2000/svg}"


def at(minutes: int) -> datetime:
    """So many minutes after the opening."""
    return OPENS + timedelta(minutes=minutes)


SERVED = [
    Served("dukcapil", at(0), at(4), at(10)),
    Served("dukcapil", at(2), at(22), at(30)),
    Served("polri", at(61), at(131), at(140)),
]


def texts(picture: str) -> list[str]:
    """All words, in order."""
    root = ET.fromstring(picture)  # noqa: S314 - we have just drawn it
    return [text.text or "" for text in root.iter(f"{NAMESPACE}text")]


def test_cells_tell_how_many_were_served_and_how_long_they_waited() -> None:
    words = texts(draw("A day", OPENS, 8, SERVED, []))
    assert "2 · 12 min" in words
    assert "1 · 70 min" in words
    assert words.count("dukcapil") == 2  # beside its row, and beside its curve


def test_troubles_are_told_in_words_and_an_agency_without_service_has_a_row() -> None:
    closed = Trouble("never opened", at(0), at(480), "kua")
    down = Trouble("no link", at(150), at(170))
    words = texts(draw("A day", OPENS, 8, SERVED, [closed, down]))
    assert "08.00 to 16.00  kua: never opened" in words
    assert "10.30 to 10.50  no link" in words
    assert "kua" in words


def test_words_are_escaped() -> None:
    assert "<b>" not in draw("<b>", OPENS, 8, [Served("<b>", at(0), at(1), at(2))], [])


def test_who_waits_at_each_minute() -> None:
    waiting = waiting_by_minute(OPENS, 1, SERVED, "dukcapil")
    assert waiting[:6] == [1, 1, 2, 2, 1, 1]
    assert waiting[21:24] == [1, 0, 0]
    assert len(waiting) == 60


def test_what_lies_outside_the_day_counts_at_its_edges() -> None:
    early = Served("a", at(-30), at(-10), at(0))
    late = Served("a", at(470), at(500), at(510))
    waiting = waiting_by_minute(OPENS, 8, [early, late], "a")
    assert waiting[0] == 0
    assert waiting[479] == 1
    assert "2 · " not in "".join(texts(draw("A day", OPENS, 8, [early, late], [])))


def test_the_table_has_median_and_longest_waiting() -> None:
    assert table(SERVED) == {"dukcapil": (2, 12.0, 20.0), "polri": (1, 70.0, 70.0)}
