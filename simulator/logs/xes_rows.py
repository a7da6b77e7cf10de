"""Rows of an IEEE XES log by an incremental parser that keeps one event, never a tree.

A document type declaration is refused: XES needs none, and entities could grow without bound.
"""

import io
from collections.abc import Iterator
from xml.parsers import expat

from simulator.logs.rows import BadRow, Columns, Row, UnreadableLog, row_of

_BLOCK = 1 << 16
_TRACE_PREFIX = "case:"
_ATTRIBUTES = {"string", "date", "int", "float", "boolean", "id"}
MAX_TOKEN_BYTES = 1 << 22


def read_xes(stream: io.BufferedReader, columns: Columns) -> Iterator[Row | BadRow]:
    """The events of all traces in their order. Raises UnreadableLog for what is not XES at all."""
    events = _Events(columns)
    while True:
        try:
            block = stream.read1(_BLOCK)
            events.feed(block)
        except EOFError as problem:
            yield from events.taken()
            yield BadRow(events.line, str(problem))
            return
        except expat.ExpatError as problem:
            yield from events.taken()
            what = expat.errors.messages.get(problem.code, "unknown")
            yield BadRow(problem.lineno, f"not well-formed XML from here on: {what}")
            return
        yield from events.taken()
        if not block:
            return


class _Events:
    """Collects the events that each block completes."""

    def __init__(self, columns: Columns) -> None:
        trace: dict[str, list[str]] = {}
        event: dict[str, list[str]] = {}
        for part, name in columns.names().items():
            key = name.removeprefix(_TRACE_PREFIX)
            (trace if name.startswith(_TRACE_PREFIX) else event).setdefault(key, []).append(part)
        self._parts = {"trace": trace, "event": event}
        self._values: dict[str, dict[str, str]] = {"trace": {}, "event": {}}
        self._path: list[str] = []
        self._event_line = 0
        self._rows: list[Row | BadRow] = []
        self._since_tag = 0
        self._parser = parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_declarations
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close

    @property
    def line(self) -> int:
        """Where the parser is."""
        return self._parser.CurrentLineNumber

    def feed(self, block: bytes) -> None:
        """Parse on; an empty block is the end. Raises ExpatError, and UnreadableLog."""
        self._since_tag += len(block)
        self._parser.Parse(block, not block)
        if self._since_tag > MAX_TOKEN_BYTES:
            raise UnreadableLog(
                f"Line {self.line}: one element is longer than {MAX_TOKEN_BYTES} bytes, which no "
                "log needs"
            )

    def taken(self) -> list[Row | BadRow]:
        """The rows that are complete, once."""
        rows, self._rows = self._rows, []
        return rows

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        self._since_tag = 0
        name = tag.rpartition(":")[2]
        if not self._path and name != "log":
            raise UnreadableLog(f"This XML is no XES log: it begins with {name!a}, not with log")
        parent = self._path[-1] if self._path else ""
        if name in self._values:
            self._values[name] = {}
            self._event_line = self.line
        elif name in _ATTRIBUTES and parent in self._values:
            key, value = attributes.get("key", ""), attributes.get("value", "")
            for part in self._parts[parent].get(key, ()):
                self._values[parent][part] = value
        self._path.append(name)

    def _close(self, _tag: str) -> None:
        self._since_tag = 0
        if self._path.pop() != "event":
            return
        if not self._path or self._path[-1] != "trace":
            self._rows.append(BadRow(self._event_line, "an event outside of a trace has no case"))
            return
        values = {**self._values["trace"], **self._values["event"]}
        self._rows.append(row_of(self._event_line, values))


def _refuse_declarations(*_declaration: object) -> None:
    raise UnreadableLog(
        "The log has a document type declaration (<!DOCTYPE …>), which is refused because entities "
        "could grow without bound: remove it, XES needs none"
    )
