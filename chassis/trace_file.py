"""Traces in a file of this machine: one JSON object per finished span and line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from typing_extensions import override

_TAIL_BYTES = 65_536


class FileExporter(SpanExporter):
    """Appends one JSON object per finished span; written from the exporting thread only."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_torn_line(path)
        self._file: TextIO = path.open("a", encoding="utf-8")

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._file.writelines(json.dumps(_plain(one)) + "\n" for one in spans)
        self._file.flush()
        return SpanExportResult.SUCCESS

    @override
    def shutdown(self) -> None:
        self._file.close()


def _cut_torn_line(path: Path) -> None:
    """A process that was killed may have left half a span: the next one must not continue it."""
    with path.open("a+b") as file:
        end = file.tell()
        line = b""
        while end > 0 and b"\n" not in line:
            begin = max(0, end - _TAIL_BYTES)
            file.seek(begin)
            line = file.read(end - begin)
            end = begin + line.rfind(b"\n") + 1
        file.truncate(end)


def _plain(one: ReadableSpan) -> dict[str, object]:
    context = one.get_span_context()
    return {
        "trace_id": format(context.trace_id, "032x") if context else None,
        "span_id": format(context.span_id, "016x") if context else None,
        "parent_id": format(one.parent.span_id, "016x") if one.parent else None,
        "links": [format(link.context.trace_id, "032x") for link in one.links],
        "service": one.resource.attributes.get("service.name"),
        "name": one.name,
        "kind": one.kind.name.lower(),
        "start_ns": one.start_time,
        "end_ns": one.end_time,
        "status": one.status.status_code.name.lower(),
        "error": one.status.description,
        "attributes": dict(one.attributes or {}),
    }
