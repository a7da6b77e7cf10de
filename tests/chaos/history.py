"""What the clients saw and what was done to the platform: one JSON line per event, flushed.

Only the client side writes it, outside of everything that is killed.
"""

import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

Phase = Literal["invoke", "ok", "refused", "unknown"]


def wall() -> str:
    """The present instant, for people who compare with the logs."""
    return datetime.now(UTC).isoformat()


@dataclass(frozen=True)
class Event:
    """One line of a client: it asked (`invoke`), or learnt what became of that.

    `refused` is certain to have had no effect; `unknown` may have happened, or may happen yet.
    """

    client: str
    op: str
    phase: Phase
    key: str | None
    call: int
    """The same number for an `invoke` and what ended it."""
    request: dict[str, Any]
    status: int | None = None
    code: str | None = None
    answer: dict[str, Any] | None = None


class Lines:
    """A file of JSON lines that is complete up to the last line whatever happens to us."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self.count = 0

    def write(self, line: dict[str, Any]) -> None:
        """Add a line; its `n` counts from 1."""
        with self._lock:
            self.count += 1
            numbered = {"n": self.count, **line}
            self._file.write(json.dumps(numbered, ensure_ascii=False) + "\n")
            self._file.flush()

    def close(self) -> None:
        """No more lines."""
        self._file.close()


class History:
    """The clients' lines, and counts of what they say."""

    def __init__(self, folder: Path) -> None:
        self._lines = Lines(folder / "history.jsonl")
        self._calls = 0
        self.phases: dict[Phase, int] = {"invoke": 0, "ok": 0, "refused": 0, "unknown": 0}
        self.statuses: dict[int, int] = {}
        self.acknowledged = 0
        """Commands that were answered 2xx."""

    def next_call(self) -> int:
        """A number for a pair of lines."""
        self._calls += 1
        return self._calls

    def add(self, event: Event) -> None:
        """Write down an event."""
        self.phases[event.phase] += 1
        if event.status is not None:
            self.statuses[event.status] = self.statuses.get(event.status, 0) + 1
        self.acknowledged += event.phase == "ok" and event.key is not None
        line = {"at": time.monotonic_ns(), "wall": wall(), **vars(event)}
        self._lines.write(line)

    def close(self) -> None:
        """The run is over."""
        self._lines.close()
