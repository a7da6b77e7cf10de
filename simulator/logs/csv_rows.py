"""Rows of a CSV log: strict quoting, any delimiter, one row in memory at a time."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from simulator.logs.rows import BadRow, Columns, Row, UnreadableLog, row_of

DELIMITERS = (",", ";", "\t", "|")
MAX_LINE_BYTES = 1 << 20


def read_csv(
    stream: BinaryIO, columns: Columns, delimiter: str | None = None
) -> Iterator[Row | BadRow]:
    """The rows below the header. Without a delimiter, the one is taken that makes sense of it.

    Raises UnreadableLog when the header lacks a column.
    """
    lines = _Lines(stream)
    try:
        header = next(lines).removeprefix("\ufeff")
    except StopIteration:
        raise UnreadableLog("The log is empty: its first line must name the columns") from None
    delimiter, names = _columns_of(header, columns, delimiter)
    places = {part: names.index(name) for part, name in columns.names().items() if name in names}
    yield from _rows(lines, delimiter, len(names), places)


def _rows(
    lines: "_Lines", delimiter: str, width: int, places: dict[str, int]
) -> Iterator[Row | BadRow]:
    records = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        first = lines.number + 1
        try:
            fields = next(records)
        except StopIteration:
            return
        except EOFError as problem:
            yield BadRow(first, str(problem))
            return
        except csv.Error as problem:
            yield BadRow(first, f"not well-formed CSV: {problem}")
            continue
        if lines.overlong is not None:
            yield BadRow(lines.overlong, f"a line is longer than {MAX_LINE_BYTES} bytes")
            lines.overlong = None
        elif fields and len(fields) != width:
            yield BadRow(first, f"{len(fields)} fields, but the header names {width}")
        elif fields:
            yield row_of(first, {part: fields[place] for part, place in places.items()})


def _columns_of(header: str, columns: Columns, delimiter: str | None) -> tuple[str, list[str]]:
    candidates = [delimiter] if delimiter is not None else list(DELIMITERS)
    found = [(one, _split(header, one)) for one in candidates]
    wanted = columns.wanted().values()
    for one, names in found:
        if set(wanted) <= set(names):
            return one, names
    most = max((names for _, names in found), key=len)
    missing = ", ".join(sorted(set(wanted) - set(most)))
    raise UnreadableLog(
        f"The log has no column {missing}. Its columns are {', '.join(most)[:500]}: name the ones "
        "to use by the options for columns"
    )


def _split(header: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return []


class _Lines:
    """The lines of the file as text, counted; one that never ends does not fill the memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.number = 0
        self.overlong: int | None = None

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._stream.readline(MAX_LINE_BYTES)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            self.overlong = self.number
            while len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                line = self._stream.readline(MAX_LINE_BYTES)
            return "\n"
        # What is not UTF-8 becomes lone surrogates, which `row_of` refuses with its line number.
        return line.decode("utf-8", "surrogateescape")
