"""The golden samples: for each event the smallest and the fullest payload, and its headers.

They are written by hand and tell one story; `samples/README.md` tells it, too.
"""

import json
from pathlib import Path
from typing import Any, Literal

Size = Literal["smallest", "fullest"]
SAMPLES = Path(__file__).parent / "samples"


def payload(wire_type: str, size: Size) -> dict[str, Any]:
    """One sample payload of an event."""
    return _read(SAMPLES / wire_type / f"{size}.json")


def headers(wire_type: str) -> dict[str, str]:
    """The Kafka headers of the fullest sample, as text."""
    return _read(SAMPLES / wire_type / "headers.json")


def entry_body(kind: str) -> dict[str, Any]:
    """One sample body of a catalogue entry."""
    return _read(SAMPLES / "entries" / f"{kind}.json")


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
