"""XES logs: traces and events as rows, with constant memory, and nothing that could explode."""

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from simulator.logs.generate import write_xes
from simulator.logs.rows import BadRow, Columns, Row, UnreadableLog
from simulator.logs.source import read
from simulator.logs.xes_rows import MAX_TOKEN_BYTES, read_xes

DATA = Path(__file__).parents[1] / "data"
EVENT = (
    '<event><string key="concept:name" value="{}"/>'
    '<date key="time:timestamp" value="2026-01-01T00:00:00Z"/></event>'
)


def rows_of(text: str, columns: Columns | None = None) -> list[Row | BadRow]:
    return list(read_xes(io.BufferedReader(io.BytesIO(text.encode())), columns or Columns()))


def trace(*events: str) -> str:
    return f'<trace><string key="concept:name" value="c"/>{"".join(events)}</trace>'


def told(path: Path) -> list[tuple[object, ...]]:
    return sorted(
        (row.case, row.time, row.activity, row.group, row.lifecycle)
        for row in read(path, Columns())
        if isinstance(row, Row)
    )


def test_xes_tells_the_same_events_as_csv() -> None:
    assert told(DATA / "permits.xes") == told(DATA / "permits.csv")
    assert told(DATA / "permits.xes.gz") == told(DATA / "permits.xes")
    assert len(told(DATA / "permits.xes")) == 54


def test_a_nested_attribute_and_the_defaults_of_the_log_are_no_values_of_an_event() -> None:
    activities = {activity for _, _, activity, _, _ in told(DATA / "permits.xes")}
    assert "Terima berkas" in activities
    assert not activities & {"a nested attribute", "not an event"}


def test_columns_can_be_taken_from_the_trace() -> None:
    columns = Columns(case="case:number", group="case:office")
    (row,) = rows_of(
        '<log><trace><int key="number" value="7"/><string key="office" value="Loket"/>'
        f"{EVENT.format('x')}</trace></log>",
        columns,
    )
    assert isinstance(row, Row)
    assert (row.case, row.group) == ("7", "Loket")


def test_an_event_without_activity_is_told_by_its_line_and_the_rest_goes_on() -> None:
    text = f"<log>\n<trace><string key='concept:name' value='c'/>\n<event/>\n{EVENT.format('x')}\n"
    rows = rows_of(f"{text}</trace></log>")
    assert [(row.line, type(row)) for row in rows] == [(3, BadRow), (4, Row)]


def test_an_event_outside_of_a_trace_has_no_case() -> None:
    rows = rows_of(f"<log>{EVENT.format('x')}{trace(EVENT.format('y'))}</log>")
    assert [type(row) for row in rows] == [BadRow, Row]


def test_a_broken_end_keeps_what_was_whole() -> None:
    rows = rows_of(f"<log>{trace(EVENT.format('x'))}\n<trace><event>")
    assert [(row.line, type(row)) for row in rows] == [(1, Row), (2, BadRow)]


def test_a_bomb_of_entities_is_refused_before_it_grows() -> None:
    entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    bomb = f'<!DOCTYPE log [{entities}]><log><string key="concept:name" value="&j;"/></log>'
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableLog, match="DOCTYPE"):
            rows_of(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_reference_to_another_file_is_refused() -> None:
    with pytest.raises(UnreadableLog, match="DOCTYPE"):
        rows_of('<!DOCTYPE log SYSTEM "file:///etc/hostname"><log/>')


def test_other_xml_is_told_apart_from_a_log() -> None:
    with pytest.raises(UnreadableLog, match="no XES log"):
        rows_of("<html><body/></html>")


def test_an_element_without_end_is_refused() -> None:
    with pytest.raises(UnreadableLog, match="longer than"):
        rows_of(f'<log><trace><string key="{"x" * (MAX_TOKEN_BYTES + 200_000)}')


class Endless(io.RawIOBase):
    """A log as a stream that is made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # any buffer will do
        piece = next(self._pieces, b"")
        buffer[: len(piece)] = piece
        return len(piece)


def test_memory_does_not_grow_with_the_log() -> None:
    small = io.StringIO()
    write_xes(small, 40)
    body = small.getvalue().partition("<log")[2].partition("\n")[2].removesuffix("</log>\n")
    pieces = [body[at : at + 4000].encode() for at in range(0, len(body), 4000)]

    def stream(times: int) -> Iterator[bytes]:
        yield b"<log>"
        for _ in range(times):
            yield from pieces
        yield b"</log>"

    def peak(times: int) -> tuple[int, int]:
        tracemalloc.start()
        raw: io.BufferedReader = io.BufferedReader(Endless(stream(times)))
        rows = sum(isinstance(row, Row) for row in read_xes(raw, Columns()))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return rows, found

    (few, low), (many, high) = peak(2), peak(20)
    assert many == 10 * few
    assert high < 2 * low
