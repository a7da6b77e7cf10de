"""Prints one fact's trace as a table, out of the files that services write with LOKET_TRACES=file.

`python -m docs.trace FOLDER [TYPE]` takes the newest complete trace that sent a fact of this type.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MS = 1_000_000
_APPLIERS = ("apply tracking.read_model", "apply ledger")
_HEAD = "| ms from | ms to | service | span | fact |\n| ---: | ---: | --- | --- | --- |"


@dataclass(frozen=True, slots=True)
class Span:
    """One line of a trace file, as far as the table wants it; times in nanoseconds."""

    trace_id: str
    service: str
    name: str
    start_ns: int
    end_ns: int
    event_id: str


def read(folder: Path) -> dict[str, list[Span]]:
    """Every trace below the folder, its spans in the order in which they began.

    A line that is only half written, as a running service may leave one, is passed over.
    """
    traces: dict[str, list[Span]] = defaultdict(list)
    for file in sorted(folder.glob("*.jsonl")):
        for span in _spans(file.read_text(encoding="utf-8").splitlines()):
            traces[span.trace_id].append(span)
    return {one: sorted(spans, key=lambda span: span.start_ns) for one, spans in traces.items()}


def newest(traces: Iterable[Sequence[Span]], sent: str) -> Sequence[Span] | None:
    """The newest trace that sent a fact of this type and in which read model and ledger took it."""
    found = [spans for spans in traces if _is_whole(spans, sent)]
    return max(found, key=lambda spans: spans[0].start_ns, default=None)


def table(spans: Sequence[Span]) -> str:
    """The trace as a Markdown table, times counted from its first span."""
    began = spans[0].start_ns
    names: dict[str, str] = {}
    for span in spans:
        if span.name.startswith("send "):
            names.setdefault(span.event_id, span.name.removeprefix("send "))
    rows = [
        f"| {(span.start_ns - began) / _MS:.1f} | {(span.end_ns - began) / _MS:.1f} "
        f"| {span.service} | `{span.name}` | {names.get(span.event_id, '')} |"
        for span in spans
    ]
    return "\n".join([_HEAD, *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when there is no such trace."""
    parser = argparse.ArgumentParser(prog="python -m docs.trace", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the services write their trace files")
    parser.add_argument("type", nargs="?", default="tracking.stage_returned.v1")
    told = parser.parse_args(arguments)
    spans = newest(read(told.folder).values(), told.type)
    if spans is None:
        sys.stderr.write(f"No whole trace of {told.type} below {told.folder}: see walkthrough.md\n")
        return 1
    sys.stdout.write(f"{table(spans)}\n")
    return 0


def _spans(lines: Iterable[str]) -> Iterator[Span]:
    for line in lines:
        try:
            found: dict[str, Any] = json.loads(line)
        except json.JSONDecodeError:
            continue
        yield Span(
            found["trace_id"],
            found["service"],
            found["name"],
            found["start_ns"],
            found["end_ns"],
            found["attributes"].get("cloudevents.event_id", ""),
        )


def _is_whole(spans: Sequence[Span], sent: str) -> bool:
    ids = {span.event_id for span in spans if span.name == f"send {sent}"}
    return any(
        all(any(span.name == name and span.event_id == one for span in spans) for name in _APPLIERS)
        for one in ids
    )


if __name__ == "__main__":
    sys.exit(main())
